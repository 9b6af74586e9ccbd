#include "runs/method_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "bertune/error.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/random_streams.h"
#include "core/stopwatch.h"
#include "insight/results/statistics.h"
#include "runs/few_labels.h"
#include "tasks/text_classification/task.h"
#include "train/evaluation.h"
#include "train/text_features.h"

namespace bertune::runs {
namespace {

using tasks::TextClassificationExamples;

constexpr std::int64_t kFolds = 3;
// With fewer steps than this the head of a classifier has learned next to nothing.
constexpr std::int64_t kFewestSteps = 50;

// The rows of all epochs as one, after which no checkpoint is due.
class RepeatedExamples : public tasks::Examples {
 public:
  RepeatedExamples(const tasks::Examples& examples, std::int64_t times)
      : examples_(examples), times_(times) {}

  std::int64_t rows() const override { return times_ * examples_.rows(); }
  std::int64_t tokens_of_first(std::int64_t rows) const override {
    const std::int64_t all = examples_.rows();
    return rows / all * examples_.tokens_of_first(all) + examples_.tokens_of_first(rows % all);
  }
  void add_to(Batch& batch, std::int64_t row) const override {
    examples_.add_to(batch, row % examples_.rows());
  }
  std::string fingerprint() const override { return examples_.fingerprint(); }

 private:
  const tasks::Examples& examples_;
  std::int64_t times_;
};

// Tells nobody of the trainings of a cross-validation, and ends one without a checkpoint when it is to stop.
class Judged : public train::Observer {
 public:
  explicit Judged(std::stop_token stop) : stop_(std::move(stop)) {}
  void on(const Event& /*event*/) override {
    if (stop_.stop_requested()) throw Interrupted("stopped while comparing methods");
  }

 private:
  std::stop_token stop_;
};

class Comparison {
 public:
  Comparison(const tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base)
      : options_(options),
        base_(base),
        task_(*data.task),
        texts_(texts_of(*data.train)),
        stop_(options.stop),
        judged_(stop_) {
    // A training leaves nothing: it has one epoch, and no checkpoint is due in it.
    options_.stop = {};
    options_.arguments.save_steps = 0, options_.arguments.keep_checkpoints = false;
    options_.arguments.save_dtype = SaveDtype::float32;
    options_.arguments.resume = false, options_.arguments.on_collapse = OnCollapse::warn;
    parts_ = deal_rows(texts_, std::min(kFolds, texts_.rows()), options.arguments.seed, kMethodFoldStream);
  }

  // Ends after a part with which contrastive learning leads: it is rarely caught up with, and each part costs
  // a quarter of the training that follows.
  std::vector<MethodScore> run() {
    std::vector<MethodScore> scores = {{.method = Method::contrastive}, {.method = Method::frozen}};
    if (steps_of_fine_tuning() >= kFewestSteps) scores.push_back({.method = Method::fine_tune});
    for (const std::vector<std::int64_t>& part : parts_) {
      for (MethodScore& score : scores) judge(score, part);
      if (std::ranges::all_of(scores,
                              [&](const MethodScore& score) { return score.mean() <= scores[0].mean(); }))
        break;
    }
    return scores;
  }

  std::int64_t steps_of_fine_tuning() const {
    return train::plan_steps(options_.arguments, texts_.rows()).total_steps;
  }

 private:
  void judge(MethodScore& score, const std::vector<std::int64_t>& asked) {
    const Stopwatch watch;
    const std::vector<std::int64_t> learned = other_rows(asked, texts_.rows());
    const std::vector<float> logits = logits_of(score.method, learned, asked);
    const std::size_t width = logits.size() / asked.size();
    for (std::size_t i = 0; i < asked.size(); ++i) {
      score.rows.push_back(
          row_score(std::span(logits).subspan(i * width, width), texts_, static_cast<std::size_t>(asked[i])));
    }
    score.seconds += watch.seconds();
    judged_.on(Note{});
  }

  std::vector<float> logits_of(Method method, const std::vector<std::int64_t>& learned,
                               const std::vector<std::int64_t>& asked) {
    const auto known = tasks::subset(texts_, learned);
    if (method == Method::fine_tune) return fine_tuned(*known, *tasks::subset(texts_, asked));
    if (method == Method::frozen) {
      if (frozen_.empty()) {
        BertPreTrainedModel encoder = new_encoder(options_);
        frozen_ = train::text_features(encoder, texts_, stop_);
      }
      return logits_of_features(frozen_, *known, learned, asked);
    }
    BertPreTrainedModel encoder = new_encoder(options_);
    const std::int64_t steps =
        std::max<std::int64_t>(1, contrastive_steps(options_.arguments) / kJudgedShare);
    learn_contrast(encoder, *known, steps, options_, base_, task_, judged_);
    return logits_of_features(train::text_features(encoder, texts_, stop_), *known, learned, asked);
  }

