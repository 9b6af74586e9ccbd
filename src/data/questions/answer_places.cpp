#include "data/questions/answer_places.h"

#include <algorithm>
#include <cstdlib>

namespace bertune::data {

CodePointIndex::CodePointIndex(std::string_view text) : size_(static_cast<std::int64_t>(text.size())) {
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return;
  for (std::size_t byte = 0; byte < text.size(); ++byte) {
    if ((static_cast<unsigned char>(text[byte]) & 0xC0) != 0x80)
      begins_.push_back(static_cast<std::uint32_t>(byte));
  }
  size_ = static_cast<std::int64_t>(begins_.size());
  begins_.push_back(static_cast<std::uint32_t>(text.size()));
}

std::size_t CodePointIndex::byte_of(std::int64_t number) const {
  const auto place = static_cast<std::size_t>(number);
  return begins_.empty() ? place : begins_[place];
}

std::int64_t CodePointIndex::number_at(std::size_t byte) const {
  if (begins_.empty()) return static_cast<std::int64_t>(byte);
  return std::lower_bound(begins_.begin(), begins_.end(), byte) - begins_.begin();
}

std::optional<std::size_t> nearest_occurrence(std::string_view context, const CodePointIndex& index,
                                              std::string_view answer, std::int64_t start) {
  const std::size_t wanted = index.byte_of(std::clamp<std::int64_t>(start, 0, index.size()));
  const std::size_t before = context.rfind(answer, wanted), after = context.find(answer, wanted);
  if (before == std::string_view::npos && after == std::string_view::npos) return std::nullopt;
  if (before == std::string_view::npos) return after;
  if (after == std::string_view::npos) return before;
  return start - index.number_at(before) <= index.number_at(after) - start ? before : after;
}

}  // namespace bertune::data
