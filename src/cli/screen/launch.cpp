#include "cli/screen/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <vector>

namespace bertune::cli {
namespace {

std::optional<int> number_in(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stopped != end || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Launch find_launch(const Environment& environment) {
  const auto number = [&](const char* name) { return number_in(environment(name)); };
  std::vector<RankVariables> all(kMpiVariables.begin(), kMpiVariables.end());
  all.push_back({"PMIX_RANK", "SLURM_STEP_NUM_TASKS"});
  for (const auto& [rank, size, here] : all) {
    if (const auto ranks = number(size); ranks && number(rank) && *ranks > 0) {
      const int local = number(here).value_or(*ranks);
      return {.rank = *number(rank),
              .size = *ranks,
              .here = local > 0 ? std::min(local, *ranks) : *ranks,
              .problem = {}};
    }
  }
  if (const int tasks = number("SLURM_STEP_NUM_TASKS").value_or(1); tasks > 1) {
    return {
        .rank = number("SLURM_PROCID").value_or(0),
        .size = tasks,
        .here = tasks,
        .problem = fmt::format("srun has started {} processes that do not know of one another; start them "
                               "with srun --mpi=pmix (srun --mpi=list shows what there is)",
                               tasks)};
  }
  if (const int processes = number("WORLD_SIZE").value_or(1); processes > 1 && number("RANK")) {
    return {.rank = *number("RANK"),
            .size = processes,
            .here = processes,
            .problem = fmt::format("torchrun has started {0} processes (RANK and WORLD_SIZE are set), which "
                                   "needs PyTorch; start them with mpirun -n {0} bertune ..., or one without "
                                   "these variables",
                                   processes)};
  }
  return {};
}

}  // namespace bertune::cli
