// The plan of a training run, before its first step: steps, memory, disk, and after a probe the time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bertune/export.h"

namespace bertune {

struct RunPlan {
  std::int64_t steps_per_epoch = 0, total_steps = 0, warmup_steps = 0;
  std::int64_t rows = 0, tokens_per_epoch = 0;
  bool has_few_rows = false;       // for each label, so that other methods may be better (Method::automatic)
  std::int64_t largest_batch = 0;  // tokens of the longest batch that training or evaluation reads
  // Memory in bytes. `resident`: of the process when the plan is made, with the weights and the data.
  std::uint64_t resident = 0, gradients = 0, optimizer = 0, activations = 0, memory_available = 0;
  std::uint64_t disk = 0, disk_available = 0;   // for checkpoints and the model; 0 available: not known
  std::optional<double> step_seconds, seconds;  // of a step on average, of the run; only after a probe
  // Smaller batches, whose gradients are added up with equal results, that fit where memory does not suffice.
  // Unset: all fits, or no size does.
  std::optional<std::int64_t> smaller_batch, accumulation_steps;

  std::uint64_t memory() const { return resident + gradients + optimizer + activations; }
  bool fits_memory() const { return memory_available == 0 || memory() - resident <= memory_available; }
  bool fits_disk() const { return disk_available == 0 || disk <= disk_available; }
};

// Returns one line: "384 steps (128 per epoch), 0.9 of 6.2 GiB memory, 0.3 GiB disk, about 4 min".
BERTUNE_EXPORT std::string to_string(const RunPlan& plan);

}  // namespace bertune
