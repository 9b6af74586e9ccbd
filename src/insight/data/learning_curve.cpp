#include "insight/data/learning_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/random_streams.h"
#include "data/checks/finding_parts.h"
#include "insight/data/power_law.h"
#include "insight/results/outcomes.h"
#include "insight/results/prediction_table.h"
#include "insight/results/statistics.h"
#include "runs/few_labels.h"
#include "runs/output.h"
#include "tasks/text_classification/examples.h"
#include "train/text_features.h"

namespace bertune::insight {
namespace {

using tasks::TextClassificationExamples;

constexpr std::int64_t kMostLearned = 20'000;  // that are learned: an even sample of more

std::vector<std::int64_t> sizes_of(std::int64_t rows, std::span<const double> shares) {
  std::vector<std::int64_t> sizes;
  for (const double share : shares) sizes.push_back(std::llround(share * static_cast<double>(rows)));
  return sizes;
}

// The rows of one repetition: those to learn, and those that are measured.
struct Repetition {
  std::vector<std::int64_t> learned, measured;
};

// Texts with their features, from which models learn and on which they are measured.
class FeatureCurve {
 public:
  FeatureCurve(const tasks::TrainingData& data, const CurveOptions& options, BertPreTrainedModel& encoder)
      : options_(options),
        train_(runs::texts_of(*data.train)),
        test_(data.test ? &runs::texts_of(*data.test) : nullptr) {
    const auto read = [&](const TextClassificationExamples& texts) {
      return train::text_features(encoder, texts, options.stop, options.progress);
    };
    train_features_ = read(train_);
    if (test_ != nullptr) test_features_ = read(*test_);
    width_ = static_cast<std::int64_t>(train_features_.size()) / train_.rows();
    cost_ = runs::cost_of_head(train_features_, train_, options.seed);
  }

  LearningCurve measure() const {
    constexpr double kShares[] = {0.125, 0.177, 0.25, 0.354, 0.5, 0.707, 1};
    constexpr std::int64_t kFewestRows = 8;  // of the smallest share
    std::vector<Repetition> repetitions;
    std::int64_t rows = train_.rows();
    for (std::int64_t number = 0; number < options_.repetitions; ++number) {
      repetitions.push_back(repetition(number));
      rows = std::min(rows, static_cast<std::int64_t>(repetitions.back().learned.size()));
    }
    const std::vector<std::int64_t> sizes = sizes_of(rows, kShares);
    if (sizes.front() < kFewestRows) {
      throw UsageError(fmt::format("a learning curve needs at least {} rows to train on; there are {}",
                                   8 * kFewestRows, rows));
    }
    std::vector<CurveOutcomes> outcomes;
    for (const Repetition& one : repetitions) outcomes.push_back(outcomes_of(one, sizes));
    return fit_curve(sizes, outcomes, options_.seed);
  }

 private:
  // Each repetition draws the rows in another order; without a test file a fifth of them is measured.
  Repetition repetition(std::int64_t number) const {
    constexpr std::int64_t kFolds = 5;
    const std::uint64_t seed = options_.seed + static_cast<std::uint64_t>(number);
    Repetition one;
    if (test_ != nullptr) {
      one.learned.resize(static_cast<std::size_t>(train_.rows()));
      std::iota(one.learned.begin(), one.learned.end(), std::int64_t{0});
      one.measured.resize(static_cast<std::size_t>(test_->rows()));
      std::iota(one.measured.begin(), one.measured.end(), std::int64_t{0});
    } else {
      auto parts = runs::deal_rows(train_, kFolds,
                                   options_.seed + static_cast<std::uint64_t>(number / kFolds), kCurveStream);
      one.measured = std::move(parts[static_cast<std::size_t>(number % kFolds)]);
      one.learned = runs::other_rows(one.measured, train_.rows());
    }
    one.learned = stratified_order(train_, std::move(one.learned), seed);
    return one;
  }

