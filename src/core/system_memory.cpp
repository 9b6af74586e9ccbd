#include "core/system_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace bertune {
namespace {

// The number of a line "NAME:  123 kB", in bytes.
std::uint64_t kilobytes_in(const char* path, std::string_view wanted) {
  std::ifstream file(path);
  std::uint64_t kilobytes = 0;
  for (std::string name, rest; file >> name;) {
    if (name == wanted) file >> kilobytes;
    std::getline(file, rest);
  }
  return 1024 * kilobytes;
}

std::uint64_t number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : std::numeric_limits<std::uint64_t>::max();  // "max": no limit
}

}  // namespace

std::uint64_t own_memory() { return kilobytes_in("/proc/self/status", "RssAnon:"); }

std::uint64_t available_memory() {
  const std::uint64_t available = kilobytes_in("/proc/meminfo", "MemAvailable:");
  const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max"),
                      used = number_in("/sys/fs/cgroup/memory.current");
  if (limit == std::numeric_limits<std::uint64_t>::max() || used >= limit) return available;
  return std::min(available, limit - used);
}

}  // namespace bertune
