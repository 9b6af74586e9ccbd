#include "distributed/join.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "bertune/error.h"
#include "distributed/mpi/library.h"

namespace bertune::distributed {
namespace {

namespace fs = std::filesystem;

// The places where the library may be, the likeliest first.
std::vector<fs::path> library_places() {
  if (const char* given = std::getenv("BERTUNE_MPI_LIBRARY"); given != nullptr && *given != '\0')
    return {given};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  return {program / kMpiLibrary, program.parent_path() / "lib" / "bertune" / kMpiLibrary};
}

void* open_library() {
  std::string failures;
  for (const fs::path& path : library_places()) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    // Open MPI loads parts of its own, which look for its names among those of all libraries.
    if (void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) return handle;
    failures += fmt::format("; {}", ::dlerror());
  }
  throw Error(fmt::format(
      "several processes were started together, and the library with MPI for them, {}, {}: build Bertune "
      "where MPI is installed (Debian: libopenmpi-dev), or start one process",
      kMpiLibrary, failures.empty() ? "is not beside the program" : "cannot be loaded" + failures));
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
