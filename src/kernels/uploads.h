// Arrays of the host on their way to memory of the table: all that a pass reads goes in one copy.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "kernels/buffer.h"

namespace bertune::kernels {

class Uploads {
 public:
  // Adds a copy of `array`. run() sets `to` to where it is then: null for an empty one.
  template <typename T>
  void add(std::span<const T> array, const T*& to) {
    std::ranges::copy(array, room(array.size(), to).begin());
  }
  template <typename T>
  void add(const std::vector<T>& array, const T*& to) {
    add(std::span<const T>(array), to);
  }
  // Adds an array of `size`, which the caller writes before it adds another.
  template <typename T>
  std::span<T> room(std::size_t size, const T*& to) {
    to = nullptr;
    if (size == 0) return {};
    const std::size_t offset = staged_.size();
    staged_.resize(offset + (size * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment);
    arrays_.push_back({&to, offset, [](void* pointer, const std::byte* place) {
                         *static_cast<const T**>(pointer) = reinterpret_cast<const T*>(place);
                       }});
    return {reinterpret_cast<T*>(staged_.data() + offset), size};
  }

  // Copies all that was added since the last run; what that copied is gone. Memory grows to the largest, and
  // stays.
  void run() {
    if (buffer_.size() < staged_.size()) {
      buffer_ = Buffer<std::byte>();
      buffer_ = Buffer<std::byte>(staged_.size());
    }
    ops().upload(buffer_.data(), staged_.data(), staged_.size());
    for (const Array& array : arrays_) array.set(array.pointer, buffer_.data() + array.offset);
    staged_.clear(), arrays_.clear();
  }

  std::size_t size_bytes() const { return buffer_.size(); }

 private:
  static constexpr std::size_t kAlignment = 64;
  struct Array {
    void* pointer;
    std::size_t offset;
    void (*set)(void* pointer, const std::byte* place);
  };
  std::vector<std::byte> staged_;
  std::vector<Array> arrays_;
  Buffer<std::byte> buffer_;
};

}  // namespace bertune::kernels
