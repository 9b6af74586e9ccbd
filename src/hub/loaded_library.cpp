#include "hub/loaded_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "hub/hub_error.h"

namespace bertune::hub {

LoadedLibrary::LoadedLibrary(const char* file, const char* package)
    : file_(file), package_(package), handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) {
    throw HubError(
        Failure::unreachable,
        fmt::format("models are downloaded with {}, which cannot be loaded ({}): install the package {}",
                    file, ::dlerror(), package));
  }
}

void* LoadedLibrary::address(const char* name) const {
  void* found = ::dlsym(handle_, name);
  if (found == nullptr)
    throw HubError(
        Failure::unreachable,
        fmt::format("{} is too old, it has no {}: install a newer package {}", file_, name, package_));
  return found;
}

}  // namespace bertune::hub
