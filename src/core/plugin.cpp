#include "core/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace bertune {
namespace {

namespace fs = std::filesystem;

// The places where the library may be, the likeliest first.
std::vector<fs::path> plugin_places(const char* file, const char* variable) {
  if (const char* given = std::getenv(variable); given != nullptr && *given != '\0') return {given};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  return {program / file, program.parent_path() / "lib" / "bertune" / file};
}

}  // namespace

Plugin load_plugin(const char* file, const char* variable, int flags) {
  Plugin plugin;
  std::string failures;
  for (const fs::path& path : plugin_places(file, variable)) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    plugin.handle = ::dlopen(path.c_str(), RTLD_NOW | flags);
    if (plugin.handle != nullptr) return plugin;
    failures += fmt::format("; {}", ::dlerror());
  }
  plugin.why = failures.empty() ? "is not beside the program" : "cannot be loaded" + failures;
  return plugin;
}

}  // namespace bertune
