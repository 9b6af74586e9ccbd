#include "text/unicode/valid_text.h"

#include <algorithm>
#include <cstring>

#include "core/utf8.h"

namespace bertune::text {
namespace {

// Counts code points up to a place that mostly moves forward.
class CodePointCursor {
 public:
  CodePointCursor(std::string_view text, std::size_t ascii_prefix)
      : text_(text), byte_(static_cast<std::uint32_t>(ascii_prefix)), code_point_(byte_) {}

  std::uint32_t at(std::uint32_t byte) {
    for (; byte_ < byte; ++byte_) code_point_ += starts_character(byte_);
    while (byte_ > byte) code_point_ -= starts_character(--byte_);
    return code_point_;
  }

 private:
  std::uint32_t starts_character(std::uint32_t byte) const {
    return continues_character(text_[byte]) ? 0 : 1;
  }

  std::string_view text_;
  std::uint32_t byte_, code_point_;
};

std::size_t count_leading_ascii(std::string_view text) {
  std::size_t position = 0;
  for (; position + 8 <= text.size(); position += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + position, 8);
    if ((eight & 0x8080808080808080ULL) != 0) break;
  }
  while (position < text.size() && static_cast<unsigned char>(text[position]) < 0x80) ++position;
  return position;
}

}  // namespace

ValidText::ValidText(std::string_view text) : ascii_prefix_(count_leading_ascii(text)), view_(text) {
  if (ascii_prefix_ == text.size()) return;
  std::size_t bad = find_invalid_utf8(text);
  if (bad == std::string_view::npos) return;
  std::int64_t difference = 0;
  replaced_.reserve(text.size() + 16);
  while (bad != std::string_view::npos) {
    replaced_.append(text.substr(0, bad));
    append_utf8(replaced_, 0xFFFD);
    const std::uint32_t bytes = decode_utf8(text, bad).bytes;
    difference += static_cast<std::int64_t>(bytes) - 3;
    shifts_.push_back({static_cast<std::uint32_t>(replaced_.size()), difference});
    text.remove_prefix(bad + bytes);
    bad = find_invalid_utf8(text);
  }
  replaced_.append(text);
  view_ = replaced_;
}

void ValidText::to_original_bytes(const Span* spans, std::size_t count, Span* result) const {
  if (shifts_.empty()) {
    std::copy_n(spans, count, result);
    return;
  }
  const auto original = [&](std::uint32_t byte) {
    const auto after =
        std::upper_bound(shifts_.begin(), shifts_.end(), byte,
                         [](std::uint32_t value, const Shift& shift) { return value < shift.end; });
    const std::int64_t difference = after == shifts_.begin() ? 0 : (after - 1)->difference;
    return static_cast<std::uint32_t>(byte + difference);
  };
  for (std::size_t i = 0; i < count; ++i) result[i] = {original(spans[i].begin), original(spans[i].end)};
}

void ValidText::to_code_points(const Span* spans, std::size_t count, Span* result) const {
  if (ascii_prefix_ == view_.size()) {
    std::copy_n(spans, count, result);
    return;
  }
  CodePointCursor begins(view_, ascii_prefix_), ends(view_, ascii_prefix_);
  for (std::size_t i = 0; i < count; ++i) result[i] = {begins.at(spans[i].begin), ends.at(spans[i].end)};
}

}  // namespace bertune::text
