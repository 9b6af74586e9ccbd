#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/folder.h"
#include "core/folder_lock.h"
#include "core/model_files.h"
#include "core/temporary_names.h"
#include "core/writing.h"

namespace bertune {
namespace {

// A staging folder that is complete holds this, naming itself. Once it has changed places with the old
// folder, the file says in the new one where the old one is.
constexpr const char* kReplacing = ".replacing";
// Says of a staging folder in the folder itself that its files are taking their places.
constexpr const char* kMoving = ".moving";
constexpr const char* kStemInside = "new";  // the stem of a staging folder in the folder itself

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

// What says that a folder cannot change places with another, and not that the disk is at fault: mount points,
// kernels and file systems without the exchange, parents that may not be written to.
bool is_no_exchange(int error) {
  constexpr std::array kErrors = {EBUSY, EINVAL, EXDEV, ENOSYS, EACCES, EPERM, EROFS, ENOTSUP};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

void move_file(const fs::path& from, const fs::path& to) {
  writing::make_folders(to.parent_path());
  if (writing::rename(from, to) != 0) throw_file_error("replace", to, errno);
}

// Before the first file takes its place: from then on the staging folder no longer says what is new.
void remove_of_other_model(const fs::path& staging, const fs::path& folder) {
  if (!holds_weights(staging)) return;
  for (const char* name : model_files())
    if (!path_exists(staging / name)) writing::unlink(folder / name);
  sync_directory(folder);
}

// Every file of the complete staging folder `staging`, which is in `folder`, takes its place there. Whoever
// is killed meanwhile leaves a staging folder with the rest.
void move_in(const fs::path& staging, const fs::path& folder) {
  if (!path_exists(staging / kMoving)) {
    remove_of_other_model(staging, folder);
    write_file_atomically(staging / kMoving, "");
  }
  std::vector<fs::path> files = files_below(staging);
  std::erase_if(files, [](const fs::path& file) {
    return file.filename() == kReplacing || file.filename() == kMoving;
  });
  std::ranges::sort(files, {}, [](const fs::path& file) { return std::pair(order_of(file), file); });
  for (const fs::path& file : files) move_file(file, folder / file.lexically_relative(staging));
  sync_directory(folder);
  writing::remove_tree(staging);
}

// What the old folder held and the new one does not.
void carry_over(const fs::path& old, const fs::path& folder) {
  const bool new_holds_weights = holds_weights(folder);
  for (const fs::path& entry : entries_of(old)) {
    const fs::path name = entry.filename(), kept = folder / name;
    std::error_code error;
    if ((new_holds_weights && is_model_file(name)) || fs::exists(fs::symlink_status(kept, error))) continue;
    if (writing::rename(entry, kept) != 0) throw_file_error("carry over", entry, errno);
  }
  sync_directory(folder);
}

void copy_folder(const fs::path& from, const fs::path& to) {
  for (const fs::path& path : files_below(from)) {
    if (path.filename() == kReplacing) continue;  // says that all is there
    const fs::path copy = to / path.lexically_relative(from);
    writing::make_folders(copy.parent_path());
    const MappedFile file(path);
    AtomicFile made(copy);
    made.write(file.bytes());
    made.commit();
  }
  write_file_atomically(to / kReplacing, to.filename().string());
}

void finish_exchange(const fs::path& old, const fs::path& folder) {
  carry_over(old, folder);
  writing::remove_tree(old);
  writing::unlink(folder / kReplacing);
}

bool exchange_places(const fs::path& one, const fs::path& other) {
  return writing::exchange(one, other) == 0;
}

// Whether other file systems begin in the folder: their mount points cannot be carried over.
bool holds_mount_points(const fs::path& folder) {
  struct stat own {};
  if (::stat(folder.c_str(), &own) != 0) return false;
  for (const fs::path& entry : readable_entries_of(folder)) {
    struct stat status {};
    if (::lstat(entry.c_str(), &status) == 0 && status.st_dev != own.st_dev) return true;
  }
  return false;
}

// Staging folders for `name` that processes which were killed had completed.
std::vector<fs::path> complete_in(const fs::path& where, const fs::path& name) {
  std::vector<fs::path> found = left_behind_in(where);
  std::erase_if(found, [&](const fs::path& path) {
    return !is_temporary_of(path, name) || !path_exists(path / kReplacing);
  });
  return found;
}

// The folder that is said to have changed places with this one; empty: none is.
fs::path named_by(const fs::path& folder) {
  if (!path_exists(folder / kReplacing)) return {};
  return parent_of(folder) / fs::path(read_file(folder / kReplacing, 4096)).filename();
}

// Whether it is an old folder that a killed process had not carried over.
bool is_to_carry_over(const fs::path& old) {
  std::error_code error;
  return is_left_behind(old) && fs::is_directory(old, error);
}

void finish_complete(const fs::path& folder) {
  const fs::path old = named_by(folder);
  if (is_to_carry_over(old)) {
    finish_exchange(old, folder);
  } else if (!is_temporary(old) || !path_exists(old)) {
    writing::unlink(folder / kReplacing);  // it names nothing that is ours
  }
  for (const fs::path& path : complete_in(folder, kStemInside)) move_in(path, folder);
  for (const fs::path& path : complete_in(parent_of(folder), folder.filename()))
    if (exchange_places(path, folder)) finish_exchange(path, folder);
}

}  // namespace

void recover_folder(const fs::path& given) {
  const fs::path folder = folder_named(given);
  std::error_code error;
  if (!fs::is_directory(folder, error)) return;
  const bool is_ours = FolderLock::is_held_here(folder);
  const std::optional<FolderLock> lock = is_ours ? std::nullopt : FolderLock::try_to_lock(folder);
  if (!is_ours && !lock) return;
  finish_complete(folder);
  for (const fs::path& path : left_behind_in(folder)) writing::remove_tree(path);
  for (const fs::path& path : left_behind_in(parent_of(folder)))
    if (is_temporary_of(path, folder.filename())) writing::remove_tree(path);
}

void finish_folder(const fs::path& given) {
  const fs::path folder = folder_named(given);
  if (!is_to_carry_over(named_by(folder)) && complete_in(folder, kStemInside).empty() &&
      complete_in(parent_of(folder), folder.filename()).empty())
    return;
  if (const std::optional<FolderLock> lock = FolderLock::try_to_lock(folder)) finish_complete(folder);
}

AtomicDirectory::AtomicDirectory(fs::path path) : path_(folder_named(std::move(path))) {
  recover_folder(path_);
  std::error_code error;
  writing::make_folders(parent_of(path_));
  const bool exists = fs::is_directory(path_, error);
  if (!exists || !is_at_work_in(path_)) {
    staging_ = temporary_name(path_);
    if (writing::mkdir(staging_) == 0) return;
  }
  const int beside = errno;
  staging_ = temporary_name(path_ / kStemInside);
  if (!exists) throw_file_error("create the folder", path_, beside);
  if (writing::mkdir(staging_) != 0) throw_file_error("write to the folder", path_, errno);
  inside_ = true;
}

AtomicDirectory::~AtomicDirectory() {
  try {
    if (!committed_) writing::remove_tree(staging_);
  } catch (const std::exception&) {  // no memory for names: the next one to write there removes it
  }
}

void AtomicDirectory::commit() {
  if (!inside_ && writing::rename(staging_, path_) == 0) {  // no such folder yet, or an empty one
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
  if (holds_mount_points(path_)) return false;
  writing::link(path_ / kLockFile, staging_ / kLockFile);  // whoever holds it goes on holding it
  if (!exchange_places(staging_, path_)) {
    if (!is_no_exchange(errno)) throw_file_error("replace the folder", path_, errno);
    writing::unlink(staging_ / kLockFile);
    return false;
  }
  committed_ = true;
  sync_directory(parent_of(path_));
  finish_exchange(staging_, path_);
  return true;
}

// Another file system may begin at the folder: then the files are copied.
void AtomicDirectory::move_staging_inside() {
  const fs::path inside = temporary_name(path_ / kStemInside);
  if (writing::rename(staging_, inside) != 0) {
    if (errno != EXDEV) throw_file_error("write to the folder", path_, errno);
    if (writing::mkdir(inside) != 0) throw_file_error("write to the folder", path_, errno);
    const fs::path before = std::exchange(staging_, inside);
    try {
      copy_folder(before, inside);
    } catch (...) {
      writing::remove_tree(before);
      throw;
    }
    writing::remove_tree(before);
  }
  staging_ = inside;
  inside_ = true;
}

}  // namespace bertune
