// The search for settings: its arithmetic with made-up scores, and a small one on a clock of the test's own.
#include "runs/tuning/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/tuning.h"
#include "runs/tuning/halving.h"
#include "runs/tuning/pace.h"
#include "runs/tuning/space.h"
#include "runs/tuning/winner.h"
#include "support/message_of.h"
#include "support/tiny_checkpoint.h"

namespace bertune::runs {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Halving, RungsAreAtANinthAThirdAndTheEnd) {
  const auto rungs = [](std::int64_t steps) {
    return std::vector{steps_at(0, steps), steps_at(1, steps), steps_at(2, steps)};
  };
  EXPECT_THAT(rungs(9), ElementsAre(1, 3, 9));
  EXPECT_THAT(rungs(100), ElementsAre(12, 34, 100));
  EXPECT_THAT(rungs(1), ElementsAre(1, 1, 1));
  EXPECT_EQ(survivors(9), 3);
  EXPECT_EQ(survivors(10), 4);
  EXPECT_EQ(survivors(0), 0);
}

// Runs a search without training: the score of a trial at a rung is a function of both.
class Simulation {
 public:
  using Scores = std::function<std::optional<RungScore>(std::size_t trial, std::size_t rung)>;
  using Lengths = std::function<double(std::size_t trial)>;

  Simulation(
      HalvingLimits limits, Scores scores, Lengths lengths = [](std::size_t) { return 1; })
      : limits_(std::move(limits)), scores_(std::move(scores)), lengths_(std::move(lengths)) {
    trials_.push_back(next_trial());
  }

  std::vector<std::string> run() {
    for (;;) {
      if (trials_[0].end) limits_.candidate = next_trial();
      const NextStep step = next_step(trials_, limits_);
      limits_.no_more_starts = limits_.no_more_starts || step.starts_are_over;
      if (step.kind == NextStep::Kind::finish) return log_;
      if (step.kind == NextStep::Kind::begin) trials_.push_back(next_trial());
      train(step.kind == NextStep::Kind::begin ? trials_.size() - 1 : step.trial, step.rung);
    }
  }

  double seconds() const { return seconds_; }
  std::size_t trials() const { return trials_.size(); }

 private:
  // Seconds of a part of 1/9, 2/9 and 2/3 of a trial.
  TrialProgress next_trial() const {
    const double length = lengths_(trials_.size());
    return {.seconds = {length, 2 * length, 6 * length}};
  }

  void train(std::size_t number, std::size_t rung) {
    TrialProgress& trial = trials_[number];
    log_.push_back(std::to_string(number) + "@" + std::to_string(rung));
    for (std::size_t i = trial.rungs(); i <= rung; ++i) {
      seconds_ += trial.seconds[i];
      if (limits_.seconds_left) *limits_.seconds_left -= trial.seconds[i];
    }
    const std::optional<RungScore> score = scores_(number, rung);
    if (!score) {
      trial.is_out = true;
    } else if (rung + 1 == kRungs) {
      trial.end = score;
    } else {
      trial.reached.push_back(*score);
    }
  }

  HalvingLimits limits_;
  Scores scores_;
  Lengths lengths_;
  std::vector<TrialProgress> trials_;
  std::vector<std::string> log_;
  double seconds_ = 0;
};

TEST(Halving, TheBestThirdGoesOn) {
  // Trial 4 is the best at first, 7 in the middle.
  Simulation search({.trials = 10}, [](std::size_t trial, std::size_t rung) {
    const double value = trial == 4 ? 9 - 3 * static_cast<double>(rung) : static_cast<double>(trial) - 1;
    return RungScore{.value = value};
  });
  EXPECT_THAT(search.run(), ElementsAre("0@2", "1@0", "2@0", "3@0", "4@0", "5@0", "6@0", "7@0", "8@0", "9@0",
                                        "4@1", "9@1", "8@1", "9@2"));
}

TEST(Halving, EqualMetricsAreRankedByTheLoss) {
  Simulation search({.trials = 4}, [](std::size_t trial, std::size_t) {
    return RungScore{.value = 0.5, .loss = trial == 2 ? 0.1 : 0.7};
  });
  EXPECT_THAT(search.run(), ElementsAre("0@2", "1@0", "2@0", "3@0", "2@1", "2@2"));
}

