// The runs of several seeds (`train` with `seeds`): where they lie in their folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/json.h"

namespace bertune::insight {

inline constexpr const char* kSeedsFile = "seeds.json";  // is there when all runs are finished

// FOLDER/seed-<seed>.
std::filesystem::path folder_of_seed(const std::filesystem::path& folder, std::uint64_t seed);

struct SeedGroup {
  Json results;                      // what the file holds
  std::vector<std::uint64_t> seeds;  // of the runs, two or more
};

// Unset where the folder holds no such runs. Throws Error, naming the file, where it is damaged.
std::optional<SeedGroup> read_seed_group(const std::filesystem::path& folder);

}  // namespace bertune::insight
