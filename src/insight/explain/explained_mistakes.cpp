#include "insight/explain/explained_mistakes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/stopwatch.h"
#include "insight/results/mistake_words.h"
#include "insight/results/prediction_table.h"
#include "train/model_folder.h"

namespace bertune::insight {
namespace {

constexpr double kPoints = 0.05;       // of probability, from which on a word counts
constexpr double kShareOfMost = 0.25;  // of a number
constexpr std::size_t kMostTargets = 3;

struct OutOfTime {};

// Texts whose beginning alone is kept are not those that the model read.
bool is_whole(const std::string& text) { return text.size() < kTextBytes - 3; }

OrderedJson decided_by(const Explanation& why, const ExplainedTarget& target, bool points) {
  double most = 0;
  for (const double contribution : target.contributions) most = std::max(most, std::abs(contribution));
  const double least = points ? kPoints : std::max(kShareOfMost * most, 1e-9);
  OrderedJson words = OrderedJson::array();
  for (std::size_t i = 0; i < why.words.size(); ++i) {
    const ExplainedWord& word = why.words[i];
    if (std::abs(target.contributions[i]) < least || !word.place) continue;
    OrderedJson& json = words.emplace_back(OrderedJson::object());
    if (word.part > 0) json["part"] = word.part;
    json["start"] = word.place->code_points.begin, json["end"] = word.place->code_points.end;
    json["contribution"] = target.contributions[i];
  }
  return {{"target", target.name}, {"value", target.value}, {"points", points}, {"words", std::move(words)}};
}

std::string why_not(const std::string& outcome) {
  if (outcome == "tags" || outcome == "answers")
    return "the words behind a tag or an answer are what `bertune explain` shows";
  return "models of this task have no explanations";
}

}  // namespace

OrderedJson explained_mistakes(const OrderedJson& facts, ModelExplainer& explainer,
                               const MistakeLimits& limits, const std::stop_token& stop) {
  const bool has_classes = facts.at("outcome") == "classes", is_number = facts.at("outcome") == "numbers";
  const Stopwatch watch;
  const auto between = [&] {
    if (watch.seconds() > limits.time.count() || stop.stop_requested()) throw OutOfTime();
  };
  OrderedJson file = {{"most_words", limits.words}, {"mistakes", OrderedJson::object()}};
  const OrderedJson& mistakes = facts.at("mistakes");
  try {
    for (std::size_t i = 0; i < std::min(limits.texts, mistakes.size()); ++i) {
      const OrderedJson& mistake = mistakes[i];
      Input input{.text = mistake.at("text").get<std::string>()};
      if (mistake.contains("text_pair")) input.text_pair = mistake.at("text_pair").get<std::string>();
      if (!is_whole(input.text) || !is_whole(input.text_pair.value_or("")) ||
          explainer.size_of(input).words > limits.words)
        continue;
      const Explanation why =
          has_classes
              ? explainer.explain(input, Label{.label = mistake.at("said").get<std::string>(), .scores = {}},
                                  between)
              : explainer.explain(input, between);
      OrderedJson decided = OrderedJson::array();
      for (std::size_t t = 0; t < std::min(kMostTargets, why.targets.size()); ++t)
        decided.push_back(decided_by(why, why.targets[t], !is_number));
      file["mistakes"][key_of_mistake(mistake)] = std::move(decided);
      between();
    }
  } catch (const OutOfTime&) {
    file["why_not"] = fmt::format("the others were left out after {:.0f} s", limits.time.count());
  }
  return file;
}

namespace {

OrderedJson words_of_model(const OrderedJson& facts, const ExplainedModel& model,
                           const std::stop_token& stop) {
  const auto shared = std::make_shared<const predict::SharedModel>(
      train::ModelFolder::open(model.folder, model.max_length, model.base), Precision::fp32);
  ModelExplainer explainer(shared, {.method = ExplainMethod::leave_one_out}, model.folder,
                           {.threshold = model.threshold});
  return explained_mistakes(facts, explainer, {}, stop);
}

}  // namespace

std::function<void(const OrderedJson& facts)> finder_of_words(
    std::filesystem::path run, std::optional<ExplainedModel> model,
    std::function<void(const std::string& note)> on_note, std::stop_token stop) {
  return [run = std::move(run), model = std::move(model), on_note = std::move(on_note),
          stop = std::move(stop)](const OrderedJson& facts) {
    OrderedJson file = {{"most_words", 0}, {"mistakes", OrderedJson::object()}};
    const std::string outcome = facts.at("outcome");
    try {
      if (!model) {
        file["why_not"] = "they were left out, as asked";
      } else if (outcome != "classes" && outcome != "labels" && outcome != "numbers") {
        file["why_not"] = why_not(outcome);
      } else {
        file = words_of_model(facts, *model, stop);
      }
    } catch (const std::exception& error) {
      on_note(fmt::format("no words behind the mistakes: {}", error.what()));
      file["why_not"] = "they could not be found";
    }
    file["predictions"] = hash_of_predictions(run);
    write_file_atomically(run / kExplanationsFile,
                          file.dump(1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
  };
}

}  // namespace bertune::insight
