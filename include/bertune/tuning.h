// Searches for better settings of a training within a budget, as `tune` of the program does it: successive
// halving (Li et al. 2018, 1810.05934), with the settings that were given as trial 0.
//
//     bertune::TuneOptions options;
//     options.train.model = "bert-base-uncased-folder", options.train.train = "train.csv";
//     options.train.arguments.output_dir = "my-model";
//     options.budget = 30 * 60;
//     const bertune::TuneResult result = bertune::tune(options);
//     result.why;  // "trial 7 replaces the default settings: ..."
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bertune/events.h"
#include "bertune/export.h"
#include "bertune/trainer.h"

namespace bertune {

// An option of training to search over, by its name ("learning_rate"), and what it may be: one of these texts
// or, where there are none, a number from `minimum` to `maximum`.
struct TuneDimension {
  std::string option;
  std::vector<std::string> values = {};
  double minimum = 0, maximum = 0;
  bool log = false;    // numbers are drawn evenly by their logarithms
  bool whole = false;  // numbers are whole ones
};

struct TuneOptions {
  TrainOptions train;                  // the default settings, and all that trials have in common
  std::optional<double> budget;        // seconds, of a resumed search those of its earlier parts included
  std::optional<std::int64_t> trials;  // the default settings included; this or the budget must be given
  // Empty: learning rate, epochs, warm-up, layer-wise decay of the learning rate, and seed, around the
  // default settings.
  std::vector<TuneDimension> space = {};
  // Makes the options those of a trial. Needed for a space with other options than the five above and
  // batch_size, weight_decay, max_grad_norm, label_smoothing and the three dropouts.
  std::function<void(TrainOptions& options, const TrialSettings& settings)> apply = {};
};

struct TuneTrial {
  TrialSettings settings;  // of the default settings as far as they are known
  std::string outcome;     // "finished", "stopped" at a rung, "collapsed" or "out of time"
  std::string why = {};    // it collapsed
  std::int64_t steps = 0, total_steps = 0;
  std::optional<double> score = {};  // the metric on validation rows, where it was measured last
  // The difference of a finished trial's metric to the default's on the same validation rows, above 0 if it
  // is better, with the standard error of a paired bootstrap.
  std::optional<double> difference = {}, standard_error = {};
  double seconds = 0;
  std::filesystem::path folder = {};
};

struct TuneResult {
  std::filesystem::path folder;  // of the winner's model, with tuning.json
  std::string task, metric;      // metric: that chooses, of validation rows
  std::vector<TuneTrial> trials;
  std::size_t winner = 0;  // of `trials`
  std::string why;         // the winner has, or has not, replaced the default settings
  double seconds = 0;      // all parts of the search
  MetricValues test = {};  // of the winner, where there is a test file
  std::vector<Finding> findings = {};
};

// Runs the search. The default settings are replaced only by a trial whose metric on the validation rows is
// better by more than one standard error of the paired difference. The test file is read by the winner alone.
// Throws as fine_tune does; UsageError where there are no validation rows, for a job of several processes,
// and for a budget in which not even the default settings can be trained. An interrupted search continues
// with arguments.resume, and then has the same trials.
BERTUNE_EXPORT TuneResult tune(const TuneOptions& options);

}  // namespace bertune
