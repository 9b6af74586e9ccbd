// Transformers counts the examples of a step for each process, and Bertune those of all.
#pragma once

#include <string>
#include <vector>

namespace bertune::cli {

// Returns the value of an option as the option takes it: that of Transformers' names for the examples of one
// process is multiplied by the number of processes, with a note. `name`: as it was given.
std::string for_all_ranks(const std::string& name, const std::string& value, std::vector<std::string>& notes);

}  // namespace bertune::cli
