// Launchers (mpirun, srun) tell a process by variables that it is one of several ranks.
#pragma once

#include <functional>
#include <string>

namespace bertune::cli {

// Returns a variable of the environment; empty where it is not set.
using Environment = std::function<std::string(const char*)>;
std::string variable(const char* name);  // of this process

struct Launch {
  int rank = 0, size = 1;  // as the launcher says
  std::string problem;     // empty: none; else why the ranks cannot find one another, and what to do

  bool is_alone() const { return size == 1 && problem.empty(); }
};

// Reads the variables of Open MPI, MPICH and its relatives, and PMIx. N processes that srun or torchrun have
// started without MPI are a problem: each would do the whole work.
Launch find_launch(const Environment& environment);

}  // namespace bertune::cli
