// The ids of a large corpus end to end, two bytes each where the vocabulary allows. They lie in blocks, so
// that growing never needs room for a second copy.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace bertune::data {

class TokenIds {
 public:
  // Ids run below `id_limit`.
  explicit TokenIds(std::int64_t id_limit) : narrow_(id_limit <= (std::int64_t{1} << 16)) {}

  std::int64_t size() const { return size_; }
  std::int64_t bytes_per_id() const { return narrow_ ? 2 : 4; }

  void append(std::span<const std::int32_t> ids) {
    for_parts(size_, ids.size(),
              [&](std::size_t block, std::size_t place, std::size_t done, std::size_t count) {
                if (block == (narrow_ ? narrow_blocks_.size() : wide_blocks_.size())) add_block();
                const auto part = ids.subspan(done, count);
                if (narrow_) {
                  std::transform(part.begin(), part.end(), narrow_blocks_[block].get() + place,
                                 [](std::int32_t id) { return static_cast<std::uint16_t>(id); });
                } else {
                  std::copy(part.begin(), part.end(), wide_blocks_[block].get() + place);
                }
              });
    size_ += static_cast<std::int64_t>(ids.size());
  }

  // Ids [first, first + to.size()), which there must be.
  void copy(std::int64_t first, std::span<std::int32_t> to) const {
    for_parts(first, to.size(),
              [&](std::size_t block, std::size_t place, std::size_t done, std::size_t count) {
                if (narrow_) {
                  std::copy_n(narrow_blocks_[block].get() + place, count, to.data() + done);
                } else {
                  std::copy_n(wide_blocks_[block].get() + place, count, to.data() + done);
                }
              });
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;

  // Calls visit(block, place in it, ids done before, ids) for each block that ids [first, first + count)
  // touch.
  template <typename Visit>
  static void for_parts(std::int64_t first, std::size_t count, const Visit& visit) {
    for (std::size_t done = 0; done < count;) {
      const std::size_t at = static_cast<std::size_t>(first) + done, place = at % kBlock;
      const std::size_t part = std::min(count - done, kBlock - place);
      visit(at / kBlock, place, done, part);
      done += part;
    }
  }
  void add_block() {
    if (narrow_) {
      narrow_blocks_.push_back(std::make_unique_for_overwrite<std::uint16_t[]>(kBlock));
    } else {
      wide_blocks_.push_back(std::make_unique_for_overwrite<std::int32_t[]>(kBlock));
    }
  }

  bool narrow_;
  std::int64_t size_ = 0;
  std::vector<std::unique_ptr<std::uint16_t[]>> narrow_blocks_;
  std::vector<std::unique_ptr<std::int32_t[]>> wide_blocks_;
};

}  // namespace bertune::data
