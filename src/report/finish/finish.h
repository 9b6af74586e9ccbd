// The files that a training leaves beside its model, whoever started it: simple methods on its test rows, the
// words behind its worst mistakes, its page and its card. What fails here is a note, and costs no model.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/json.h"
#include "runs/seed_runs.h"
#include "runs/train_options.h"
#include "tasks/registry/registry.h"

namespace bertune::report {

struct FinishOptions {
  bool baselines = true, explanations = true;
  std::function<void(const std::string& note)> on_note = {};
  std::stop_token stop = {};  // gives up what takes long
};

// Measures simple methods on the test rows of a run, whose metrics are `results` ("test_accuracy", ...), and
// writes baselines.json; returns the line that compares. Nothing without a test.
std::string finish_baselines(const runs::TrainOptions& run, const tasks::TaskEntry& task, const Json& results,
                             const FinishOptions& options);
// Writes the page of the model in the run's folder; returns its facts, or null without predictions.
OrderedJson finish_page(const runs::TrainOptions& run, const FinishOptions& options);

// The same of several seeds: beside each of them, and beside the one that is kept. Returns the line on that.
std::string finish_seeds(const runs::TrainOptions& run, const tasks::TaskEntry& task,
                         const runs::SeedRuns& done, const FinishOptions& options);

}  // namespace bertune::report
