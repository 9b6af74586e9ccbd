// The folder of a run placed in another one: the best of several.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bertune::runs {

// Makes OUTPUT the folder of the run in `from` as well; what else it holds stays. Left out are checkpoints
// and the entries of these names. Weights get a second name where the disk can, and so take no space.
void place_run(const std::filesystem::path& from, const std::filesystem::path& output,
               const std::vector<std::string>& without);

}  // namespace bertune::runs
