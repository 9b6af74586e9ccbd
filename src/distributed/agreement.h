// Checks that the ranks of a job work on the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "distributed/ranks.h"

namespace bertune::distributed {

// The facts that must be the same on all ranks: a name for a person, and a value, of each.
using Facts = std::vector<std::pair<std::string, std::string>>;

// Compares the facts of all ranks. Throws Error on rank 0, naming what differs and the ranks, which ends the
// job.
void require_same(Ranks& ranks, const Facts& facts);

}  // namespace bertune::distributed
