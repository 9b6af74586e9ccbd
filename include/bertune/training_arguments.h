// The settings of a training run, named as Transformers' TrainingArguments where it has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/lora.h"
#include "bertune/model.h"
#include "bertune/options.h"

namespace bertune {

// The parameters that a run trains, and how fast each: freezing, layer-wise learning rates, low-rank
// adaptation.
struct FineTuning {
  std::optional<std::int64_t> freeze_layers;  // the embeddings, and this many layers from the bottom
  bool freeze_embeddings = false;
  std::vector<std::string> freeze;  // shell patterns for the names of parameters
  bool freeze_eval_mode = false;    // no dropout in the lowest layers where they are frozen
  std::int64_t frozen_cache_mib = 1024;
  // The layer-wise learning-rate decay: the rate is multiplied by 1 for the head, by this for the last layer,
  // by its square for the one below, and so on to the embeddings (BEiT, timm).
  double layer_wise_lr_decay = 1;
  std::optional<LoraConfig> lora;
  bool merge_lora = false;
  bool gradient_checkpointing = false;
};

// The reaction to a training that has collapsed: it gives every row the same scores with the loss of
// guessing, its loss has run away, or it is no longer a finite number. retry: starts over with half the
// learning rate and another seed, at most twice (fine_tune only; elsewhere as stop).
enum class OnCollapse { stop, retry, warn };

// The numbers of gradients on their way between ranks. bfloat16 halves their bytes, and rounds each rank's
// part and their sum: results then depend on the number of ranks.
enum class CommunicationDtype { float32, bfloat16 };

struct TrainingArguments {
  std::filesystem::path output_dir;
  double num_train_epochs = 3;
  std::int64_t max_steps = -1;                   // positive: instead of epochs
  std::int64_t train_batch_size = 32;            // examples per batch
  std::int64_t gradient_accumulation_steps = 1;  // batches per optimizer step
  std::int64_t eval_batch_size = 64;
  // The parts that the rows of a step are dealt out to, a power of two: it fixes the order of sums, and so
  // the weights' last bits, for any number of ranks. 0: 1 for one process; for several, 8, or as many as
  // there are ranks rounded up to a power of two if that is more; a resumed run keeps those that it has.
  std::int64_t shards = 0;
  // Each rank keeps the optimizer's state for a part of the parameters alone, and updates that part (ZeRO-1).
  // The results are the same. No effect in one process.
  bool shard_optimizer = false;
  CommunicationDtype communication_dtype = CommunicationDtype::float32;
  std::string optimizer = "adamw";
  double learning_rate = 5e-5;
  // Options of the optimizer under PyTorch's names. The members after them are shorthand for the options of
  // these names (adam_epsilon: eps). Options that are left out keep their defaults, except that weight_decay
  // is 0.01.
  optim::OptionValues optim_args;
  std::optional<double> weight_decay, adam_beta1, adam_beta2, adam_epsilon, momentum;
  bool nesterov = false;
  double max_grad_norm = 1.0;  // 0: no clipping
  std::string lr_scheduler_type = "linear";
  optim::OptionValues lr_scheduler_kwargs;
  double warmup_ratio = 0.1;
  std::int64_t warmup_steps = 0;  // positive: instead of the ratio
  double label_smoothing_factor = 0;
  std::string class_weights;           // "balanced", "name=weight,...", or one weight per label; empty: none
  double focal_loss_gamma = 0;         // 0: off
  std::optional<Precision> precision;  // of matrix multiplications in training; unset: the fastest here
  std::uint64_t seed = 42;
  std::optional<std::uint64_t> data_seed;  // of the order of rows; unset: the seed
  std::int64_t eval_steps = 0;             // 0: an evaluation after each epoch
  std::int64_t save_steps = 0;             // 0: a checkpoint after each epoch
  std::int64_t logging_steps = 0;          // 0: about a hundred times per run
  std::string metric_for_best_model;       // empty: the task's default
  // The number of evaluations in a row that may be no better than the best by more than the threshold; 0:
  // never stops early.
  std::int64_t early_stopping_patience = 0;
  double early_stopping_threshold = 0;
  OnCollapse on_collapse = OnCollapse::warn;
  SaveDtype save_dtype = SaveDtype::float32;     // of the finished model; checkpoints are always float32
  bool keep_checkpoints = false;                 // else the run's checkpoints go once it has finished
  bool resume = false;                           // from the newest whole checkpoint in output_dir
  std::filesystem::path resume_from_checkpoint;  // with resume: from this folder, or not at all
  bool finish = false;                           // with resume: ends where it stands, and keeps the best
  FineTuning fine_tuning;
};

}  // namespace bertune
