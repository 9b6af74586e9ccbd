#include "core/large_blocks.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>

#include "core/descriptor.h"
#include "core/temporary_names.h"
#include "core/writing.h"

namespace bertune {
namespace {

struct Block {
  void* memory;
  std::size_t bytes;
  bool in_file;
};

// Nothing is allocated or freed while the mutex is held: that would come back here.
struct Keeper {
  LargeBlocks options;
  std::mutex mutex;
  std::array<Block, 4096> blocks{};
  std::size_t count = 0;
  std::uint64_t in_memory = 0, in_files = 0;

  std::uint64_t& total(bool in_file) { return in_file ? in_files : in_memory; }
};

Keeper* keeper = nullptr;  // never destroyed: memory is freed to the end
std::atomic<std::size_t> smallest{std::numeric_limits<std::size_t>::max()};

// Checkpoints, and whoever else writes there, need some of the disk.
bool has_room(const std::filesystem::path& folder, std::size_t bytes) {
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 30, kShare = 20;
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) return false;
  if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) return false;
  const auto block = static_cast<std::uint64_t>(system.f_bsize);
  const std::uint64_t left = std::max(kLeast, system.f_blocks / kShare * block);
  return system.f_bavail * block >= left && system.f_bavail * block - left >= bytes;
}

// A file that is gone when the process is, however that ends.
Descriptor nameless_file(const std::filesystem::path& folder) {
  constexpr mode_t kOwner = 0600;
  Descriptor file(writing::open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, kOwner));
  if (file.get() >= 0) return file;
  const std::filesystem::path name = temporary_name(folder / "bertune-data");
  file = Descriptor(writing::open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwner));
  if (file.get() >= 0) writing::unlink(name);
  return file;
}

void* map(std::size_t bytes, int file) {
  const int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// The disk's space is taken at once: a write to memory could not say that it is full.
void* map_file(std::size_t bytes) try {
  if (!has_room(keeper->options.folder, bytes)) return nullptr;
  const Descriptor file = nameless_file(keeper->options.folder);
  if (file.get() < 0 || ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes)) != 0) return nullptr;
  return map(bytes, file.get());
} catch (const std::exception&) {
  return nullptr;
}

}  // namespace

void keep_large_blocks(const LargeBlocks& options) {
  if (keeper == nullptr) keeper = new Keeper;
  keeper->options = options;
  smallest = options.smallest;
}

void* allocate_large(std::size_t bytes) noexcept {
  if (bytes < smallest.load(std::memory_order_relaxed)) return nullptr;
  bool wants_file = false;
  {
    const std::lock_guard lock(keeper->mutex);
    wants_file = keeper->in_memory + bytes > keeper->options.budget;
    keeper->total(wants_file) += bytes;
  }
  void* memory = wants_file ? map_file(bytes) : nullptr;
  const bool in_file = memory != nullptr;
  if (!in_file) memory = map(bytes, -1);
  {
    const std::lock_guard lock(keeper->mutex);
    keeper->total(wants_file) -= bytes;
    if (memory == nullptr) return nullptr;
    if (keeper->count < keeper->blocks.size()) {
      keeper->blocks[keeper->count++] = {memory, bytes, in_file};
      keeper->total(in_file) += bytes;
      return memory;
    }
  }
  ::munmap(memory, bytes);
  return nullptr;
}

bool release_large(void* memory) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  if (keeper == nullptr || memory == nullptr || reinterpret_cast<std::uintptr_t>(memory) % kPage != 0)
    return false;
  Block found{};
  {
    const std::lock_guard lock(keeper->mutex);
    const auto end = keeper->blocks.begin() + static_cast<std::ptrdiff_t>(keeper->count);
    const auto block =
        std::find_if(keeper->blocks.begin(), end, [&](const Block& one) { return one.memory == memory; });
    if (block == end) return false;
    found = *block;
    *block = keeper->blocks[--keeper->count];
    keeper->total(found.in_file) -= found.bytes;
  }
  ::munmap(found.memory, found.bytes);
  return true;
}

std::uint64_t large_bytes_in_files() noexcept {
  if (keeper == nullptr) return 0;
  const std::lock_guard lock(keeper->mutex);
  return keeper->in_files;
}

const char* large_file_at(const void* address) noexcept {
  if (keeper == nullptr) return nullptr;
  for (std::size_t i = 0; i < keeper->count; ++i) {
    const Block& block = keeper->blocks[i];
    const auto* begin = static_cast<const char*>(block.memory);
    if (block.in_file && address >= begin && address < begin + block.bytes)
      return keeper->options.folder.c_str();
  }
  return nullptr;
}

}  // namespace bertune