TEST(Halving, TheNextBestTakesThePlaceOfOneThatCollapsed) {
  Simulation search({.trials = 4}, [](std::size_t trial, std::size_t rung) -> std::optional<RungScore> {
    if (trial == 3 && rung == 1) return std::nullopt;
    return RungScore{.value = static_cast<double>(trial)};
  });
  EXPECT_THAT(search.run(), ElementsAre("0@2", "1@0", "2@0", "3@0", "3@1", "2@1", "2@2"));
}

TEST(Halving, StaysWithinTheTimeAndUsesIt) {
  for (const double budget : {9.0, 20.0, 30.0, 47.0, 60.0, 100.0}) {
    Simulation search({.seconds_left = budget}, [](std::size_t trial, std::size_t) {
      return RungScore{.value = 1.0 * (trial * 7 % 11)};
    });
    search.run();
    EXPECT_LE(search.seconds(), budget);
    // What is left is too little to bring any stopped trial to its end.
    EXPECT_GT(search.seconds(), budget - 9);
    EXPECT_EQ(search.trials() > 1, budget > 9 + 9);
  }
}

// A long trial that is behind at first, as those of many epochs are.
TEST(Halving, TheBestInTheMiddleHasTheTimeForItsEnd) {
  for (const double budget : {50.0, 60.0, 70.0, 80.0}) {
    Simulation search(
        {.seconds_left = budget},
        [](std::size_t trial, std::size_t rung) {
          const double value = trial == 2 ? 8 + 2 * static_cast<double>(rung) : trial == 1 ? 9 : 0;
          return RungScore{.value = value};
        },
        [](std::size_t trial) { return trial == 2 ? 3 : 1; });
    EXPECT_THAT(search.run(), Contains("2@2")) << budget;
    EXPECT_LE(search.seconds(), budget);
  }
}

TEST(Halving, EndsAfterTheDefaultWhereNothingElseFits) {
  Simulation search({.seconds_left = 15}, [](std::size_t, std::size_t) { return RungScore{}; });
  EXPECT_THAT(search.run(), ElementsAre("0@2"));
}

Trial finished(double value, double difference = 0, double deviation = 0) {
  Trial trial{.outcome = TrialOutcome::finished, .end = RungScore{.value = value}};
  trial.difference = TrialDifference{.value = difference, .deviation = deviation};
  return trial;
}

TEST(Winner, OnlyMoreThanOneStandardErrorReplacesTheDefault) {
  const std::vector<Trial> within = {finished(0.80), finished(0.82, 0.02, 0.021),
                                     finished(0.81, 0.01, 0.001)};
  EXPECT_EQ(winner_of(within, "accuracy")->trial, 0U);
  EXPECT_THAT(winner_of(within, "accuracy")->why, HasSubstr("trial 1 differs in accuracy by 0.0200"));
  const std::vector<Trial> beyond = {finished(0.80), finished(0.82, 0.02, 0.019)};
  EXPECT_EQ(winner_of(beyond, "accuracy")->trial, 1U);
  // One class: all are right, and no difference has a spread.
  const std::vector<Trial> equal = {finished(1), finished(1)};
  EXPECT_EQ(winner_of(equal, "accuracy")->trial, 0U);
}

TEST(Winner, ADefaultThatCollapsedLoses) {
  std::vector<Trial> trials = {finished(0), finished(0.3), finished(0.5)};
  trials[0].end.reset(), trials[0].outcome = TrialOutcome::collapsed;
  EXPECT_EQ(winner_of(trials, "accuracy")->trial, 2U);
  EXPECT_THAT(winner_of(trials, "accuracy")->why, HasSubstr("collapsed"));
  trials.resize(1);
  EXPECT_FALSE(winner_of(trials, "accuracy"));
}

TEST(Space, IsAroundTheDefaultSettings) {
  train::TrainingArguments arguments;
  const auto values = [](const TuneSpace& space, const std::string& option) {
    for (const TuneDimension& one : space.dimensions)
      if (one.option == option) return one.values;
    return std::vector<std::string>();
  };
  const TuneSpace usual = default_space(arguments, 768);
  EXPECT_THAT(values(usual, "learning_rate"), ElementsAre("1e-05", "2e-05", "3e-05", "5e-05", "8e-05"));
  EXPECT_THAT(values(usual, "epochs"), ElementsAre("2", "3", "4", "8"));
  EXPECT_THAT(values(usual, "warmup_ratio"), ElementsAre("0.06", "0.1"));
  EXPECT_THAT(values(usual, "layer_wise_lr_decay"), ElementsAre("0.9", "1"));
  EXPECT_EQ(usual.defaults.at("learning_rate"), "5e-05");
  // Narrower models take higher rates.
  EXPECT_EQ(values(default_space(arguments, 384), "learning_rate").back(), "0.00016");
  arguments.learning_rate = 8e-4, arguments.num_train_epochs = 1, arguments.warmup_steps = 5;
  const TuneSpace given = default_space(arguments, 768);
  EXPECT_THAT(values(given, "learning_rate"),
              ElementsAre("0.00016", "0.00032", "0.00048", "0.0008", "0.00128"));
  EXPECT_THAT(values(given, "epochs"), ElementsAre("1", "3"));
  EXPECT_THAT(values(given, "warmup_ratio"), SizeIs(0));
  arguments.max_steps = 10;
  EXPECT_THAT(values(default_space(arguments, 768), "epochs"), SizeIs(0));
}

