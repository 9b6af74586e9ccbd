#include "insight/results/seed_group.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune::insight {

fs::path folder_of_seed(const fs::path& folder, std::uint64_t seed) {
  return folder / fmt::format("seed-{}", seed);
}

std::optional<SeedGroup> read_seed_group(const fs::path& folder) {
  const fs::path path = folder / kSeedsFile;
  if (!path_exists(path)) return std::nullopt;
  SeedGroup group{.results = parse_json(read_file(path), path.string()), .seeds = {}};
  const Json seeds = group.results.is_object() ? group.results.value("seeds", Json()) : Json();
  if (seeds.is_array()) {
    for (const Json& seed : seeds)
      if (seed.is_number_unsigned()) group.seeds.push_back(seed.get<std::uint64_t>());
  }
  if (group.seeds.size() < 2 || group.seeds.size() != seeds.size())
    throw Error(fmt::format("{}: is damaged: \"seeds\" is not a list of two seeds or more", path.string()));
  return group;
}

}  // namespace bertune::insight
