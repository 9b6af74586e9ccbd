#include "distributed/join.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "bertune/error.h"
#include "core/plugin.h"
#include "distributed/mpi/library.h"

namespace bertune::distributed {
namespace {

void* open_library() {
  // Open MPI loads parts of its own, which look for its names among those of all libraries.
  const Plugin plugin = load_plugin(kMpiLibrary, "BERTUNE_MPI_LIBRARY", RTLD_GLOBAL);
  if (plugin.handle != nullptr) return plugin.handle;
  throw Error(fmt::format(
      "several processes were started together, and the library with MPI for them, {}, {}: build Bertune "
      "where MPI is installed (Debian: libopenmpi-dev), or start one process",
      kMpiLibrary, plugin.why));
}

}  // namespace

std::unique_ptr<Communicator> join(int size, double beat) {
  const auto open = reinterpret_cast<OpenMpi*>(::dlsym(open_library(), kOpenMpi));
  if (open == nullptr) throw Error(fmt::format("{} is not Bertune's", kMpiLibrary));
  std::unique_ptr<Communicator> all(open(BERTUNE_VERSION, beat));
  if (all == nullptr)
    throw Error(fmt::format("{} is of another version of Bertune than {}", kMpiLibrary, BERTUNE_VERSION));
  if (all->size() == size) return all;
  throw Error(fmt::format(
      "the launcher has started {} processes, and MPI finds {}: the launcher is of another MPI than the one "
      "that {} was built with; take its mpirun, or build Bertune with the MPI of this one",
      size, all->size(), kMpiLibrary));
}

}  // namespace bertune::distributed
