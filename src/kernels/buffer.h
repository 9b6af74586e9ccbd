// Memory of a table of operations, zeroed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "kernels/ops.h"

namespace bertune::kernels {

template <typename T>
class Buffer {
 public:
  Buffer() = default;
  // Allocates `size` zeros; few of the first `sparse` will be written, and the rest of them take no memory.
  explicit Buffer(std::size_t size, std::size_t sparse = 0, const OpTable& table = ops())
      : data_(static_cast<T*>(table.allocate(size * sizeof(T), sparse * sizeof(T)))),
        size_(size),
        release_(table.release) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) release_(data_, size_ * sizeof(T));
  }

  // Returns memory that operations read and write; the host does only where the table's memory is the host's.
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_), std::swap(release_, other.release_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  void (*release_)(void*, std::size_t) = nullptr;
};

// Returns number `i`, once the operations that compute it have ended.
template <typename T>
T downloaded(const Buffer<T>& buffer, std::size_t i = 0) {
  T number{};
  ops().download(&number, buffer.data() + i, sizeof(T));
  return number;
}

// Runs an operation that computes one number, and returns it.
template <typename Op>
double result_of(void (*operation)(const Op&), Op op) {
  Buffer<double> result(1);
  op.result = result.data();
  operation(op);
  return downloaded(result);
}

// Returns the Euclidean norm of all segments together.
inline double norm(std::span<const ConstSegment> segments) {
  const SumOfSquares squares{.segments = segments.data(),
                             .count = static_cast<std::int64_t>(segments.size())};
  return std::sqrt(result_of(ops().sum_of_squares, squares));
}
inline double norm(const float* x, std::int64_t size) {
  const ConstSegment all{x, size};
  return norm(std::span(&all, 1));
}

}  // namespace bertune::kernels