  CurveOutcomes outcomes_of(const Repetition& one, std::span<const std::int64_t> sizes) const {
    const TextClassificationExamples& asked = test_ != nullptr ? *test_ : train_;
    const std::vector<float> features =
        runs::features_of(test_ != nullptr ? test_features_ : train_features_, width_, one.measured);
    CurveOutcomes outcomes;
    for (const std::int64_t size : sizes) {
      if (options_.stop.stop_requested()) throw Interrupted("stopped while measuring a learning curve");
      const std::vector<std::int64_t> rows(one.learned.begin(), one.learned.begin() + size);
      const auto known = tasks::subset(train_, rows);
      const std::vector<float> known_features = runs::features_of(train_features_, width_, rows);
      const std::vector<float> logits =
          train::fit_logistic_regression(runs::labelled(known_features, *known), cost_).logits(features);
      const auto width = static_cast<std::size_t>(train_.num_labels);
      std::vector<double>& scores = outcomes.emplace_back();
      for (std::size_t i = 0; i < one.measured.size(); ++i)
        scores.push_back(runs::row_score(std::span(logits).subspan(i * width, width), asked,
                                         static_cast<std::size_t>(one.measured[i])));
    }
    return outcomes;
  }

  const CurveOptions& options_;
  const TextClassificationExamples& train_;
  const TextClassificationExamples* test_;
  std::vector<float> train_features_, test_features_;
  std::int64_t width_ = 0;
  double cost_ = 1;
};

// The evidence of a size: its weight, and the standard deviation of chance that its repetitions do not
// show.
struct Evidence {
  double weight = 1, deviation = 0;
};

// With a test file there is one draw only of all rows, which all repetitions repeat. It counts as one, and
// its chance is that of a draw at the size before.
std::vector<Evidence> evidence_of(std::span<const CurveOutcomes> repetitions) {
  std::vector<Evidence> sizes(repetitions.front().size());
  const auto draws = static_cast<double>(repetitions.size());
  double deviation = 0;
  for (std::size_t size = 0; size < sizes.size() && draws > 1; ++size) {
    const std::vector<double>& first = repetitions.front()[size];
    if (std::ranges::all_of(repetitions, [&](const CurveOutcomes& one) { return one[size] == first; })) {
      sizes[size] = {1 / draws, deviation};
      continue;
    }
    std::vector<double> means;
    for (const CurveOutcomes& one : repetitions) means.push_back(mean_of(one[size]));
    deviation = std::sqrt(spread_of(means).variance);
  }
  return sizes;
}

// The mean of each size over repetitions and rows, both drawn again.
class Resamples {
 public:
  Resamples(std::span<const CurveOutcomes> repetitions, std::span<const Evidence> evidence,
            std::uint64_t seed)
      : repetitions_(repetitions), evidence_(evidence), random_(seed, kCurveStream) {}

  std::vector<double> next() {
    std::vector<double> sums(repetitions_.front().size());
    double count = 0;
    for (std::size_t i = 0; i < repetitions_.size(); ++i) {
      const CurveOutcomes& one = repetitions_[random_.below(repetitions_.size())];
      const std::size_t rows = one.front().size();
      for (std::size_t k = 0; k < rows; ++k) {
        const std::size_t row = random_.below(rows);
        for (std::size_t size = 0; size < sums.size(); ++size) sums[size] += one[size][row];
      }
      count += static_cast<double>(rows);
    }
    for (std::size_t size = 0; size < sums.size(); ++size) {
      sums[size] /= count;
      if (evidence_[size].deviation > 0) sums[size] += evidence_[size].deviation * random_.normal();
    }
    return sums;
  }

