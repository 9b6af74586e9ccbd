// The ranks of a job, found by MPI, whose library is loaded when there are several.
#pragma once

#include <memory>

#include "distributed/communicator.h"

namespace bertune::distributed {

// Loads the library with MPI (libbertune_mpi.so, beside the program, in ../lib/bertune, or as
// BERTUNE_MPI_LIBRARY says), and joins the other ranks. `size`: how many the launcher has started. `beat`:
// seconds between the signs of life that ranks give one another. Throws Error where there is no such library,
// or it finds another number of ranks.
std::unique_ptr<Communicator> join(int size, double beat);

}  // namespace bertune::distributed
