#include "insight/data/long_text_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "data/splits/folds.h"
#include "data/splits/subset.h"
#include "distributed/ranks.h"
#include "insight/data/frozen_features.h"
#include "insight/data/linear_targets.h"
#include "insight/results/long_text_file.h"
#include "insight/results/statistics.h"
#include "runs/few_labels.h"
#include "tasks/registry/registry.h"
#include "tasks/text_classification/read.h"
#include "tasks/trained_settings.h"

namespace bertune::insight {
namespace {

namespace fs = std::filesystem;
using tasks::Outcome;
using tasks::TextClassification;
using tasks::TextClassificationExamples;
using tasks::text_classification::LabelledRows;
using tasks::text_classification::LabelledSets;

// The ways that are compared; of equally good ones the first is taken.
constexpr std::array kWays = {LongText::head_tail, LongText::truncate, LongText::windows};
constexpr std::int64_t kMostCompared = 2000;  // that are compared
constexpr std::int64_t kFolds = 5, kLeastRows = 10 * kFolds;
constexpr double kShare = 0.25;          // of the computation of a training in windows
constexpr double kPassesOfTraining = 3;  // a backward pass computes twice what a forward pass does

// A way that was chosen, and what was found.
struct Choice {
  LongText chosen = LongText::truncate;
  Json found = Json::object();
  std::string note;
};

// The rows that are compared.
struct TooLong {
  LabelledSets sets = {};              // of which only `train` is there
  std::int64_t rows = 0, of_rows = 0;  // too long, of all; those in `sets` may be fewer
};

// Takes some of the rows, evenly.
LabelledRows some_of(const LabelledRows& rows, const std::vector<std::int64_t>& chosen, std::size_t width) {
  LabelledRows some;
  some.rows = data::subset(rows.rows, chosen);
  for (const std::int64_t row : chosen) {
    const auto place = static_cast<std::size_t>(row);
    if (!rows.ids.empty()) some.ids.push_back(rows.ids[place]);
    if (rows.targets.empty()) continue;
    const auto own = std::span(rows.targets).subspan(place * width, width);
    some.targets.insert(some.targets.end(), own.begin(), own.end());
  }
  return some;
}

TooLong too_long_rows(const runs::TrainOptions& options, const runs::BaseModel& base, LabelledSets sets,
                      const TextClassification& task) {
  const auto read = tasks::make_examples(sets.train.rows, base.tokenizer, task, false);
  std::vector<std::int64_t> rows;
  double in_windows = 0, tokens = 0;  // of all rows; of a row that is too long, read in all ways
  for (std::size_t row = 0; row < read->lengths.size(); ++row) {
    in_windows += read->lengths[row];
    if (read->lengths[row] <= task.max_length) continue;
    rows.push_back(static_cast<std::int64_t>(row));
    tokens += static_cast<double>(read->lengths[row] + 2 * task.max_length);
  }
  TooLong found{.rows = std::ssize(rows), .of_rows = read->texts()};
  const train::StepPlan plan = train::plan_steps(options.arguments, std::max<std::int64_t>(1, found.of_rows));
  const double epochs = static_cast<double>(plan.total_steps) / static_cast<double>(plan.steps_per_epoch);
  const double affordable = kShare * kPassesOfTraining * epochs * in_windows / std::max(1.0, tokens) *
                            static_cast<double>(rows.size());
  const auto most =
      static_cast<std::size_t>(std::clamp(affordable, double{kLeastRows}, double{kMostCompared}));
  std::vector<std::int64_t> some;
  const std::size_t count = std::min(most, rows.size());
  for (std::size_t i = 0; i < count; ++i) some.push_back(rows[i * rows.size() / count]);
  const std::size_t width = sets.problem_type == ProblemType::regression ? 1 : sets.labels.size();
  found.sets.problem_type = sets.problem_type, found.sets.labels = sets.labels;
  found.sets.train = some_of(sets.train, some, width);
  return found;
}

// The features of texts: of those in windows the mean of the windows'.
DenseRows features_of(const TooLong& rows, const runs::TrainOptions& options, const runs::BaseModel& base,
                      const TextClassification& task) {
  const auto examples = tasks::make_examples(rows.sets.train.rows, base.tokenizer, task, false);
  DenseRows features =
      mean_pooled(*examples, {.model = options.model, .base = options.base, .stop = options.stop});
  if (examples->has_windows()) {
    DenseRows texts{.width = features.width};
    for (std::size_t text = 0; text + 1 < examples->cu_texts.size(); ++text) {
      std::vector<float> mean(static_cast<std::size_t>(features.width));
      const std::int64_t first = examples->cu_texts[text], end = examples->cu_texts[text + 1];
      for (std::int64_t window = first; window < end; ++window) {
        const std::span<const float> own = features.row(window);
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += own[i] / static_cast<float>(end - first);
      }
      texts.values.insert(texts.values.end(), mean.begin(), mean.end());
    }
    features = std::move(texts);
  }
  center(features);
  return features;
}

// Returns how well a row is judged, the more the better: 1 or 0 of classes, the share of labels that are
// right, the negative squared error of a number.
double result_of(const Targets& targets, std::size_t row, std::span<const float> logits) {
  const auto width = static_cast<std::size_t>(targets.width);
  if (targets.outcome == Outcome::classes)
    return std::ranges::max_element(logits) - logits.begin() == targets.ids[row] ? 1 : 0;
  const std::span<const float> truth = targets.values.subspan(row * width, width);
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const double miss = double{logits[i]} - double{truth[i]};
    if (targets.outcome == Outcome::numbers) sum -= miss * miss;
    if (targets.outcome == Outcome::labels) sum += (logits[i] > 0) == (truth[i] > 0.5F) ? 1 : 0;
  }
  return sum / static_cast<double>(width);
}

// The result of each row, by the model of a fold that it is not in.
std::vector<double> results_of(const Targets& targets, const DenseRows& features,
                               const std::vector<Sides>& sides) {
  std::vector<double> results(static_cast<std::size_t>(features.rows()));
  parallel_for(std::ssize(sides), [&](std::int64_t fold) {
    const Sides& side = sides[static_cast<std::size_t>(fold)];
    const std::vector<float> logits = logits_of(targets, subset(features, side.learned).view(),
                                                subset(features, side.asked).view(), side.learned);
    const auto width = static_cast<std::size_t>(targets.width);
    for (std::size_t i = 0; i < side.asked.size(); ++i) {
      const auto row = static_cast<std::size_t>(side.asked[i]);
      results[row] = result_of(targets, row, std::span(logits).subspan(i * width, width));
    }
  });
  return results;
}

// Returns a result as a person reads it.
std::string shown(Outcome outcome, double value) {
  if (outcome == Outcome::numbers) return fmt::format("{:.4g}", -value);
  return fmt::format("{:.1f}%", 100 * value);
}

std::string_view measure_of(Outcome outcome) {
  if (outcome == Outcome::numbers) return "squared error";
  return outcome == Outcome::labels ? "labels right" : "right";
}

std::string how_many(const TooLong& rows, std::int64_t max_length) {
  return fmt::format(
      "{} of {} training texts ({:.1f}%) {} longer than `max_length={}`", rows.rows, rows.of_rows,
      100 * static_cast<double>(rows.rows) / static_cast<double>(std::max<std::int64_t>(1, rows.of_rows)),
      rows.rows == 1 ? "is" : "are", max_length);
}

void compare(const TooLong& rows, const runs::TrainOptions& options, const runs::BaseModel& base,
             TextClassification task, Choice& choice) {
  const Targets targets = targets_of(rows.sets);
  const std::vector<Sides> sides =
      sides_of(data::fold_of_rows(data::texts_of(rows.sets.train.rows), kFolds, options.files.seed), kFolds);
  std::vector<std::vector<double>> results;
  Json values = Json::object();
  std::string list;
  for (const LongText way : kWays) {
    task.long_text.how = way;
    results.push_back(results_of(targets, features_of(rows, options, base, task), sides));
    values[std::string(to_string(way))] = std::abs(mean_of(results.back()));
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", to_string(way),
                        shown(targets.outcome, mean_of(results.back())));
  }
  std::array<std::size_t, kWays.size()> order = {0, 1, 2};
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t way) { return mean_of(results[way]); });
  const LongText second = kWays[order[1]];
  const MeanDifference difference = mean_difference(results[order[0]], results[order[1]]);
  choice.chosen = kWays[order[0]];
  const double half = kNormal975 * difference.standard_error;
  choice.found["compared"] = results[0].size(), choice.found["measure"] = measure_of(targets.outcome);
  choice.found["values"] = std::move(values);
  choice.found["difference"] = {{"of", to_string(choice.chosen)},
                                {"from", to_string(second)},
                                {"value", difference.mean},
                                {"interval", {difference.mean - half, difference.mean + half}}};
  // Differences of shares are told in points, those of errors as they are.
  const bool is_share = targets.outcome != Outcome::numbers;
  const auto told = [&](double value) {
    return is_share ? fmt::format("{:+.1f}", 100 * value) : fmt::format("{:+.3g}", value);
  };
  choice.note += fmt::format(
      "; on {} of them, by cross-validation with features of the model as it is, {}: {}. {} against {}: {}{} "
      "({} to "
      "{}). They are read with `long_text={}`",
      results[0].size(), measure_of(targets.outcome), list, to_string(choice.chosen), to_string(second),
      told(difference.mean), is_share ? " points" : " less", told(difference.mean - half),
      told(difference.mean + half), to_string(choice.chosen));
}

