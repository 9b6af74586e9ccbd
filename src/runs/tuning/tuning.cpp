#include "runs/tuning/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/stopwatch.h"
#include "distributed/ranks.h"
#include "insight/results/tuning_file.h"
#include "runs/identity.h"
#include "runs/run_plan.h"
#include "runs/tuning/search_folder.h"
#include "runs/tuning/tuning_file.h"
#include "train/model_folder.h"

namespace bertune::runs {
namespace {

constexpr std::int64_t kMostTrials = 999;
constexpr double kLate = 1.05;  // of the budget: what is not finished by then stops

std::string words_for(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  return seconds < 5400 ? fmt::format("{:.1f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

double tokens_of(const tasks::Examples& examples) {
  return static_cast<double>(std::max<std::int64_t>(1, examples.tokens_of_first(examples.rows())));
}

class Search {
 public:
  Search(const TrainOptions& options, const TuningOptions& tuning, const BaseModel& base,
         const tasks::TaskEntry& task, train::Observer& observer)
      : options_(options),
        tuning_(tuning),
        base_(base),
        task_(task),
        observer_(observer),
        clock_(tuning.clock ? tuning.clock : [watch = Stopwatch()] { return watch.seconds(); }),
        began_(clock_()),
        folder_(options_) {}

  Tuned run() {
    folder_.prepare();
    data_ = read_training(options_, base_, task_, observer_);
    settle();
    test_ = std::move(data_.test);  // no trial may see it
    begin_or_go_on();
    try {
      train_trials();
      return finish();
    } catch (const Interrupted&) {
      save();
      throw;
    }
  }

 private:
  void settle() {
    options_.arguments.settle(*data_.task);
    if (data_.validation == nullptr || data_.validation->rows() == 0) {
      throw UsageError(
          "validation_split",
          "`tune()` compares settings on validation rows, and there are none: give `validation=FILE`, "
          "or leave out `validation_split=0`");
    }
    if (options_.max_prediction_rows < 1)
      throw UsageError(
          "max_prediction_rows",
          "`tune()` compares the predictions of trials; `max_prediction_rows` must be at least 1");
    facts_.metric = options_.arguments.metric_for_best_model;
    facts_.sign = greater_is_better(facts_.metric) ? 1 : -1;
    facts_.budget = tuning_.budget, facts_.trials = tuning_.trials;
    facts_.space = tuning_.space;
    if (facts_.space.dimensions.empty())
      facts_.space = default_space(options_.arguments, base_.config.hidden_size);
    validate(facts_.space);
    Json space = Json::array();
    for (const TuneDimension& dimension : facts_.space.dimensions) {
      space.push_back(to_json(dimension));
      // A value that an option cannot have is refused now, and not in the middle of the search.
      for (const std::string& value : values_to_check(dimension))
        tuning_.with_settings(options_, {{dimension.option, value}});
    }
    facts_.identity = {{"arguments", options_.arguments.to_json()},
                       {"base", model_identity(options_.base)},
                       {"keep", options_.keep == KeptModels::best ? "best" : "all"},
                       {"model", model_identity(options_.model)},
                       {"space", std::move(space)},
                       {"test", rows_identity(data_.test.get())},
                       {"train", rows_identity(data_.train.get())},
                       {"trials", tuning_.trials ? Json(*tuning_.trials) : Json()},
                       {"validation", rows_identity(data_.validation.get())}};
  }

  void begin_or_go_on() {
    if (options_.arguments.resume) {
      if (std::optional<SearchState> state = read_state(options_.arguments.output_dir, facts_)) {
        state_ = std::move(*state), earlier_ = state_.seconds;
        observer_.on(Note{fmt::format("the search goes on after {} and {}",
                                      counted(static_cast<std::int64_t>(state_.trials.size()), "trial"),
                                      words_for(earlier_))});
      }
    }
    if (state_.costs) pace_ = Pace(*state_.costs);
    Trial usual{.settings = facts_.space.defaults};
    usual.length = length_of(options_.arguments);
    if (tuning_.budget && !state_.costs) probe(usual);
    if (state_.trials.empty()) state_.trials.push_back(std::move(usual));
    save();
  }

  TrialLength length_of(const train::TrainingArguments& arguments) const {
    const std::int64_t rows = data_.train->rows();
    const train::StepPlan plan = train::plan_steps(arguments, rows);
    return {.total_steps = plan.total_steps,
            .steps_per_epoch = plan.steps_per_epoch,
            .evaluate_every = arguments.eval_steps > 0 ? arguments.eval_steps : plan.steps_per_epoch,
            .rows = rows};
  }

  // Measures a few steps, and refuses a budget in which there is nothing to search.
  void probe(const Trial& usual) {
    const ProbedRun probed = probe_run_on(data_, options_, base_);
    const double rows_of_step =
        static_cast<double>(usual.length.rows) / static_cast<double>(usual.length.steps_per_epoch);
    // A part loads a model and writes a checkpoint, which is three times as large.
    pace_ = Pace({.row = probed.plan.step_seconds.value_or(0) / rows_of_step,
                  .evaluation = probed.validation_seconds,
                  .part = 4 * probed.loading_seconds});
    const double needed =
        used() + reserve() + pace_.costs().of(work_between(usual.length, 0, usual.length.total_steps));
    if (needed <= *tuning_.budget * kLate) return;
    throw UsageError(
        "budget",
        fmt::format(
            "`budget` is {}, and the default settings alone need about {}. A search needs a few times "
            "that: give about {}, or train on fewer rows (`max_train_rows`) or with a smaller model",
            words_for(*tuning_.budget), words_for(needed), words_for(5 * needed)));
  }

  double used() const { return earlier_ + clock_() - began_; }

  // Seconds to keep for the end of the search: the winner's place, its test and the report.
  double reserve() const {
    double seconds = pace_.costs().part + 0.01 * tuning_.budget.value_or(0);
    if (test_ != nullptr)
      seconds += pace_.costs().evaluation * tokens_of(*test_) / tokens_of(*data_.validation);
    return seconds;
  }

  std::optional<double> seconds_left() const {
    if (!tuning_.budget) return std::nullopt;
    return *tuning_.budget - used() - reserve();
  }

  void save() {
    state_.seconds = used(), state_.costs = tuning_.budget ? std::optional(pace_.costs()) : std::nullopt;
    write(tuning_json(facts_, state_, std::nullopt, Json()));
  }

  void write(const Json& results) const {
    write_file_atomically(options_.arguments.output_dir / insight::kTuningFile, dump_json(results));
  }

  TrainOptions options_of(std::size_t number) const {
    const TrialSettings& settings = state_.trials[number].settings;
    TrainOptions options = options_;
    if (number > 0) {
      options = tuning_.with_settings(options_, settings);
      options.arguments.on_collapse = OnCollapse::stop;
    }
    options.is_search = false, options.overwrite = false;
    options.arguments.output_dir = folder_.of(number);
    if (number > 0 && options_.settings_text) {
      options.settings_text = [text = options_.settings_text, settings](const Json& resolved) {
        Json own = settings;
        own.update(resolved);
        return text(own);
      };
    }
    return options;
  }

  // A trial that differs from all others and fits into what is left of the budget.
  std::optional<Trial> candidate() {
    constexpr std::int64_t kMostDraws = 100;
    if (std::ssize(state_.trials) >= kMostTrials) return std::nullopt;
    const std::optional<double> left = seconds_left();
    for (std::int64_t draw = state_.next_draw; draw < state_.next_draw + kMostDraws; ++draw) {
      Trial trial{.settings = settings_of_draw(facts_.space, options_.arguments.seed, draw), .draw = draw};
      const bool is_known = std::ranges::any_of(
          state_.trials, [&](const Trial& other) { return other.settings == trial.settings; });
      if (is_known) continue;
      TrainOptions options = tuning_.with_settings(options_, trial.settings);
      options.arguments.settle(*data_.task);
      trial.length = length_of(options.arguments);
      const TrialProgress progress = progress_of(trial, pace_.costs());
      double seconds = 0;
      for (const double part : progress.seconds) seconds += part;
      if (!left || seconds <= *left) return trial;
    }
    return std::nullopt;
  }

  void train_trials() {
    for (;;) {
      std::vector<TrialProgress> progress;
      for (const Trial& trial : state_.trials) progress.push_back(progress_of(trial, pace_.costs()));
      HalvingLimits limits{
          .trials = tuning_.trials, .seconds_left = seconds_left(), .no_more_starts = state_.starts_are_over};
      std::optional<Trial> next;
      const bool begins_others = state_.trials[0].is_finished() || state_.trials[0].is_out();
      if (begins_others && !state_.starts_are_over) next = candidate();
      if (next) limits.candidate = progress_of(*next, pace_.costs());
      const NextStep step = next_step(progress, limits);
      state_.starts_are_over = state_.starts_are_over || step.starts_are_over;
      if (step.kind == NextStep::Kind::finish) return;
      if (step.kind == NextStep::Kind::begin) {
        state_.next_draw = next->draw + 1;
        state_.trials.push_back(std::move(*next));
        save();
        train(state_.trials.size() - 1, 0);
      } else {
        train(step.trial, step.rung);
      }
    }
  }

  void train(std::size_t number, std::size_t rung) {
    Trial& trial = state_.trials[number];
    observer_.on(TrialBegins{.number = static_cast<std::int64_t>(number),
                             .settings = trial.settings,
                             .from_step = trial.kept_steps,
                             .to_step = steps_at(rung, trial.length.total_steps),
                             .total_steps = trial.length.total_steps,
                             .seconds_left = seconds_left()});
    TrialPart part{.rung = rung};
    // The default settings run to their end, whatever it takes.
    if (tuning_.budget && number > 0)
      part.deadline = clock_() + *seconds_left() + (kLate - 1) * *tuning_.budget;
    const MeasuredPart measured =
        train_part(trial, part, options_of(number), data_, base_, observer_, clock_);
    pace_.measure(measured.work, measured.seconds);
    if (trial.is_finished() && number > 0 && state_.trials[0].is_finished())
      trial.difference = difference_of(folder_.of(0), folder_.of(number), facts_.metric);
    folder_.make_room(state_.trials);
    save();
    TrialEnded ended{.number = static_cast<std::int64_t>(number),
                     .settings = trial.settings,
                     .outcome = std::string(to_string(trial.outcome)),
                     .why = trial.why,
                     .step = trial.steps,
                     .total_steps = trial.length.total_steps,
                     .metric = facts_.metric,
                     .seconds = trial.seconds};
    if (trial.score() != nullptr && !trial.is_out()) ended.score = facts_.sign * trial.score()->value;
    observer_.on(ended);
  }

  Tuned finish() {
    const std::optional<Winner> winner = winner_of(state_.trials, facts_.metric);
    if (!winner) {
      const Trial& usual = state_.trials[0];
      throw Error(fmt::format("no trial has run to its end; the default settings {}{}",
                              usual.outcome == TrialOutcome::collapsed ? "collapsed: " : "did not",
                              usual.why));
    }
    folder_.place(winner->trial);
    Tuned done{.winner = *winner, .metric = facts_.metric};
    if (test_ != nullptr) done.test = folder_.test(data_, *test_, observer_);
    const Json test = done.test ? with_prefix("test", metric_values(*done.test)) : Json();
    state_.seconds = used();
    write(done.results = tuning_json(facts_, state_, winner, test));
    folder_.tidy(state_.trials);
    done.trials = std::move(state_.trials);
    done.settings = train::read_settings(options_.arguments.output_dir);
    return done;
  }

  TrainOptions options_;
  const TuningOptions& tuning_;
  const BaseModel& base_;
  const tasks::TaskEntry& task_;
  train::Observer& observer_;
  Clock clock_;
  double began_, earlier_ = 0;
  SearchFolder folder_;
  tasks::TrainingData data_;
  std::unique_ptr<tasks::Examples> test_;
  SearchFacts facts_;
  SearchState state_;
  Pace pace_;
};

}  // namespace

void require_fine_tuning(const TrainOptions& options) {
  if (options.method == Method::fine_tune) return;
  throw UsageError("method", "`tune()` searches settings of fine-tuning: leave out `method`");
}

void validate(const TrainOptions& options, const TuningOptions& tuning) {
  if (!tuning.budget && !tuning.trials)
    throw UsageError("budget", "`tune()` needs an end: give `budget`, such as 30m, or `trials`, such as 20");
  if (tuning.budget && !(*tuning.budget > 0 && *tuning.budget <= 1e9))
    throw UsageError("budget", "`budget` must be above 0 seconds");
  if (tuning.trials && (*tuning.trials < 2 || *tuning.trials > kMostTrials)) {
    throw UsageError("trials",
                     fmt::format("`trials` is {}; it must be from 2 to {}, the default settings included",
                                 *tuning.trials, kMostTrials));
  }
  require_fine_tuning(options);
  if (options.is_cross_validation() || options.seeds)
    throw UsageError("folds", "`tune()` cannot be combined with `folds`, `fold_column` or `seeds`");
  if (!options.arguments.resume_from_checkpoint.empty())
    throw UsageError("resume_from_checkpoint",
                     "`resume_from_checkpoint` is of one training; `tune()` continues with `resume`");
  if (options.arguments.finish)
    throw UsageError("finish", "`finish` ends one training; `tune()` ends where its `budget` is used up");
  if (options.arguments.on_collapse == OnCollapse::retry) {
    throw UsageError(
        "on_collapse",
        "`on_collapse=retry` does not fit `tune()`, whose trials lose if they collapse; take stop or "
        "warn");
  }
}

Tuned tune(const TrainOptions& options, const TuningOptions& tuning, const BaseModel& base,
           const tasks::TaskEntry& task, train::Observer& observer) {
  if (const distributed::Ranks* ranks = distributed::current(); ranks != nullptr && ranks->size() > 1)
    throw UsageError(
        "`tune()` trains one trial after another in one process: start it without several processes");
  return Search(options, tuning, base, task, observer).run();
}

}  // namespace bertune::runs
