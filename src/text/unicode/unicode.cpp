#include "text/unicode/unicode.h"

#include <algorithm>
#include <map>

namespace bertune::text {
namespace {

// The last entry whose `key` is not above `code_point`. There is one: callers ask only for code points in the
// table.
template <typename Entry, typename Key>
const Entry& entry_at(std::span<const Entry> table, char32_t code_point, Key key) {
  const auto after = std::upper_bound(table.begin(), table.end(), code_point,
                                      [&](char32_t value, const Entry& entry) { return value < entry.*key; });
  return *(after == table.begin() ? after : after - 1);
}

}  // namespace

const Unicode& Unicode::instance() {
  static const Unicode unicode;
  return unicode;
}

Unicode::Unicode() {
  std::vector<std::uint16_t> block(std::size_t{1} << kBlockShift);
  std::map<std::vector<std::uint16_t>, std::uint32_t> stored;
  const auto ranges = property_ranges();
  std::size_t next = 0;  // the first range that does not end before the block
  for (std::uint32_t index = 0; index < blocks_.size(); ++index) {
    const std::uint32_t begin = index << kBlockShift, end = begin + (1U << kBlockShift);
    std::fill(block.begin(), block.end(), std::uint16_t{0});
    while (next < ranges.size() && ranges[next].last < begin) ++next;
    for (std::size_t i = next; i < ranges.size() && ranges[i].first < end; ++i) {
      const std::uint32_t first = std::max<std::uint32_t>(ranges[i].first, begin);
      const std::uint32_t last = std::min<std::uint32_t>(ranges[i].last, end - 1);
      std::fill(block.begin() + (first - begin), block.begin() + (last - begin) + 1, ranges[i].bits);
    }
    const auto [place, is_new] = stored.try_emplace(block, static_cast<std::uint32_t>(properties_.size()));
    if (is_new) properties_.insert(properties_.end(), block.begin(), block.end());
    blocks_[index] = place->second;
  }
}

LowerCase lower_case(char32_t code_point) {
  if (code_point == 0x130) return {{U'i', 0x307}, 2};
  const LowerCaseRun& run = entry_at(lower_case_runs(), code_point, &LowerCaseRun::first);
  return {{static_cast<char32_t>(static_cast<std::int32_t>(code_point) + run.difference), 0}, 1};
}

DecomposedCharacters decompose(char32_t code_point) {
  constexpr char32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
  if (code_point >= kSyllables && code_point < kSyllables + 11172) {
    const char32_t index = code_point - kSyllables, trailing = index % 28;
    return {{kLeading + index / 588, kVowels + index % 588 / 28, kTrailing + trailing, 0},
            trailing == 0 ? 2U : 3U};
  }
  const Decomposition& entry = entry_at(decompositions(), code_point, &Decomposition::code_point);
  DecomposedCharacters result{{}, entry.length};
  std::copy_n(decomposition_characters().begin() + entry.begin, entry.length, result.characters.begin());
  return result;
}

std::uint8_t combining_class(char32_t code_point) {
  return entry_at(combining_class_ranges(), code_point, &CombiningClassRange::first).combining_class;
}

}  // namespace bertune::text
