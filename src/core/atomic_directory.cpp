#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/file_error.h"
#include "core/folder_lock.h"
#include "core/temporary_names.h"

namespace bertune {
namespace {

// A staging folder that is complete holds this, naming itself. Once it has changed places with the old
// folder, the file says in the new one where the old one is.
constexpr const char* kReplacing = ".replacing";
constexpr const char* kStemInside = "new";  // the stem of a staging folder in the folder itself

// "out/" names the folder "out", and a link the folder that it leads to: the link stays.
fs::path folder_named(fs::path path) {
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  return error ? path : target;
}

// Returns whether the process works in the folder, or below: it would be left in the old one.
bool is_at_work_in(const fs::path& folder) {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const auto difference = std::mismatch(folder.begin(), folder.end(), here.begin(), here.end());
  return !error && difference.first == folder.end();
}

bool make_folder(const fs::path& path) { return ::mkdir(path.c_str(), 0777) == 0; }

// The errors that say that a folder cannot change places with another, not that the disk is at fault: mount
// points, kernels and file systems without the exchange, parents that may not be written to.
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

// The weights of a model or of an adapter: one that is not in the new folder belongs to the old folder's
// model, and would be taken for the new one's.
constexpr std::array kWeights = {"model.safetensors", "pytorch_model.bin", "adapter_config.json",
                                 "adapter_model.safetensors"};

bool holds_weights(const fs::path& folder) {
  return std::ranges::any_of(kWeights, [&](const char* name) { return path_exists(folder / name); });
}

// Every file of the complete staging folder `staging`, which is in `folder`, takes its place there. Whoever
// is killed meanwhile leaves a staging folder with the rest.
void move_in(const fs::path& staging, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(staging))
    if (!entry.is_directory() && entry.path().filename() != kReplacing) files.push_back(entry.path());
  const bool holds_new_weights = holds_weights(staging);
  for (const char* name : kWeights) {
    std::error_code ignored;
    if (holds_new_weights && !path_exists(staging / name)) fs::remove(folder / name, ignored);
  }
  std::ranges::sort(files, {}, [](const fs::path& file) { return std::pair(order_of(file), file); });
  for (const fs::path& file : files) move_file(file, folder / file.lexically_relative(staging));
  sync_directory(folder);
  fs::remove_all(staging);
}

bool is_of_other_weights(const fs::path& name, bool new_holds_weights) {
  return new_holds_weights && std::ranges::find(kWeights, name) != kWeights.end();
}

// Keeps the files that the old folder held and the new one does not.
void carry_over(const fs::path& old, const fs::path& folder) {
  const bool new_holds_weights = holds_weights(folder);
  for (const auto& entry : fs::directory_iterator(old)) {
    const fs::path name = entry.path().filename(), kept = folder / name;
    std::error_code error;
    if (is_of_other_weights(name, new_holds_weights) || fs::exists(fs::symlink_status(kept, error))) continue;
    fs::rename(entry.path(), kept, error);
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
    if (entry.path().filename() == kReplacing) continue;  // says that all is there
    const MappedFile file(entry.path());
    AtomicFile made(copy);
    made.write(file.bytes());
    made.commit();
  }
  write_file_atomically(to / kReplacing, to.filename().string());
}

void finish_exchange(const fs::path& old, const fs::path& folder) {
  carry_over(old, folder);
  std::error_code ignored;
  fs::remove_all(old, ignored);
  fs::remove(folder / kReplacing, ignored);
}

bool exchange_places(const fs::path& one, const fs::path& other) {
  return ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
}

// Returns whether other file systems begin in the folder: their mount points cannot be carried over.
bool holds_mount_points(const fs::path& folder) {
  struct stat own {};
  if (::stat(folder.c_str(), &own) != 0) return false;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) == 0 && status.st_dev != own.st_dev) return true;
  }
  return false;
}

// Staging folders for `name` that processes which were killed had completed.
std::vector<fs::path> complete_in(const fs::path& where, const fs::path& name) {
  std::vector<fs::path> found = left_behind_in(where);
  std::erase_if(found, [&](const fs::path& path) {
    return finished_name(path) != name || !path_exists(path / kReplacing);
  });
  return found;
}

// The folder that is said to have changed places with this one; empty: none is.
fs::path named_by(const fs::path& folder) {
  if (!path_exists(folder / kReplacing)) return {};
  return parent_of(folder) / fs::path(read_file(folder / kReplacing, 4096)).filename();
}

// Returns whether it is an old folder that a killed process had not carried over.
bool is_to_carry_over(const fs::path& old) {
  std::error_code error;
  return is_left_behind(old) && fs::is_directory(old, error);
}

void finish_complete(const fs::path& folder) {
  const fs::path old = named_by(folder);
  if (is_to_carry_over(old)) {
    finish_exchange(old, folder);
  } else if (!is_temporary(old) || !path_exists(old)) {
    std::error_code ignored;
    fs::remove(folder / kReplacing, ignored);  // it names nothing that Bertune made
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
  for (const fs::path& path : left_behind_in(folder)) fs::remove_all(path, error);
  for (const fs::path& path : left_behind_in(parent_of(folder)))
    if (finished_name(path) == folder.filename()) fs::remove_all(path, error);
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
  fs::create_directories(parent_of(path_), error);
  const bool exists = fs::is_directory(path_, error);
  if (!exists || !is_at_work_in(path_)) {
    staging_ = temporary_name(path_);
    if (make_folder(staging_)) return;
  }
  const int beside = errno;
  staging_ = temporary_name(path_ / kStemInside);
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

// The two folders exchange their names in one step; from then on the staging name holds the old folder.
bool AtomicDirectory::exchange() {
  if (holds_mount_points(path_)) return false;
  ::link((path_ / kLockFile).c_str(), (staging_ / kLockFile).c_str());  // its holder keeps it
  if (!exchange_places(staging_, path_)) {
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
  const fs::path inside = temporary_name(path_ / kStemInside);
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
