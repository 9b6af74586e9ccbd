// Cuts a text at the white space and punctuation of ASCII, many bytes at a time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/bytes16.h"
#include "text/run_cache.h"

namespace bertune::text {

inline Flags16 letters(Bytes16 bytes) { return ((bytes | 0x20) - 'a') < 26; }
// Returns the bytes that runs are made of: letters, digits, and bytes beyond ASCII.
inline Flags16 run_bytes(Bytes16 bytes) { return letters(bytes) | ((bytes - '0') < 10) | (bytes > 0x7F); }

constexpr std::array<std::uint8_t, 32> kKeepFirst = [] {
  std::array<std::uint8_t, 32> mask{};
  for (std::size_t i = 0; i < 16; ++i) mask[i] = 0xFF;
  return mask;
}();

// The key of the first `count` <= 16 bytes of a run; sixteen can be read.
inline RunKey run_key(const char* run, std::size_t count, bool lowercase) {
  Bytes16 bytes = load16(run);
  if (lowercase) bytes |= std::bit_cast<Bytes16>(letters(bytes)) & 0x20;
  bytes &= load16(reinterpret_cast<const char*>(kKeepFirst.data()) + 16 - count);
  // The key is read by halves, because the whole vector would go by way of memory.
  using Halves [[gnu::vector_size(16)]] = std::uint64_t;
  const auto halves = std::bit_cast<Halves>(bytes);
  return {halves[0], halves[1]};
}

// The key of a run that may be read to its end alone.
inline RunKey run_key(std::string_view run, bool lowercase) {
  std::array<char, RunCache::kShort> padded{};
  std::copy(run.begin(), run.end(), padded.begin());
  return run_key(padded.data(), run.size(), lowercase);
}

// 64 bytes of a text from `position`, blanks where it ends. A bit stands for a byte, the lowest for the
// first.
class ScanBlock {
 public:
  static constexpr std::size_t kSize = 64;

  ScanBlock(std::string_view text, std::size_t position) : bytes_(text.data() + position) {
    if (position + kReadable > text.size()) {
      padded_.fill(' ');
      std::memcpy(padded_.data(), bytes_, std::min(text.size() - position, kReadable));
      bytes_ = padded_.data();
    }
    Flags16 any_control{};
    for (std::size_t i = 0; i < kSize; i += 16) {
      const Bytes16 bytes = load16(bytes_ + i);
      const Flags16 space = (bytes == ' ') | ((bytes - '\t') < 2) | (bytes == '\r');
      any_control |= ((bytes < ' ') & ~space) | (bytes == 0x7F);
      runs_ |= std::uint64_t{bits_of(run_bytes(bytes))} << i;
      spaces_ |= std::uint64_t{bits_of(space)} << i;
    }
    has_controls_ = bits_of(any_control) != 0;
    // A run that continues behind the block is left to the next one, unless it fills this one.
    const auto open = static_cast<std::size_t>(std::countl_one(runs_));
    size_ = kSize - open;
  }
  ScanBlock(const ScanBlock&) = delete;
  ScanBlock& operator=(const ScanBlock&) = delete;

  // ASCII that is no letter, digit, punctuation or white space.
  bool has_controls() const { return has_controls_; }
  // Bytes up to a run that does not end here; 0: a run of all the block.
  std::size_t size() const { return size_; }
  // Returns where runs and single marks of punctuation begin before size(). Right only without controls.
  std::uint64_t begins() const {
    const std::uint64_t inside = size_ == kSize ? ~std::uint64_t{0} : (std::uint64_t{1} << size_) - 1;
    return ~spaces_ & ~(runs_ & (runs_ << 1)) & inside;
  }
  // The bytes of what begins at `begin`.
  std::size_t length(std::size_t begin) const {
    const auto count = static_cast<std::size_t>(std::countr_one(runs_ >> begin));
    return count + (count == 0 ? 1 : 0);
  }
  const char* bytes() const { return bytes_; }  // sixteen more than the block can be read

 private:
  static constexpr std::size_t kReadable = kSize + 16;
  const char* bytes_;
  std::uint64_t runs_ = 0, spaces_ = 0;
  std::size_t size_;
  bool has_controls_;
  std::array<char, kReadable> padded_;
};

}  // namespace bertune::text
