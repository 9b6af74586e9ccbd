#include "runs/few_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "core/random.h"
#include "core/random_streams.h"
#include "core/stopwatch.h"
#include "distributed/ranks.h"
#include "runs/method_choice.h"
#include "train/checkpoints.h"
#include "train/text_features.h"

namespace bertune::runs {

using tasks::TextClassificationExamples;
using tasks::TextClassificationTask;

namespace {

constexpr std::int64_t kContrastiveSteps = 40;
constexpr const char* kMethod = "method";

std::string quoted_method(const TrainOptions& options) {
  return fmt::format("`method={}`", to_string(options.method));
}

// The step of a run that learns from few labels; each leaves its part of the result.
class FewLabelRun {
 public:
  FewLabelRun(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
              train::Observer& observer)
      : data_(data),
        options_(options),
        base_(base),
        observer_(observer),
        task_(dynamic_cast<const TextClassificationTask&>(*data.task)),
        texts_(texts_of(*data.train)) {}

  FinishedRun run() {
    const Stopwatch watch;
    BertPreTrainedModel encoder = new_encoder(options_);
    begin_training(options_, encoder, data_, observer_);
    train::TrainingResult training =
        options_.method == Method::contrastive
            ? learn_contrast(encoder, texts_, contrastive_steps(options_.arguments), options_, base_, task_,
                             observer_)
            : nothing_trained(encoder);
    const std::vector<float> features = train::text_features(encoder, texts_, options_.stop);
    const train::LogisticRegression head = fit_head(features, texts_, options_.arguments.seed);
    BertPreTrainedModel model = encoder.mean_pooled_classifier({.id2label = task_.labels.id2label(),
                                                                .problem_type = task_.problem_type,
                                                                .weight = head.weight,
                                                                .bias = head.bias});
    training.runtime = watch.seconds();
    data_.settings[kMethod] = to_string(options_.method);
    return finish_training(options_, base_.tokenizer, model, data_, observer_, std::move(training));
  }

 private:
  train::TrainingResult nothing_trained(const BertPreTrainedModel& encoder) const {
    train::TrainingResult result;
    result.identity = {options_.arguments.to_json(), texts_.fingerprint(), train::hash_of_weights(encoder)};
    result.plan.steps_per_epoch = 1;
    result.samples = texts_.rows();
    return result;
  }

