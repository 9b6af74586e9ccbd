// One allocation of the table's memory, carved into pieces by a plan that runs twice: once to measure, once
// to hand out.
#pragma once

#include <cstdint>

#include "kernels/buffer.h"

namespace bertune::kernels {

class Arena {
 public:
  // `plan(arena)` calls take() for every piece, the same way each time. Memory is allocated again only when
  // the plan needs more than there is; pieces hold their contents until the next layout.
  template <typename Plan>
  void lay_out(const Plan& plan) {
    measuring_ = true, used_ = 0;
    plan(*this);
    if (used_ > buffer_.size()) {
      buffer_ = Buffer<float>();  // never both the old and the new
      buffer_ = Buffer<float>(used_);
    }
    measuring_ = false, used_ = 0;
    plan(*this);
  }

  // Returns the bytes that lay_out() would need for the plan, and takes none.
  template <typename Plan>
  static std::size_t measure(const Plan& plan) {
    Arena arena;
    arena.measuring_ = true;
    plan(arena);
    return arena.used_ * sizeof(float);
  }

  // Room for `floats` numbers, aligned for the widest vectors.
  float* take(std::int64_t floats) {
    const std::size_t at = used_;
    used_ += (static_cast<std::size_t>(floats) + 15) / 16 * 16;
    return measuring_ ? nullptr : buffer_.data() + at;
  }

  std::size_t size_bytes() const { return buffer_.size() * sizeof(float); }

 private:
  Buffer<float> buffer_;
  std::size_t used_ = 0;
  bool measuring_ = false;
};

}  // namespace bertune::kernels
