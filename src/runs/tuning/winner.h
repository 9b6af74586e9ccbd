// The choice of the trial whose model a search leaves.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "runs/tuning/trial.h"

namespace bertune::runs {

struct Winner {
  std::size_t trial = 0;
  std::string why = {};  // a sentence for a person
};

// The best finished trial where its difference to the default settings is above one standard error, or where
// these have not finished; else the default settings. Unset where no trial has finished. `metric`: its name.
std::optional<Winner> winner_of(std::span<const Trial> trials, const std::string& metric);

// The difference of a trial's metric on validation rows to that of the default settings, by their folders:
// of the metric itself where rows have it, else of the first one that they have.
TrialDifference difference_of(const std::filesystem::path& usual, const std::filesystem::path& trial,
                              const std::string& metric);

}  // namespace bertune::runs