TEST(Space, DrawsTakeEachValueBeforeOneComesAgain) {
  TuneSpace space;
  space.dimensions = {{.option = "learning_rate", .values = {"1", "2", "3"}},
                      {.option = "weight_decay", .minimum = 1e-4, .maximum = 1, .log = true},
                      {.option = "batch_size", .minimum = 8, .maximum = 64, .whole = true}};
  std::set<std::string> rates;
  std::vector<int> decades(4);
  for (std::int64_t draw = 0; draw < 8; ++draw) {
    const TrialSettings settings = settings_of_draw(space, 42, draw);
    EXPECT_EQ(settings, settings_of_draw(space, 42, draw));
    if (draw < 3) rates.insert(settings.at("learning_rate"));
    const double decay = std::stod(settings.at("weight_decay"));
    EXPECT_TRUE(decay >= 1e-4 && decay <= 1) << decay;
    ++decades.at(static_cast<std::size_t>(std::min(3.0, std::log10(decay) + 4)));
    const std::string batch = settings.at("batch_size");
    EXPECT_EQ(batch.find_first_not_of("0123456789"), batch.npos) << batch;
    EXPECT_TRUE(std::stoi(batch) >= 8 && std::stoi(batch) <= 64) << batch;
  }
  EXPECT_THAT(rates, SizeIs(3));
  EXPECT_THAT(decades, ElementsAre(2, 2, 2, 2));  // evenly by the logarithm
  EXPECT_NE(settings_of_draw(space, 1, 0), settings_of_draw(space, 2, 0));
  space.dimensions = {{.option = "weight_decay", .minimum = 0, .maximum = 1, .log = true}};
  EXPECT_THAT(testing::message_of([&] { validate(space); }), HasSubstr("above 0 on a logarithmic scale"));
}

TEST(Pace, CountsRowsAndEvaluations) {
  const TrialLength length{.total_steps = 30, .steps_per_epoch = 10, .evaluate_every = 10, .rows = 80};
  const Work all = work_between(length, 0, 30);
  EXPECT_DOUBLE_EQ(all.rows, 240);
  EXPECT_DOUBLE_EQ(all.evaluations, 3);
  const Work first = work_between(length, 0, 4), rest = work_between(length, 4, 30);
  EXPECT_DOUBLE_EQ(first.rows + rest.rows, 240);
  EXPECT_DOUBLE_EQ(first.evaluations, 1);  // at the rung alone
  EXPECT_DOUBLE_EQ(rest.evaluations, 3);
  EXPECT_DOUBLE_EQ(work_between(length, 4, 4).parts, 0);
  Pace pace;
  pace.measure({.rows = 10, .evaluations = 2, .parts = 1}, {.rows = 5, .evaluations = 4, .rest = 1});
  EXPECT_DOUBLE_EQ(pace.costs().of({.rows = 20, .evaluations = 1, .parts = 2}), 10 + 2 + 2);
}

// A small search, with seconds that pass at its steps and evaluations alone.
class Searches : public ::testing::Test {
 protected:
  Searches() {
    testing::write_tiny_checkpoint(files_.path() / "model");
    files_.write("train.csv", testing::tiny_dataset(64));
    files_.write("test.csv", testing::tiny_dataset(20, 200));
  }

  TuneOptions options(const std::string& output) const {
    TuneOptions options;
    options.train.model = files_.path() / "model";
    options.train.train = files_.path() / "train.csv";
    options.train.test = files_.path() / "test.csv";
    options.train.arguments.output_dir = files_.path() / output;
    options.train.arguments.learning_rate = 3e-3;
    options.train.arguments.train_batch_size = 16;
    options.train.arguments.precision = Precision::fp32;
    return options;
  }

