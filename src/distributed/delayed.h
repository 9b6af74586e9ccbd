// A link that is slower than the one there is: for tests and measurements of networks that are not at hand.
#pragma once

#include <memory>

#include "distributed/communicator.h"
#include "distributed/scaling.h"

namespace bertune::distributed {

// Returns a communicator whose messages take as long as on `link`, or as long as they take if that is longer.
// What is posted before progress() is first called is sent at once. The signs of life are not delayed.
std::unique_ptr<Communicator> delayed(std::unique_ptr<Communicator> engine, const Link& link);

}  // namespace bertune::distributed