  std::vector<float> logits_of_features(const std::vector<float>& features,
                                        const TextClassificationExamples& known,
                                        const std::vector<std::int64_t>& learned,
                                        const std::vector<std::int64_t>& asked) const {
    const std::int64_t width = static_cast<std::int64_t>(features.size()) / texts_.rows();
    const train::LogisticRegression head =
        fit_head(features_of(features, width, learned), known, options_.arguments.seed);
    return head.logits(features_of(features, width, asked));
  }

  std::vector<float> fine_tuned(const TextClassificationExamples& known,
                                const TextClassificationExamples& asked) {
    TrainOptions options = options_;
    RepeatedExamples rows(known, std::max<std::int64_t>(1, std::llround(options.arguments.num_train_epochs)));
    options.arguments.num_train_epochs = 1, options.arguments.eval_steps = 0;
    options.arguments.early_stopping_patience = 0;
    BertPreTrainedModel model = new_model(options, task_);
    train::apply(options.arguments.fine_tuning, model, true);
    train::Trainer trainer(model, base_.tokenizer, options.arguments, judged_, task_,
                           [](std::int64_t row) { return fmt::format("row {}", row); });
    trainer.train(rows, nullptr);
    std::vector<float> logits;
    train::for_each_output(model, asked, options.arguments.eval_batch_size, {},
                           [&](std::int64_t, const Batch&, const ModelOutput& output) {
                             logits.insert(logits.end(), output.logits.begin(), output.logits.end());
                           });
    return logits;
  }

  TrainOptions options_;
  const BaseModel& base_;
  const tasks::Task& task_;
  const TextClassificationExamples& texts_;
  std::stop_token stop_;
  Judged judged_;
  std::vector<std::vector<std::int64_t>> parts_;
  std::vector<float> frozen_;  // features of all rows
};

// Says what a comparison found, in words and as JSON.
class Choice {
 public:
  Choice(const std::vector<MethodScore>& scores, const tasks::TrainingData& data, std::int64_t steps)
      : scores_(scores),
        best_(scores[best_method(scores)]),
        rows_per_label_(rows_per_label(data).value_or(0)),
        has_classes_(texts_of(*data.train).targets.empty()),
        steps_(steps) {}

  Method method() const { return best_.method; }

  std::string text() const {
    std::string found;
    for (const MethodScore& score : scores_)
      found +=
          fmt::format("{}{} {:.1f}%", found.empty() ? "" : ", ", to_string(score.method), 100 * score.mean());
    if (steps_ < kFewestSteps)
      found += fmt::format("; fine-tune would have {}, too few to be compared", counted(steps_, "step"));
    return fmt::format(
        "`method=auto` takes {}: with about {:.0f} rows a label, {} on {} in a cross-validation was: {}",
        to_string(method()), rows_per_label_, has_classes_ ? "the accuracy" : "the mean F1 of a row's labels",
        counted(std::ssize(best_.rows), "row"), found);
  }

  Json json() const {
    Json json = {{"method", to_string(method())},
                 {"rows_per_label", rows_per_label_},
                 {"metric", has_classes_ ? "accuracy" : "f1_samples"},
                 {"folds", kFolds},
                 {"rows", best_.rows.size()},
                 {"fine_tuning_steps", steps_},
                 {"scores", Json::array()}};
    for (const MethodScore& score : scores_)
      json["scores"].push_back(
          {{"method", to_string(score.method)}, {"value", score.mean()}, {"seconds", score.seconds}});
    return json;
  }

 private:
  const std::vector<MethodScore>& scores_;
  const MethodScore& best_;
  double rows_per_label_;
  bool has_classes_;
  std::int64_t steps_;  // of fine-tuning
};

}  // namespace

double MethodScore::mean() const {
  return std::accumulate(rows.begin(), rows.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, rows.size()));
}

std::size_t best_method(const std::vector<MethodScore>& scores) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    const insight::MeanDifference difference = insight::mean_difference(scores[i].rows, scores[0].rows);
    if (difference.mean > 2 * difference.standard_error && scores[i].mean() > scores[best].mean()) best = i;
  }
  return best;
}

Method settle_method(const tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                     train::Observer& observer) {
  const fs::path file = options.arguments.output_dir / kMethodFile;
  if (options.arguments.resume && path_exists(file)) {
    const Json known = parse_json(read_file(file, 1 << 20), file.string());
    return method_from_string(known.is_object() ? known.value("method", "") : "");
  }
  if (!has_few_rows(data)) {
    observer.on(
        Note{fmt::format("`method=auto` takes fine-tune: there are about {:.0f} training rows a label",
                         rows_per_label(data).value_or(0))});
    return Method::fine_tune;
  }
  Comparison comparison(data, options, base);
  const std::vector<MethodScore> scores = comparison.run();
  const Choice choice(scores, data, comparison.steps_of_fine_tuning());
  observer.on(Note{choice.text()});
  write_file_atomically(file, dump_json(choice.json(), 4));
  return choice.method();
}

}  // namespace bertune::runs
