// Events of a run are values for whoever watches it: a screen, a log, a server. The library itself prints
// nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bertune/findings.h"
#include "bertune/loss.h"
#include "bertune/metrics.h"
#include "bertune/model.h"
#include "bertune/run_plan.h"

namespace bertune {

namespace tasks {
struct DataFacts;
}

// A sentence for a person, about what the run decided or found.
struct Note {
  std::string text;
};

// Files of labeled rows were read. For question answering the rows are windows, not questions.
struct DataRead {
  std::int64_t train_rows = 0, validation_rows = 0, test_rows = 0;
  std::vector<Finding> findings;            // what is odd in them, the most serious first
  const tasks::DataFacts* facts = nullptr;  // labels, lengths, ...; the library's own, valid during the call
};

// Files of text were read for pre-training, which fine_tune does not do.
struct TextRead {
  std::vector<std::filesystem::path> files;
  std::int64_t documents = 0, sentences = 0, tokens = 0;
};

// A model is in memory and about to be trained.
struct ModelLoaded {
  std::filesystem::path folder;
  std::int64_t num_hidden_layers = 0, hidden_size = 0;
  std::size_t parameters = 0, trained_parameters = 0;
  Precision precision = Precision::fp32;  // of matrix multiplications in training
  LoadReport report;
};

// A run is about to take its first step. Of pre-training there is no plan.
struct RunPlanned {
  RunPlan plan;
};

// The loss that is trained, where it is not plain; before the first step.
struct LossChosen {
  LossOptions options;
  std::vector<std::string> labels;
};

// A resumed run continues after `step`, or at the beginning if there is no checkpoint.
struct Resumed {
  std::int64_t step = 0;
  std::filesystem::path checkpoint;  // empty: there is none
};

struct StepEvent {
  std::int64_t step = 0, total_steps = 0;  // steps done
  double epoch = 0;
  double loss = 0;  // of this step's batch
  double learning_rate = 0, gradient_norm = 0;
  std::int64_t tokens = 0;  // of this batch, all of them real
};

struct EvaluationProgress {
  std::int64_t rows = 0, total_rows = 0;
};

// An evaluation on the validation set during training.
struct EvaluationEvent {
  double epoch = 0;
  std::int64_t step = 0;
  Metrics metrics;
  bool best = false;  // so far
};

struct EarlyStop {
  std::string why;
};

struct CheckpointSaved {
  std::filesystem::path folder;
};

// The loop is over, whatever ended it; testing may follow.
struct TrainingEnded {
  std::int64_t step = 0;
};

struct ModelSaved {
  std::filesystem::path folder;
};

// The finished model's metrics on the test set.
struct Tested {
  Metrics metrics;
};

// A fold of cross_validate begins (fine_tune has none); folds are numbered from 0. `name` is a number from 1,
// or the data's name for the fold.
struct FoldBegins {
  std::int64_t fold = 0, folds = 0;
  std::string name;
  bool given = false;  // by a column of the data
  std::int64_t train_rows = 0, test_rows = 0;
};

// A fold has ended: `metrics` are its model's on the rows that were held out.
struct FoldEnded {
  std::int64_t fold = 0, folds = 0;
  std::string name;
  bool done_before = false;  // by the run that is resumed: no metrics here
  Metrics metrics;
};

// A run of train_seeds begins (fine_tune has none); `number` counts from 0. Its own events follow.
struct SeedBegins {
  std::uint64_t seed = 0;
  std::int64_t number = 0, seeds = 0;
};

// A run of train_seeds has ended.
struct SeedEnded {
  std::uint64_t seed = 0;
  std::int64_t number = 0, seeds = 0;
  bool done_before = false;  // by the run that is resumed: no metrics here
  std::optional<Metrics> validation = {}, test = {};
};

using TrialSettings = std::map<std::string, std::string>;  // values by the names of options

// A trial of tune() begins, or trains on, up to `to_step` of its steps; its own events follow.
struct TrialBegins {
  std::int64_t number = 0;  // 0: the default settings
  TrialSettings settings;
  std::int64_t from_step = 0, to_step = 0, total_steps = 0;
  std::optional<double> seconds_left = {};  // of the budget
};

// A trial of tune() has stopped there, or has finished.
struct TrialEnded {
  std::int64_t number = 0;
  TrialSettings settings;
  std::string outcome;  // as TuneTrial has it
  std::string why = {};
  std::int64_t step = 0, total_steps = 0;
  std::string metric;                // of the score
  std::optional<double> score = {};  // unset: it was not measured
  double seconds = 0;                // of the trial so far
};

using Event =
    std::variant<Note, DataRead, TextRead, ModelLoaded, RunPlanned, LossChosen, Resumed, StepEvent,
                 EvaluationProgress, EvaluationEvent, EarlyStop, CheckpointSaved, TrainingEnded, ModelSaved,
                 Tested, FoldBegins, FoldEnded, SeedBegins, SeedEnded, TrialBegins, TrialEnded>;

}  // namespace bertune
