#include "core/system_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace bertune {
namespace {

// The number of a line "NAME 123".
std::uint64_t number_of(const char* path, std::string_view wanted) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  for (std::string name, rest; file >> name;) {
    if (name == wanted) file >> number;
    std::getline(file, rest);
  }
  return number;
}

std::uint64_t number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : std::numeric_limits<std::uint64_t>::max();  // "max": no limit
}

constexpr std::uint64_t kKilobyte = 1024;

}  // namespace

std::uint64_t resident_memory() { return kKilobyte * number_of("/proc/self/status", "VmRSS:"); }

std::uint64_t own_memory() { return kKilobyte * number_of("/proc/self/status", "RssAnon:"); }

std::uint64_t available_memory() {
  const std::uint64_t available = kKilobyte * number_of("/proc/meminfo", "MemAvailable:");
  const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max");
  if (limit == std::numeric_limits<std::uint64_t>::max()) return available;
  // Pages of files that nobody has used lately are dropped where memory is needed.
  const std::uint64_t dropped = number_of("/sys/fs/cgroup/memory.stat", "inactive_file"),
                      used = number_in("/sys/fs/cgroup/memory.current");
  const std::uint64_t needed = used - std::min(used, dropped);
  return std::min(available, limit - std::min(limit, needed));
}

}  // namespace bertune
