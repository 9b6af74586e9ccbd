// Zeroed memory aligned for the widest vectors, on huge pages where the system grants them. Pages that are
// never written take no memory.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <utility>

namespace bertune {

// Makes pages for numbers that will be read and written, where there are none yet; the numbers stay as they
// are. Where the first access reads, the system shows a shared page of zeros, and has to stop all threads
// when it replaces it at the first write.
inline void make_pages(std::span<float> numbers) {
  constexpr std::size_t kPage = 4096 / sizeof(float);
  const auto write_to = [&](std::size_t i) {
    std::uint32_t zero = 0;
    __atomic_compare_exchange_n(reinterpret_cast<std::uint32_t*>(&numbers[i]), &zero, 0U, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  };
  for (std::size_t i = 0; i < numbers.size(); i += kPage) write_to(i);
  if (!numbers.empty()) write_to(numbers.size() - 1);
}

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;  // bytes; less comes from the heap

// Zeroed memory for `bytes`; the first `sparse` of them are kept on small pages: of those, few will be
// written. Throws std::bad_alloc.
inline void* allocate_zeroed(std::size_t bytes, std::size_t sparse) {
  if (bytes == 0) return nullptr;
  if (bytes < kHugePage) {
    void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == nullptr) throw std::bad_alloc();
    return std::memset(memory, 0, bytes);
  }
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const std::size_t dense = (sparse + kHugePage - 1) / kHugePage * kHugePage;
  if (dense < bytes) ::madvise(static_cast<char*>(mapped) + dense, bytes - dense, MADV_HUGEPAGE);
  return mapped;
}
inline void release_zeroed(void* memory, std::size_t bytes) {
  if (bytes < kHugePage) {
    std::free(memory);
  } else {
    ::munmap(memory, bytes);
  }
}

template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // The first `sparse` numbers are kept on small pages: of those, few will be written.
  explicit AlignedBuffer(std::size_t size, std::size_t sparse = 0)
      : data_(static_cast<T*>(allocate_zeroed(size * sizeof(T), sparse * sizeof(T)))), size_(size) {}
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    AlignedBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~AlignedBuffer() { release_zeroed(data_, size_ * sizeof(T)); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  void swap(AlignedBuffer& other) noexcept { std::swap(data_, other.data_), std::swap(size_, other.size_); }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bertune