 private:
  std::span<const CurveOutcomes> repetitions_;
  std::span<const Evidence> evidence_;
  Random random_;
};

std::vector<double> means_of(std::span<const CurveOutcomes> repetitions) {
  std::vector<double> sums(repetitions.front().size());
  double count = 0;
  for (const CurveOutcomes& one : repetitions) {
    for (std::size_t size = 0; size < sums.size(); ++size)
      sums[size] += std::accumulate(one[size].begin(), one[size].end(), 0.0);
    count += static_cast<double>(one.front().size());
  }
  for (double& sum : sums) sum /= count;
  return sums;
}

PowerLaw fit_scores(std::span<const std::int64_t> rows, std::span<const double> scores,
                    std::span<const Evidence> evidence) {
  std::vector<CurveError> errors;
  for (std::size_t i = 0; i < rows.size(); ++i)
    errors.push_back({static_cast<double>(rows[i]), 1 - scores[i], evidence[i].weight});
  return fit_power_law(errors);
}

// The 95% interval of what resamples gave.
std::pair<double, double> interval_of(std::vector<double> values) {
  std::ranges::sort(values);
  const auto place = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {place(0.025), place(0.975)};
}

std::vector<double> measured_rows(const fs::path& folder) {
  const PredictionTable table = read_predictions(folder);
  const PredictedSet* set = table.find("test");
  std::vector<double> values;
  if (set != nullptr && table.form.outcome != tasks::Outcome::numbers) values = values_of_rows(table, *set);
  if (values.empty()) {
    throw UsageError(
        "a curve of trainings is of scores that are a mean over rows (one class a text, choices); without "
        "`full` there is one for several labels");
  }
  return values;
}

}  // namespace

std::vector<std::int64_t> stratified_order(const TextClassificationExamples& texts,
                                           std::vector<std::int64_t> rows, std::uint64_t seed) {
  Random random(seed, kCurveStream);
  random.shuffle(rows);
  const auto label_of = [&](std::int64_t row) { return runs::first_label(texts, row); };
  std::vector<double> counts(static_cast<std::size_t>(texts.num_labels) + 1), seen(counts.size());
  for (const std::int64_t row : rows) ++counts[static_cast<std::size_t>(label_of(row))];
  std::vector<std::pair<double, std::int64_t>> places;
  for (const std::int64_t row : rows) {
    const auto label = static_cast<std::size_t>(label_of(row));
    places.emplace_back((seen[label] + random.uniform()) / counts[label], row);
    ++seen[label];
  }
  std::ranges::sort(places);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = places[i].second;
  return rows;
}

LearningCurve curve_of_features(const runs::TrainOptions& run, const CurveOptions& options) {
  const tasks::TaskEntry& task = *runs::task_of(run).task;
  if (task.architecture != Architecture::sequence_classification) {
    throw UsageError(
        fmt::format("a learning curve of frozen features is of texts with labels; the task here is {}: "
                    "`full` trains models",
                    task.name));
  }
  if (options.repetitions < 1)
    throw UsageError("repetitions",
                     fmt::format("`repetitions` is {}; it must be at least 1", options.repetitions));
  const runs::BaseModel base = runs::open_base_model(run);
  tasks::TrainingFiles files = run.files;
  files.validation_split = 0, files.checks_data = false;
  tasks::TrainingData data = task.read_training(files, base.tokenizer, base.config);
  if (!runs::rows_per_label(data))
    throw UsageError(
        "a learning curve of frozen features is of classes and of several labels, and the labels are "
        "numbers");
  if (data.train->rows() > kMostLearned)
    data.train =
        tasks::subset(runs::texts_of(*data.train), data::even_sample(data.train->rows(), kMostLearned));
  BertPreTrainedModel encoder = runs::new_encoder(run);
  LearningCurve curve = FeatureCurve(data, options, encoder).measure();
  const bool has_classes = runs::texts_of(*data.train).targets.empty();
  curve.metric = has_classes ? "accuracy" : "f1_samples";
  return curve;
}

LearningCurve curve_of_trainings(const runs::TrainOptions& options, const runs::BaseModel& base,
                                 const tasks::TaskEntry& task, train::Observer& observer) {
  constexpr double kShares[] = {0.125, 0.25, 0.5, 1};
  if (options.files.test.empty())
    throw UsageError("test",
                     "a curve of trainings is measured on a file that none of them learns: give `test`");
  tasks::TrainingFiles files = options.files;
  files.validation_split = 0, files.checks_data = false;
  const std::int64_t rows = task.read_training(files, base.tokenizer, base.config).train->rows();
  const std::vector<std::int64_t> sizes = sizes_of(rows, kShares);
  CurveOutcomes outcomes;
  for (const std::int64_t size : sizes) {
    runs::TrainOptions run = options;
    run.arguments.output_dir = options.arguments.output_dir / fmt::format("rows-{}", size);
    run.files.max_train_rows = size, run.files.shuffle_rows = true;
    run.max_prediction_rows = std::numeric_limits<std::int64_t>::max();
    if (options.overwrite || !has_predictions(run.arguments.output_dir)) {
      const FolderLock lock = runs::prepare_output(run);
      runs::fine_tune(run, base, task, observer);
    }
    outcomes.push_back(measured_rows(run.arguments.output_dir));
  }
  LearningCurve curve = fit_curve(sizes, std::span(&outcomes, 1), options.arguments.seed);
  curve.metric = "accuracy";
  return curve;
}

Json to_json(const LearningCurve& curve) {
  Json points = Json::array();
  for (const CurvePoint& point : curve.points)
    points.push_back(
        {{"rows", point.rows}, {"score", point.score}, {"low", point.low}, {"high", point.high}});
  const CurveForecast& twice = curve.twice;
  return {{"metric", curve.metric},
          {"train_rows", curve.train_rows},
          {"measured_rows", curve.measured_rows},
          {"repetitions", curve.repetitions},
          {"points", points},
          {"fit", {{"a", curve.fit.a}, {"b", curve.fit.b}, {"c", curve.fit.c}}},
          {"twice",
           {{"rows", twice.rows},
            {"score", twice.score},
            {"gain", twice.gain},
            {"low", twice.low},
            {"high", twice.high},
            {"holds", twice.holds}}}};
}

}  // namespace bertune::insight

