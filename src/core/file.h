// Files in and out. All writing of the project goes through AtomicFile and AtomicDirectory: a crash, a kill
// or a full disk leaves either the old contents or the new, never a part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/descriptor.h"

namespace bertune {

namespace fs = std::filesystem;

// A read-only file in memory (mmap). Throws Error naming the file and the reason.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Gives the memory back; what is read again comes from the file again.
  void release_pages() const;
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// The name of the mapped file that holds this address, or null. For a handler of SIGBUS, which comes where
// another program has cut a file off that is mapped: takes no lock and no memory.
const char* mapped_file_at(const void* address);

// Returns whether something is there and may be seen; never throws.
bool path_exists(const fs::path& path);

// The whole file. Throws Error when it cannot be read, is larger than `max_bytes`, or is no regular file: a
// pipe in a downloaded folder would be waited for without end.
std::string read_file(const fs::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 30);
// The same of whatever the user names: a pipe or /dev/stdin too.
std::string read_file_or_pipe(const fs::path& path, std::uint64_t max_bytes);

// Reads from a place in an open file on, and returns how many bytes came: fewer than `into` holds at its end,
// or where it cannot be read.
std::size_t read_at(const Descriptor& file, std::uint64_t offset, std::span<char> into);

// A file that appears under its name only when commit() returns: written beside it, synced, renamed.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // without commit(): the temporary file is removed, the old contents stay

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
  // Replaces bytes that were written. Throws Error for pipes, whose bytes are gone.
  void rewrite(std::uint64_t offset, std::string_view text);
  void commit();

 private:
  fs::path path_, temporary_;  // temporary_ is empty for devices and pipes, which are written directly
  Descriptor descriptor_;
};

void write_file_atomically(const fs::path& path, std::string_view text);

// Throws Error unless files can be made in the folder.
void require_writable(const fs::path& folder);

// A folder that appears under its name, whole, only when commit() returns. Files are written under path().
// What the folder of that name held before and the new one does not (checkpoints, a user's notes) is carried
// over.
//
// The old folder and the new change places in one step. Where they cannot (the folder is a mount point, the
// working folder, or in one that may not be written to; the file system has no exchange), the new one is made
// inside the old, and its files take their places one by one, those that make a model of it last. Killed
// meanwhile, it is finished by recover_folder().
class AtomicDirectory {
 public:
  // Throws Error where the folder can be made or replaced in neither way.
  explicit AtomicDirectory(fs::path path);
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;
  ~AtomicDirectory();  // without commit(): the staging folder is removed

  const fs::path& path() const { return staging_; }
  bool replaces_files() const { return inside_; }  // one by one, and not the folder
  void commit();

 private:
  bool exchange();
  void move_staging_inside();

  fs::path path_, staging_;
  bool inside_ = false, committed_ = false;
};

// Completes a folder before it is read: what a process that was killed had completed takes its place. Nothing
// is removed, and nothing is done where another process is at it, or where the folder cannot be written to.
void finish_folder(const fs::path& folder);

// Ends what a process that was killed had begun with a folder: what it had carried over in part is carried
// over, what was complete takes its place, and what was not is removed.
void recover_folder(const fs::path& folder);

// Returns whether `path` is a temporary name of AtomicFile or AtomicDirectory. A killed process can leave
// such files behind.
bool is_temporary(const fs::path& path);

// Bytes that a file system can still take at `path` (or at its nearest existing parent).
std::uint64_t free_disk_bytes(const fs::path& path);

}  // namespace bertune
