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

template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // The first `sparse` numbers are kept on small pages: of those, few will be written.
  explicit AlignedBuffer(std::size_t size, std::size_t sparse = 0) : size_(size) {
    if (size == 0) return;
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    bytes_ = size * sizeof(T);
    if (bytes_ < kHugePage) {
      data_ = static_cast<T*>(std::aligned_alloc(64, (bytes_ + 63) / 64 * 64));
      if (data_ == nullptr) throw std::bad_alloc();
      std::memset(static_cast<void*>(data_), 0, bytes_);
      bytes_ = 0;
      return;
    }
    void* mapped = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<T*>(mapped);
    const std::size_t dense = (sparse * sizeof(T) + kHugePage - 1) / kHugePage * kHugePage;
    if (dense < bytes_) ::madvise(static_cast<char*>(mapped) + dense, bytes_ - dense, MADV_HUGEPAGE);
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    AlignedBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~AlignedBuffer() {
    if (bytes_ != 0) {
      ::munmap(data_, bytes_);
    } else {
      std::free(data_);
    }
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_), std::swap(bytes_, other.bytes_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, bytes_ = 0;  // bytes_: of the mapping; 0 when allocated from the heap
};

}  // namespace bertune
