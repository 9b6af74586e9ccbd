#include "core/temporary_names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "core/descriptor.h"
#include "core/file.h"
#include "core/file_error.h"

namespace bertune {
namespace {

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::size_t kLongestStem = 200;  // bytes; file systems take names of 255

std::uint32_t random_bits() {
  std::uint32_t bits = 0;
  while (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
  }
  return bits;
}

// Returns random bits that are drawn once per process: in a container all processes have the same number.
std::uint32_t process_mark() {
  static const std::uint32_t mark = random_bits();
  return mark;
}

struct Parts {
  std::string_view finished;
  pid_t process = 0;
  std::string_view mark;  // of the process, and 8 more digits; empty in names of earlier versions
};

// "NAME.tmp-PROCESS-RANDOM", or without the last part, as earlier versions wrote it.
Parts parts_of(std::string_view name) {
  const std::size_t mark = name.rfind(kTemporary);
  if (mark == name.npos) return {};
  std::string_view rest = name.substr(mark + kTemporary.size());
  Parts parts;
  parts.finished = name.substr(0, mark);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), parts.process);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  const bool random =
      rest.size() == 17 && rest[0] == '-' && rest.find_first_not_of("0123456789abcdef", 1) == rest.npos;
  if (random) parts.mark = rest.substr(1);
  return error == std::errc() && (rest.empty() || random) ? parts : Parts{};
}

bool is_gone(const Parts& parts) {
  if (parts.process == ::getpid()) return !parts.mark.starts_with(fmt::format("{:08x}", process_mark()));
  return ::kill(parts.process, 0) != 0 && errno == ESRCH;
}

}  // namespace

fs::path temporary_name(const fs::path& path) {
  const std::string stem = path.filename().string().substr(0, kLongestStem);
  return path.parent_path() /
         fmt::format("{}{}{}-{:08x}{:08x}", stem, kTemporary, ::getpid(), process_mark(), random_bits());
}

bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  return parts_of(name).process != 0;
}

std::string finished_name(const fs::path& temporary) {
  const std::string name = temporary.filename().string();
  return std::string(parts_of(name).finished);
}

bool is_left_behind(const fs::path& path) {
  const std::string name = path.filename().string();
  const Parts parts = parts_of(name);
  return !parts.mark.empty() && is_gone(parts);  // a name without a mark may be a person's
}

std::vector<fs::path> left_behind_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (is_left_behind(entry->path())) found.push_back(entry->path());
  return found;
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) == 0) return;
  if (errno == EIO || errno == ENOSPC || errno == EDQUOT) throw_file_error("write", path, errno);
}

}  // namespace bertune
