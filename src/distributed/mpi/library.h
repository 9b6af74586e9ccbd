// The program and its library with MPI know this of one another.
#pragma once

#include "distributed/communicator.h"

namespace bertune::distributed {

inline constexpr const char* kMpiLibrary = "libbertune_mpi.so";
inline constexpr const char* kOpenMpi = "bertune_open_mpi";

// Begins MPI and returns the ranks of the job; null if `version` is another one than the library's.
using OpenMpi = Communicator*(const char* version, double beat);

}  // namespace bertune::distributed
