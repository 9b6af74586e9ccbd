// A quick hash of bytes, for tables in memory: of good spread, not of any strength.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace bertune {

// Calls step(place, size) over all bytes in steps of eight; the last step overlaps the one before it, or is
// the only one and shorter.
template <typename Step>
void for_each_eight(std::size_t bytes, const Step& step) {
  if (bytes == 0) return;
  if (bytes < 8) return step(0, bytes);
  for (std::size_t i = 0; i + 8 < bytes; i += 8) step(i, 8);
  step(bytes - 8, 8);
}

inline std::uint64_t quick_hash(std::string_view bytes) {
  __extension__ using Wide = unsigned __int128;
  std::uint64_t hash = bytes.size() * 0xD6E8FEB86659FD93ULL;
  for_each_eight(bytes.size(), [&](std::size_t place, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + place, size);
    const Wide product = Wide{(hash ^ value) + 0x2545F4914F6CDD1DULL} * 0x9E3779B97F4A7C15ULL;
    hash = static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
  });
  return hash;
}

// Returns the hash of what has one hash, followed by what has the other.
inline std::uint64_t mixed_hash(std::uint64_t hash, std::uint64_t more) {
  const std::uint64_t pair[] = {hash, more};
  return quick_hash({reinterpret_cast<const char*>(pair), sizeof pair});
}

}  // namespace bertune