Choice choose(const runs::TrainOptions& options, const runs::BaseModel& base) {
  tasks::TrainingFiles files = options.files;
  files.long_text = {};
  tasks::name_splits(files);
  files.model_max_length = base.tokenizer.config().model_max_length;
  LabelledSets sets = tasks::text_classification::read_labelled(files);
  TextClassification task{.problem_type = sets.problem_type,
                          .labels = data::LabelMap(sets.labels),
                          .max_length = files.length_of(128, base.config)};
  tasks::require_max_length(task.max_length, base.config);
  Choice choice;
  if (sets.train.rows.has_pairs) {
    choice.note = "`long_text=auto`: pairs of texts are truncated, token by token from the longer text";
    return choice;
  }
  const TooLong rows = too_long_rows(options, base, std::move(sets), task);
  choice.found = {{"max_length", task.max_length}, {"too_long", rows.rows}, {"rows", rows.of_rows}};
  choice.note = "`long_text=auto`: " + how_many(rows, task.max_length);
  if (tasks::few_are_too_long(rows.rows, rows.of_rows)) {
    choice.note += ", a tenth or fewer: they are truncated";
  } else if (rows.sets.train.rows.size() < kLeastRows) {
    choice.chosen = LongText::head_tail;
    choice.note += fmt::format(
        ", too few to compare the ways to read them ({} are needed): their beginning and "
        "end are read (`long_text=head-tail`)",
        kLeastRows);
  } else {
    task.long_text = tasks::long_text_reading(
        {LongText::windows, options.files.long_text.window_stride, options.files.long_text.window_score},
        Json::object(), task.problem_type, task.max_length);
    compare(rows, options, base, task, choice);
  }
  return choice;
}

