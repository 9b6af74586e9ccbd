// Files in and out. All writing of the project goes through AtomicFile and AtomicDirectory: a crash, a kill
// or a full disk leaves either the old contents or the new, never a part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

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

// Whether something is there and may be seen; never throws.
bool path_exists(const fs::path& path);

// The whole file. Throws Error when it cannot be read or is larger than `max_bytes`.
std::string read_file(const fs::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 30);

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
  int descriptor_ = -1;
};

void write_file_atomically(const fs::path& path, std::string_view text);

// Throws Error unless files can be made in the folder: long work finds out before it begins.
void require_writable(const fs::path& folder);

// A folder that appears under its name, whole, only when commit() returns. Files are written under path().
// What the folder of that name held before and the new one does not (checkpoints, a user's notes) is carried
// over.
class AtomicDirectory {
 public:
  explicit AtomicDirectory(fs::path path);
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;
  ~AtomicDirectory();  // without commit(): the staging folder is removed

  const fs::path& path() const { return staging_; }
  void commit();

 private:
  fs::path path_, staging_;
  bool committed_ = false;
};

// Whether a name is one that the two give to what is not finished; a process that was killed leaves it.
bool is_temporary(const fs::path& path);

// Bytes that a file system can still take at `path` (or at its nearest existing parent).
std::uint64_t free_disk_bytes(const fs::path& path);

}  // namespace bertune