namespace bertune {

LearningCurve fit_curve(std::span<const std::int64_t> rows, std::span<const CurveOutcomes> repetitions,
                        std::uint64_t seed) {
  constexpr int kResamples = 500;
  constexpr double kLeastGain = 0.001;  // a tenth of a point
  if (rows.size() < 3 || repetitions.empty())
    throw UsageError(fmt::format("a learning curve needs at least three sizes; there are {}", rows.size()));
  for (const CurveOutcomes& one : repetitions) {
    if (one.size() != rows.size() || one.front().empty() ||
        std::ranges::any_of(one, [&](const auto& size) { return size.size() != one.front().size(); }))
      throw UsageError("fit_curve: each repetition needs the same measured rows at each size");
  }
  const std::vector<double> means = insight::means_of(repetitions);
  const std::vector<insight::Evidence> evidence = insight::evidence_of(repetitions);
  LearningCurve curve{.metric = "",
                      .train_rows = rows.back(),
                      .measured_rows = std::ssize(repetitions.front().front()),
                      .repetitions = std::ssize(repetitions),
                      .points = {},
                      .fit = insight::fit_scores(rows, means, evidence),
                      .twice = {}};
  const auto most = static_cast<double>(rows.back());
  const auto gain_of = [&](const PowerLaw& law) { return law(most) - law(2 * most); };
  std::vector<std::vector<double>> scores(rows.size());
  std::vector<double> gains;
  insight::Resamples resamples(repetitions, evidence, seed);
  for (int i = 0; i < kResamples; ++i) {
    const std::vector<double> drawn = resamples.next();
    for (std::size_t size = 0; size < drawn.size(); ++size) scores[size].push_back(drawn[size]);
    gains.push_back(gain_of(insight::fit_scores(rows, drawn, evidence)));
  }
  for (std::size_t size = 0; size < rows.size(); ++size) {
    const auto [low, high] = insight::interval_of(std::move(scores[size]));
    curve.points.push_back({rows[size], means[size], low, high});
  }
  const auto [low, high] = insight::interval_of(std::move(gains));
  curve.twice = {.rows = 2 * rows.back(),
                 .score = 1 - curve.fit(2 * most),
                 .gain = gain_of(curve.fit),
                 .low = low,
                 .high = high,
                 .holds = low > kLeastGain};
  return curve;
}

LearningCurve learning_curve(const CurveOptions& options) {
  runs::TrainOptions run;
  run.model = options.model;
  run.files.train = options.train, run.files.test = options.test;
  run.files.data = tasks::FileOptions{options.data};
  run.files.problem_type = options.problem_type, run.files.max_length = options.max_length;
  run.files.seed = options.seed;
  tasks::name_splits(run.files);
  return insight::curve_of_features(run, options);
}

}  // namespace bertune