// Returns what the run that is resumed chose; null where it has not come so far.
Json chosen_before(const runs::TrainOptions& options) {
  const fs::path path = options.arguments.output_dir / kLongTextFile;
  if (!options.arguments.resume || !path_exists(path)) return Json();
  Json before = parse_json(read_file(path, 1 << 20), path.string());
  return before.is_object() && before.contains("chosen") ? before : Json();
}

}  // namespace

void settle_long_text(runs::TrainOptions& options, const runs::BaseModel& base, const tasks::TaskEntry& task,
                      train::Observer& observer, bool writes) {
  LongTextOptions& given = options.files.long_text;
  tasks::require_long_text_fits(task.architecture, given);
  runs::require_method_fits(options, task);
  if (given.long_text != LongText::automatic) return;
  const auto choose_or_read = [&] {
    Json chosen = chosen_before(options);
    if (!chosen.is_null()) return dump_json(chosen);
    const Choice choice = choose(options, base);
    chosen = choice.found;
    chosen["chosen"] = to_string(choice.chosen), chosen["note"] = choice.note;
    const std::string text = dump_json(chosen, 4);
    if (writes) write_file_atomically(options.arguments.output_dir / kLongTextFile, text);
    return text;
  };
  const Json chosen =
      parse_json(distributed::from_first(choose_or_read, "how long texts are read"), kLongTextFile);
  observer.on(Note{tasks::setting(chosen, "note", std::string())});
  given.long_text = long_text_from_string(tasks::setting(chosen, "chosen", std::string("truncate")));
  if (given.long_text != LongText::windows) given.window_stride.reset(), given.window_score.reset();
}

}  // namespace bertune::insight
