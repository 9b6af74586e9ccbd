#include "train/loss.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "bertune/error.h"
#include "tasks/trained_settings.h"

namespace bertune::train {
namespace {

constexpr const char* kOption = "class_weights";

float weight_from(std::string_view text, std::string_view label) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  float weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(weight) || weight <= 0) {
    throw UsageError(kOption, fmt::format("`{}`: the weight of \"{}\" is \"{}\"; it must be a number above 0",
                                          kOption, label, text));
  }
  return weight;
}

// How often each label stands in the rows, and of how many labels (of several a text: of how many texts).
struct LabelCounts {
  std::vector<double> of_label;
  double all = 0;
  bool several = false;
};

LabelCounts count_labels(const tasks::Examples& train, std::size_t labels) {
  LabelCounts counts{.of_label = std::vector<double>(labels)};
  Batch batch;
  for (std::int64_t row = 0; row < train.rows(); ++row) {
    batch.clear();
    train.add_to(batch, row);
    for (const std::int32_t label : batch.labels) {
      if (label == kIgnoredLabel) continue;
      counts.of_label.at(static_cast<std::size_t>(label)) += 1;
      counts.all += 1;
    }
    for (std::size_t i = 0; i < batch.targets.size(); ++i) counts.of_label.at(i) += double{batch.targets[i]};
    if (batch.targets.empty()) continue;
    counts.several = true;
    counts.all += 1;
  }
  return counts;
}

std::vector<float> balanced(const std::vector<std::string>& labels, const tasks::Examples& train) {
  const LabelCounts counts = count_labels(train, labels.size());
  std::vector<float> weights;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double with = counts.of_label[i], without = counts.all - with;
    if (with <= 0 || (counts.several && without <= 0)) {
      throw UsageError(
          kOption,
          fmt::format("`{}=balanced`: {} training row has the label \"{}\", so that there is nothing "
                      "to balance; give the weights yourself (\"name=weight,...\")",
                      kOption, with <= 0 ? "no" : "every", labels[i]));
    }
    weights.push_back(static_cast<float>(
        counts.several ? without / with : counts.all / (static_cast<double>(labels.size()) * with)));
  }
  return weights;
}

// Labels that are not named weigh 1.
std::vector<float> named(const std::vector<std::string>& labels, std::string_view text) {
  std::vector<float> weights(labels.size(), 1.0F);
  for (const auto& [label, weight] : optim::parse_options(text, kOption)) {
    const auto found = std::ranges::find(labels, label);
    if (found == labels.end()) {
      throw UsageError(kOption, fmt::format("`{}`: there is no label \"{}\"; the labels are {}", kOption,
                                            label, fmt::join(labels, ", ")));
    }
    weights[static_cast<std::size_t>(found - labels.begin())] = weight_from(weight, label);
  }
  return weights;
}

std::vector<float> in_order(const std::vector<std::string>& labels, std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; end != text.npos; text.remove_prefix(std::min(text.size(), end + 1))) {
    end = text.find(',');
    parts.push_back(text.substr(0, end));
  }
  if (parts.size() != labels.size()) {
    throw UsageError(kOption, fmt::format("`{}`: there are {} weights for {} labels; their order is {}",
                                          kOption, parts.size(), labels.size(), fmt::join(labels, ", ")));
  }
  std::vector<float> weights;
  for (std::size_t i = 0; i < parts.size(); ++i) weights.push_back(weight_from(parts[i], labels[i]));
  return weights;
}

}  // namespace

LossOptions loss_options(const TrainingArguments& arguments, const BertConfig& config,
                         const tasks::Examples& train) {
  LossOptions options{.label_smoothing = static_cast<float>(arguments.label_smoothing_factor),
                      .focal_gamma = static_cast<float>(arguments.focal_loss_gamma)};
  const std::string& text = arguments.class_weights;
  if (text.empty()) return options;
  if (text == "balanced") {
    options.class_weights = balanced(config.id2label, train);
  } else {
    const bool has_names = text.find('=') != text.npos || text.find('{') != text.npos;
    options.class_weights = has_names ? named(config.id2label, text) : in_order(config.id2label, text);
  }
  return options;
}

Json kept_loss(const BertPreTrainedModel& model) {
  const LossOptions& options = model.loss_options();
  Json kept = {{"focal_gamma", options.focal_gamma}, {"label_smoothing", options.label_smoothing}};
  for (std::size_t i = 0; i < options.class_weights.size(); ++i)
    kept["class_weights"][model.config().id2label.at(i)] = options.class_weights[i];
  return kept;
}

void restore_loss(BertPreTrainedModel& model, const Json& settings, const std::filesystem::path& directory) {
  const auto number = [](const Json& from, const std::string& key, float usual) {
    const auto found = from.find(key);
    return found != from.end() && found->is_number() ? found->get<float>() : usual;
  };
  const auto kept = settings.find(tasks::keys::kLoss);
  if (kept == settings.end() || !kept->is_object()) return;
  LossOptions options{.label_smoothing = number(*kept, "label_smoothing", 0),
                      .focal_gamma = number(*kept, "focal_gamma", 0)};
  const auto weights = kept->find("class_weights");
  if (weights != kept->end() && weights->is_object()) {
    for (const std::string& label : model.config().id2label)
      options.class_weights.push_back(number(*weights, label, 1));
  }
  try {
    model.set_loss(options);
  } catch (const UsageError& error) {
    throw Error(fmt::format("{}: \"loss\": {}", (directory / "bertune.json").string(), error.what()));
  }
}

}  // namespace bertune::train
