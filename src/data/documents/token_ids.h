// The ids of a large corpus end to end, two bytes each where the vocabulary allows: in blocks of memory, so
// that growing never needs room for a second copy, or in a file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/documents/column.h"

namespace bertune::data {

class TokenIds {
 public:
  // Ids run below `id_limit`.
  explicit TokenIds(std::int64_t id_limit) : narrow_(id_limit <= (std::int64_t{1} << 16)) {}

  std::int64_t size() const { return size_; }
  std::int64_t bytes_per_id() const { return narrow_ ? 2 : 4; }

  // These do what those of Column do, for ids in a file.
  void write_to(const fs::path& path) {
    in_file_ = true;
    narrow_ ? narrow_file_.write_to(path) : wide_file_.write_to(path);
  }
  void finish() { narrow_ ? narrow_file_.finish() : wide_file_.finish(); }
  void map(const fs::path& path) {
    in_file_ = true;
    narrow_ ? narrow_file_.map(path) : wide_file_.map(path);
    size_ = static_cast<std::int64_t>(narrow_ ? narrow_file_.size() : wide_file_.size());
  }
  void release_pages() const {
    narrow_file_.release_pages();
    wide_file_.release_pages();
  }
  bool in_file() const { return in_file_; }

  void append(std::span<const std::int32_t> ids) {
    if (in_file_) return append_to_file(ids);
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
    if (in_file_) {
      const auto from = static_cast<std::size_t>(first);
      narrow_ ? copy_part(narrow_file_.all().subspan(from, to.size()), to)
              : copy_part(wide_file_.all().subspan(from, to.size()), to);
      return;
    }
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

  template <typename Id>
  static void copy_part(std::span<const Id> from, std::span<std::int32_t> to) {
    std::copy(from.begin(), from.end(), to.begin());
  }
  void append_to_file(std::span<const std::int32_t> ids) {
    if (narrow_) {
      short_.assign(ids.begin(), ids.end());
      narrow_file_.append(short_);
    } else {
      wide_file_.append(ids);
    }
    size_ += static_cast<std::int64_t>(ids.size());
  }

  bool narrow_, in_file_ = false;
  Column<std::uint16_t> narrow_file_;
  Column<std::int32_t> wide_file_;
  std::vector<std::uint16_t> short_;
  std::int64_t size_ = 0;
  std::vector<std::unique_ptr<std::uint16_t[]>> narrow_blocks_;
  std::vector<std::unique_ptr<std::int32_t[]>> wide_blocks_;
};

}  // namespace bertune::data
