#include "core/temporary_names.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "core/file.h"
#include "core/file_error.h"
#include "core/folder.h"
#include "core/hash.h"
#include "core/writing.h"

namespace bertune {
namespace {

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::size_t kLongestStem = 200;  // bytes; file systems take names of 255

// What comes before ".tmp-". Long names end in a hash: what was made for one is not taken for another's.
std::string stem_of(const std::string& name) {
  if (name.size() <= kLongestStem) return name;
  return fmt::format("{}-{:016x}", std::string_view(name).substr(0, kLongestStem - 17), quick_hash(name));
}

std::uint32_t random_bits() {
  std::uint32_t bits = 0;
  while (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
  }
  return bits;
}

// Drawn once a process: in a container all have the same number.
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
  return path.parent_path() / fmt::format("{}{}{}-{:08x}{:08x}", stem_of(path.filename().string()),
                                          kTemporary, ::getpid(), process_mark(), random_bits());
}

bool is_temporary(const fs::path& path) {
  const std::string name = path.filename().string();
  return parts_of(name).process != 0;
}

bool is_temporary_of(const fs::path& temporary, const fs::path& name) {
  const std::string given = temporary.filename().string();
  const Parts parts = parts_of(given);
  return parts.process != 0 && parts.finished == stem_of(name.string());
}

bool is_left_behind(const fs::path& path) {
  const std::string name = path.filename().string();
  const Parts parts = parts_of(name);
  return !parts.mark.empty() && is_gone(parts);  // a name without a mark may be a person's
}

std::vector<fs::path> left_behind_in(const fs::path& folder) {
  std::vector<fs::path> found = readable_entries_of(folder);
  std::erase_if(found, [](const fs::path& path) { return !is_left_behind(path); });
  return found;
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_directory(const fs::path& path) {
  constexpr std::array kFailures = {EIO, ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM};
  if (writing::sync_folder(path) == 0) return;
  if (std::ranges::find(kFailures, errno) != kFailures.end()) throw_file_error("write", path, errno);
}

}  // namespace bertune