  tasks::TrainingData& data_;
  const TrainOptions& options_;
  const BaseModel& base_;
  train::Observer& observer_;
  const TextClassificationTask& task_;
  const TextClassificationExamples& texts_;
};

}  // namespace

const TextClassificationExamples& texts_of(const tasks::Examples& examples) {
  return dynamic_cast<const TextClassificationExamples&>(examples);
}

void require_method_fits(const TrainOptions& options, const tasks::TaskEntry& task) {
  if (options.method == Method::fine_tune) return;
  const auto refuse = [&](std::string_view why) {
    throw UsageError(kMethod, fmt::format("{} {}", quoted_method(options), why));
  };
  if (task.architecture != Architecture::sequence_classification)
    refuse(fmt::format("is for texts with labels; the task here is {}", task.name));
  const train::TrainingArguments& arguments = options.arguments;
  if (options.is_cross_validation()) refuse("and cross-validation cannot be combined");
  if (distributed::current() != nullptr) refuse("runs in one process");
  if (arguments.fine_tuning.lora) refuse("trains no adapter: leave out `lora`");
  const auto reading = options.files.long_text.long_text;
  if (reading == LongText::windows || reading == LongText::automatic)
    refuse("reads a text at once: leave out `long_text`, or set it to head-tail");
  if (!arguments.class_weights.empty() || arguments.label_smoothing_factor > 0 ||
      arguments.focal_loss_gamma > 0)
    refuse("has a loss of its own: leave out `class_weights`, `label_smoothing` and `focal_loss`");
}

void require_labels(const TrainOptions& options, const tasks::TrainingData& data) {
  if (options.method == Method::fine_tune || rows_per_label(data)) return;
  throw UsageError(kMethod,
                   fmt::format("{} is for classes and for several labels, and the labels are numbers",
                               quoted_method(options)));
}

std::optional<double> rows_per_label(const tasks::TrainingData& data) {
  const auto* task = dynamic_cast<const TextClassificationTask*>(data.task.get());
  if (task == nullptr || task->problem_type == ProblemType::regression) return std::nullopt;
  return static_cast<double>(data.train->rows()) /
         static_cast<double>(std::max<std::int64_t>(1, task->labels.size()));
}

bool has_few_rows(const tasks::TrainingData& data) {
  const std::optional<double> rows = rows_per_label(data);
  return rows && *rows < kFewRows;
}

std::string few_rows_note(const tasks::TrainingData& data) {
  return fmt::format(
      "there are about {:.0f} training rows a label: with so few, `method=auto` is often better than "
      "fine-tuning",
      rows_per_label(data).value_or(0));
}

train::LabelledFeatures labelled(const std::vector<float>& features,
                                 const TextClassificationExamples& texts) {
  return {.values = features,
          .width = static_cast<std::int64_t>(features.size()) / std::max<std::int64_t>(1, texts.rows()),
          .outputs = texts.num_labels,
          .ids = texts.labels,
          .targets = texts.targets};
}

std::vector<float> features_of(const std::vector<float>& features, std::int64_t width,
                               const std::vector<std::int64_t>& rows) {
  std::vector<float> some;
  for (const std::int64_t row : rows) {
    const auto first = features.begin() + row * width;
    some.insert(some.end(), first, first + width);
  }
  return some;
}

BertPreTrainedModel new_encoder(const TrainOptions& options) {
  LoadOptions load;
  load.sentence_embedding = SentenceEmbeddingConfig{};
  load.base = options.base;
  set_dropout(load, options);
  auto model = BertPreTrainedModel::from_pretrained(options.model, Architecture::sentence_embedding, load);
  model.merge_lora();
  return model;
}

std::int64_t contrastive_steps(const train::TrainingArguments& arguments) {
  return arguments.max_steps > 0 ? arguments.max_steps : kContrastiveSteps;
}

ContrastiveTraining contrastive_training(const TextClassificationExamples& texts, std::int64_t steps,
                                         const train::TrainingArguments& given) {
  ContrastiveTraining made{.examples = {texts,
                                        {.steps = steps,
                                         .texts = given.train_batch_size,
                                         .seed = given.data_seed.value_or(given.seed)}},
                           .arguments = given};
  made.arguments.train_batch_size = made.arguments.gradient_accumulation_steps = 1;
  made.arguments.num_train_epochs = 1, made.arguments.max_steps = -1;
  return made;
}

train::TrainingResult learn_contrast(BertPreTrainedModel& encoder, const TextClassificationExamples& texts,
                                     std::int64_t steps, const TrainOptions& options, const BaseModel& base,
                                     const tasks::Task& task, train::Observer& observer) {
  ContrastiveTraining made = contrastive_training(texts, steps, options.arguments);
  train::apply(made.arguments.fine_tuning, encoder, false);
  train::Trainer trainer(encoder, base.tokenizer, made.arguments, observer, task,
                         [](std::int64_t step) { return fmt::format("step {}", step + 1); });
  return trainer.train(made.examples, nullptr, options.stop);
}

double row_score(std::span<const float> logits, const TextClassificationExamples& texts, std::size_t row) {
  if (!texts.labels.empty()) {
    const auto best = std::ranges::max_element(logits) - logits.begin();
    return best == texts.labels[row] ? 1 : 0;
  }
  double both = 0, sum = 0;
  for (std::size_t label = 0; label < logits.size(); ++label) {
    const bool is_right = texts.targets[row * logits.size() + label] > 0.5F, is_predicted = logits[label] > 0;
    both += is_right && is_predicted ? 1 : 0;
    sum += (is_right ? 1 : 0) + (is_predicted ? 1 : 0);
  }
  return sum > 0 ? 2 * both / sum : 1;
}

std::int64_t first_label(const TextClassificationExamples& texts, std::int64_t row) {
  const auto place = static_cast<std::size_t>(row), labels = static_cast<std::size_t>(texts.num_labels);
  if (!texts.labels.empty()) return texts.labels[place];
  const auto own = std::span(texts.targets).subspan(place * labels, labels);
  return std::ranges::find_if(own, [](float target) { return target > 0.5F; }) - own.begin();
}

std::vector<std::vector<std::int64_t>> deal_rows(const TextClassificationExamples& texts, std::int64_t count,
                                                 std::uint64_t seed, std::uint32_t stream) {
  const auto label_of = [&](std::int64_t row) { return first_label(texts, row); };
  std::vector<std::int64_t> rows(static_cast<std::size_t>(texts.rows()));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  Random random(seed, stream);
  random.shuffle(rows);
  std::ranges::stable_sort(rows, {}, label_of);
  std::vector<std::vector<std::int64_t>> parts(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i) parts[i % parts.size()].push_back(rows[i]);
  for (std::vector<std::int64_t>& part : parts) std::ranges::sort(part);
  return parts;
}

std::vector<std::int64_t> other_rows(const std::vector<std::int64_t>& rows, std::int64_t count) {
  std::vector<std::int64_t> others;
  auto next = rows.begin();
  for (std::int64_t row = 0; row < count; ++row) {
    if (next != rows.end() && *next == row) {
      ++next;
    } else {
      others.push_back(row);
    }
  }
  return others;
}

double cost_of_head(const std::vector<float>& features, const TextClassificationExamples& texts,
                    std::uint64_t seed) {
  constexpr std::int64_t kFolds = 5;
  constexpr double kCosts[] = {1, 10, 100};
  const train::LabelledFeatures all = labelled(features, texts);
  std::array<double, std::size(kCosts)> losses{};
  const std::vector<std::vector<std::int64_t>> parts =
      deal_rows(texts, std::min(kFolds, texts.rows()), seed, kHeadFoldStream);
  for (const std::vector<std::int64_t>& held_out : parts) {
    const std::vector<std::int64_t> learned = other_rows(held_out, texts.rows());
    const auto known = tasks::subset(texts, learned), asked = tasks::subset(texts, held_out);
    const std::vector<float> known_features = features_of(features, all.width, learned),
                             asked_features = features_of(features, all.width, held_out);
    for (std::size_t i = 0; i < losses.size(); ++i) {
      losses[i] += train::loss_of(train::fit_logistic_regression(labelled(known_features, *known), kCosts[i]),
                                  labelled(asked_features, *asked));
    }
  }
  return kCosts[std::ranges::min_element(losses) - losses.begin()];
}

train::LogisticRegression fit_head(const std::vector<float>& features,
                                   const TextClassificationExamples& texts, std::uint64_t seed) {
  return train::fit_logistic_regression(labelled(features, texts), cost_of_head(features, texts, seed));
}

FinishedRun learn_from_few(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                           train::Observer& observer) {
  // An earlier run on the same data has set what it found.
  data.settings.erase(kMethod);
  data.task->restore_thresholds(data.settings);
  TrainOptions chosen = options;
  chosen.arguments.settle(*data.task);
  if (options.method == Method::automatic) chosen.method = settle_method(data, options, base, observer);
  if (chosen.method == Method::fine_tune) return fine_tune_on(data, chosen, base, observer);
  FinishedRun finished = FewLabelRun(data, chosen, base, observer).run();
  write_for_report(chosen.arguments.output_dir, finished, data);
  return finished;
}

}  // namespace bertune::runs
