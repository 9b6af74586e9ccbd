// The checkpoint folders of a run: what is written there, which is resumed from, which stay.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "bertune/optim.h"
#include "bertune/tokenizer.h"
#include "train/run_state.h"

namespace bertune::train {

std::filesystem::path checkpoint_path(const std::filesystem::path& output_dir, std::int64_t step);

// Returns the step of a folder by its name, "checkpoint-<step>"; nothing of another name.
std::optional<std::int64_t> step_of(const std::filesystem::path& checkpoint);
// All folders of OUTPUT that are named as checkpoints, whole or not, in the order of their steps.
std::vector<std::filesystem::path> checkpoints(const std::filesystem::path& output_dir);

// OUTPUT/checkpoint-<step>: a model folder that Transformers loads, with optimizer.safetensors,
// trainer_state.json (Transformers' keys, and Bertune's under "bertune") and a manifest. Appears whole or not
// at all. Of several ranks, the first writes it; where each has a part of the optimizer's state, the others
// send theirs meanwhile (send_optimizer).
void save_checkpoint(const std::filesystem::path& output_dir, const BertPreTrainedModel& model,
                     const BertTokenizer& tokenizer, optim::Optimizer& optimizer, const RunState& state,
                     const RunIdentity& identity, const StepPlan& plan);

struct ChosenCheckpoint {
  std::filesystem::path folder;           // empty: there is none, and the run begins
  std::vector<std::string> damaged = {};  // newer ones that were passed over, and why
  bool lost_best = false;  // the best weights so far are lost: what comes is compared among itself
};

// The checkpoint with the most steps that is whole, as is the one with the best weights so far, which it
// needs in the end. Throws Error, naming what is wrong with each, where there are checkpoints and none can be
// used.
ChosenCheckpoint newest_whole_checkpoint(const std::filesystem::path& output_dir);

// OUTPUT/trainer_state.json, which says that this run is finished; then its checkpoints go, unless they are
// to be kept.
void finish_run(const std::filesystem::path& output_dir, const RunState& state, const RunIdentity& identity,
                const StepPlan& plan, bool keep_checkpoints);
// Returns whether the run of this identity has left that. Checkpoints that were to go and are there still,
// go.
bool is_finished(const std::filesystem::path& output_dir, const RunIdentity& identity);

// Throws Error, saying what is wrong with it, where a checkpoint is not as it was written.
void require_whole(const std::filesystem::path& checkpoint);

// Restores weights, optimizer and state of a checkpoint that is whole. Throws UsageError, listing what
// differs, when it is of another run. Of several ranks, the first reads it for all.
RunState load_checkpoint(const std::filesystem::path& checkpoint, BertPreTrainedModel& model,
                         optim::Optimizer& optimizer, const RunIdentity& identity);

// Returns a hash of all weights.
std::string hash_of_weights(const BertPreTrainedModel& model);

// Gives all ranks the weights of the first; alone, it does nothing.
void share_weights(BertPreTrainedModel& model);

// Removes the checkpoints of OUTPUT but those of the given steps, and what is left of unfinished ones.
void remove_checkpoints_except(const std::filesystem::path& output_dir,
                               const std::vector<std::int64_t>& steps);

}  // namespace bertune::train