  testing::TemporaryDirectory files_;
};

TEST_F(Searches, KeepsTheBestAndTestsItAlone) {
  TuneOptions options = this->options("out");
  options.trials = 5;
  std::int64_t begun = 0, tested = 0;
  options.train.on_event = [&](const Event& event) {
    if (std::holds_alternative<TrialBegins>(event)) ++begun;
    if (std::holds_alternative<Tested>(event)) ++tested;
  };
  const TuneResult result = tune(options);
  ASSERT_THAT(result.trials, SizeIs(5));
  EXPECT_EQ(begun, 1 + 4 + 2 + 1);
  EXPECT_EQ(tested, 1);
  EXPECT_EQ(result.metric, "accuracy");
  EXPECT_TRUE(result.test.contains("test_accuracy"));
  EXPECT_EQ(result.trials[0].outcome, "finished");
  EXPECT_EQ(result.trials[0].steps, result.trials[0].total_steps);
  std::int64_t finished = 0;
  for (std::size_t i = 1; i < result.trials.size(); ++i) {
    const TuneTrial& trial = result.trials[i];
    EXPECT_TRUE(trial.score) << i;
    if (trial.outcome != "finished") continue;
    ++finished;
    EXPECT_TRUE(trial.difference && trial.standard_error);
    EXPECT_NEAR(*trial.difference, *trial.score - *result.trials[0].score, 1e-9);
  }
  EXPECT_EQ(finished, 1);
  EXPECT_THAT(testing::message_of([&] { tune(options); }), HasSubstr("already holds a "));
  options.trials.reset();
  EXPECT_THAT(testing::message_of([&] { tune(options); }), HasSubstr("needs an end"));
}

TEST_F(Searches, TakesOptionsThatTheCallerKnows) {
  TuneOptions options = this->options("out");
  options.trials = 3;
  options.space = {{.option = "focal_loss", .values = {"1", "2"}}};
  EXPECT_THAT(testing::message_of([&] { tune(options); }), HasSubstr("does not know how to set it"));
  options.train.overwrite = true;
  std::set<double> seen;
  options.apply = [&](bertune::TrainOptions& trial, const TrialSettings& settings) {
    trial.arguments.focal_loss_gamma = std::stod(settings.at("focal_loss"));
    seen.insert(trial.arguments.focal_loss_gamma);
  };
  const TuneResult result = tune(options);
  EXPECT_THAT(result.trials, SizeIs(3));
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

class FakeTime : public train::Observer {
 public:
  void on(const Event& event) override {
    if (std::holds_alternative<StepEvent>(event)) seconds += 1;
    if (std::holds_alternative<EvaluationProgress>(event)) seconds += 0.5;
    if (const auto* ended = std::get_if<TrialEnded>(&event)) outcomes.push_back(ended->outcome);
  }

  double seconds = 0;
  std::vector<std::string> outcomes;
};

TEST_F(Searches, EndsWithinTheBudget) {
  const double budget = 40;
  TrainOptions options;
  options.model = files_.path() / "model";
  options.files.train = files_.path() / "train.csv";
  options.arguments.output_dir = files_.write("out/note", "").parent_path();
  options.arguments.learning_rate = 3e-3;
  options.arguments.train_batch_size = 16;
  FakeTime time;
  TuningOptions tuning{.budget = budget};
  tuning.clock = [&] { return time.seconds; };
  tuning.with_settings = [](const TrainOptions& usual, const TrialSettings& settings) {
    TrainOptions trial = usual;
    if (settings.contains("epochs")) trial.arguments.num_train_epochs = std::stod(settings.at("epochs"));
    return trial;
  };
  const BaseModel base = open_base_model(options);
  const Tuned done = tune(options, tuning, base, *task_of(options).task, time);
  EXPECT_LE(time.seconds, 1.1 * budget);
  EXPECT_GT(time.seconds, 0.6 * budget);
  EXPECT_GT(done.trials.size(), 3U);
  EXPECT_THAT(time.outcomes, Each(AnyOf("finished", "stopped")));
}

TEST_F(Searches, SaysWhatTheDefaultSettingsNeed) {
  TuneOptions options = this->options("out");
  options.budget = 1e-3;
  const std::string message = testing::message_of([&] { tune(options); });
  EXPECT_THAT(message, HasSubstr("`budget` is 0 s, and the default settings alone need about"));
}

}  // namespace
}  // namespace bertune::runs
