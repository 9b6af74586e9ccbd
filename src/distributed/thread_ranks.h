// Ranks that are threads of one process: for tests, which have no launcher.
#pragma once

#include <functional>
#include <optional>

#include "distributed/ranks.h"
#include "distributed/scaling.h"

namespace bertune::distributed {

// Calls body(ranks) on `size` threads at once, each of which is one of the ranks (current()). A rank that
// throws tells the others, which then throw too; the first exception of the rank with the lowest number that
// failed by itself is rethrown here. `silent`: a rank that nobody hears from any more; -1: there is none.
// `link`: what the messages take the time of, if anything.
void run_as_threads(int size, const std::function<void(Ranks&)>& body, Patience patience = {},
                    int silent = -1, const std::optional<Link>& link = {});

}  // namespace bertune::distributed
