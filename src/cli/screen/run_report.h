// The report of a finished run, for a person or for a program that asked for JSON.
#pragma once

#include <string_view>

#include "runs/cross_validation.h"
#include "runs/seed_runs.h"
#include "runs/train_options.h"
#include "runs/training_run.h"

namespace bertune::cli {

// `try_it`: a shell command, "{}" being the model folder.
// `beside_test`: a line to print below the test's metrics, or empty; `on_labels`: one to print after it.
void print_run(const runs::TrainOptions& options, const runs::FinishedRun& run, std::string_view try_it,
               std::string_view beside_test = {}, std::string_view on_labels = {});
void print_run_json(const runs::FinishedRun& run);

// `try_it`: as above, or empty where no model is the best; `beside_test`: a line on the best one.
void print_seeds(const runs::TrainOptions& options, const runs::SeedRuns& done, std::string_view try_it,
                 std::string_view beside_test);

void print_folds(const runs::TrainOptions& options, const runs::CrossValidated& done);

}  // namespace bertune::cli
