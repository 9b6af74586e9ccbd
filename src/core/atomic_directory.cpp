#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/temporary_names.h"

namespace bertune {
namespace {

// A staging folder that is complete holds this, naming itself. Once it has changed places with the old
// folder, the file says in the new one where the old one is.
constexpr const char* kReplacing = ".replacing";
constexpr const char* kInside = "new";  // the stem of a staging folder in the folder itself

// "out/" names the folder "out", and a link the folder that it leads to: the link stays.
fs::path folder_named(fs::path path) {
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  return error ? path : target;
}

// Whether the process works in the folder, or below: it would be left in the old one.
bool is_at_work_in(const fs::path& folder) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const auto difference = std::mismatch(folder.begin(), folder.end(), here.begin(), here.end());
  return !error && difference.first == folder.end();
}

bool make_folder(const fs::path& path) { return ::mkdir(path.c_str(), 0777) == 0; }

// What says that a folder cannot change places with another, and not that the disk is at fault: mount points,
// kernels and file systems without the exchange, parents that may not be written to.
bool is_no_exchange(int error) {
  constexpr std::array kErrors = {EBUSY, EINVAL, EXDEV, ENOSYS, EACCES, EPERM, EROFS, ENOTSUP};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

// The later the file, the more is said by its being there: a folder without its configuration is no model
// yet, and a manifest is there only with all that it names.
int order_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "manifest.json") return 4;
  if (name == "bertune.json") return 3;
  if (name == "config.json" || name == "adapter_config.json") return 2;
  return file.extension() == ".safetensors" ? 1 : 0;
}

void move_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (::rename(from.c_str(), to.c_str()) != 0) throw_file_error("replace", to, errno);
}

// Every file of the complete staging folder `staging`, which is in `folder`, takes its place there. Whoever
// is killed meanwhile leaves a staging folder with the rest.
void move_in(const fs::path& staging, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(staging))
    if (!entry.is_directory() && entry.path().filename() != kReplacing) files.push_back(entry.path());
  std::ranges::sort(files, {}, [](const fs::path& file) { return std::pair(order_of(file), file); });
  for (const fs::path& file : files) move_file(file, folder / file.lexically_relative(staging));
  sync_directory(folder);
  fs::remove_all(staging);
}

// What the old folder held and the new one does not.
void carry_over(const fs::path& old, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(old)) {
    const fs::path kept = folder / entry.path().filename();
    std::error_code error;
    if (!fs::exists(fs::symlink_status(kept, error))) fs::rename(entry.path(), kept, error);
    if (error) throw_file_error("carry over", entry.path(), error.value());
  }
  sync_directory(folder);
}

void copy_folder(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path copy = to / entry.path().lexically_relative(from);
    if (entry.is_directory()) {
      fs::create_directory(copy);
      continue;
    }
    const MappedFile file(entry.path());
    AtomicFile made(copy);
    made.write(file.bytes());
    made.commit();
  }
}

void finish_exchange(const fs::path& old, const fs::path& folder) {
  carry_over(old, folder);
  std::error_code ignored;
  fs::remove_all(old, ignored);
  fs::remove(folder / kReplacing, ignored);
}

}  // namespace

void recover_folder(const fs::path& given) {
  const fs::path folder = folder_named(given), parent = parent_of(folder);
  std::error_code error;
  if (path_exists(folder / kReplacing)) {
    const fs::path old = parent / fs::path(read_file(folder / kReplacing, 4096)).filename();
    if (is_left_behind(old) && fs::is_directory(old, error)) {
      finish_exchange(old, folder);
    } else if (!is_temporary(old) || !path_exists(old)) {
      fs::remove(folder / kReplacing, error);  // it names nothing that is ours
    }
  }
  for (const fs::path& path : left_behind_in(folder)) {
    if (finished_name(path) == kInside && path_exists(path / kReplacing)) {
      move_in(path, folder);
    } else {
      fs::remove_all(path, error);
    }
  }
  for (const fs::path& path : left_behind_in(parent))
    if (finished_name(path) == folder.filename()) fs::remove_all(path, error);
}

AtomicDirectory::AtomicDirectory(fs::path path) : path_(folder_named(std::move(path))) {
  recover_folder(path_);
  std::error_code error;
  fs::create_directories(parent_of(path_), error);
  const bool exists = fs::is_directory(path_, error);
  if (!exists || !is_at_work_in(path_)) {
    staging_ = temporary_name(path_);
    if (make_folder(staging_)) return;
  }
  const int beside = errno;
  staging_ = temporary_name(path_ / kInside);
  if (!exists) throw_file_error("create the folder", path_, beside);
  if (!make_folder(staging_)) throw_file_error("write to the folder", path_, errno);
  inside_ = true;
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void AtomicDirectory::commit() {
  if (!inside_ && ::rename(staging_.c_str(), path_.c_str()) == 0) {  // no such folder yet, or an empty one
    committed_ = true;
    sync_directory(parent_of(path_));
    return;
  }
  write_file_atomically(staging_ / kReplacing, staging_.filename().string());
  if (!inside_ && exchange()) return;
  if (!inside_) move_staging_inside();
  committed_ = true;  // the rest is not lost, whatever happens
  move_in(staging_, path_);
}

// Both names change hands in one step; from then on the staging name holds the old folder.
bool AtomicDirectory::exchange() {
  if (::renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
    if (!is_no_exchange(errno)) throw_file_error("replace the folder", path_, errno);
    return false;
  }
  committed_ = true;
  sync_directory(parent_of(path_));
  finish_exchange(staging_, path_);
  return true;
}

// Another file system may begin at the folder: then the files are copied.
void AtomicDirectory::move_staging_inside() {
  const fs::path inside = temporary_name(path_ / kInside);
  if (::rename(staging_.c_str(), inside.c_str()) != 0) {
    if (errno != EXDEV) throw_file_error("write to the folder", path_, errno);
    if (!make_folder(inside)) throw_file_error("write to the folder", path_, errno);
    const fs::path before = std::exchange(staging_, inside);
    try {
      copy_folder(before, inside);
    } catch (...) {
      std::error_code ignored;
      fs::remove_all(before, ignored);
      throw;
    }
    fs::remove_all(before);
  }
  staging_ = inside;
  inside_ = true;
}

}  // namespace bertune
