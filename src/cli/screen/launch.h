// Launchers (mpirun, srun) tell a process by variables that it is one of several ranks.
#pragma once

#include <array>
#include <functional>
#include <string>

namespace bertune::cli {

// Returns a variable of the environment; empty where it is not set.
using Environment = std::function<std::string(const char*)>;
std::string variable(const char* name);  // of this process

struct RankVariables {
  const char *rank, *size, *here = "";  // here: how many ranks the machine has
};
// The variables of Open MPI, of MPICH and its relatives, and of MVAPICH.
inline constexpr std::array<RankVariables, 3> kMpiVariables = {
    {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"},
     {"PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"},
     {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE"}}};

struct Launch {
  int rank = 0, size = 1;  // as the launcher says
  int here = 1;            // of them on this machine, or all where that is not known
  std::string problem;     // empty: none; else why the ranks cannot find one another, and what to do

  bool is_alone() const { return size == 1 && problem.empty(); }
};

// Reads the variables of Open MPI, MPICH and its relatives, and PMIx. N processes that srun or torchrun have
// started without MPI are a problem: each would do the whole work.
Launch find_launch(const Environment& environment);

}  // namespace bertune::cli
