#include "core/folder.h"

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "core/file_error.h"

namespace bertune {
namespace {

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Returns 0, or why not all was read.
int read_entries(const std::filesystem::path& path, std::vector<std::filesystem::path>& entries) {
  const std::unique_ptr<DIR, Close> folder(::opendir(path.c_str()));
  if (folder == nullptr) return errno;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) return errno;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back(path / name);
  }
}

void add_files_below(const std::filesystem::path& folder, std::vector<std::filesystem::path>& files) {
  for (std::filesystem::path& entry : entries_of(folder)) {
    if (std::filesystem::is_directory(std::filesystem::symlink_status(entry)))
      add_files_below(entry, files);
    else
      files.push_back(std::move(entry));
  }
}

}  // namespace

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  if (const int error = read_entries(folder, entries); error != 0) throw_file_error("read", folder, error);
  return entries;
}

std::vector<std::filesystem::path> readable_entries_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  return read_entries(folder, entries) == 0 ? entries : std::vector<std::filesystem::path>();
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  add_files_below(folder, files);
  return files;
}

}  // namespace bertune
