#include "data/tagged/words.h"

#include <cstdint>

#include "bertune/error.h"
#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 30;  // spans have 32 bits

enum class Kind { dropped, space, alone, letter };

Kind kind_of(char32_t code_point) {
  const std::uint16_t properties = text::Unicode::instance().properties(code_point);
  if ((properties & text::kRemoved) != 0) return Kind::dropped;
  if ((properties & text::kWhiteSpace) != 0) return Kind::space;
  return (properties & (text::kPunctuation | text::kCjk)) != 0 ? Kind::alone : Kind::letter;
}

}  // namespace

std::vector<Span> split_words(std::string_view text) {
  if (text.size() > kLongestText) throw Error("a text of more than 1 GiB cannot be cut into words: split it");
  std::vector<Span> words;
  bool within = false;  // whether the last word may continue
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint point = decode_utf8(text, position);
    const auto begin = static_cast<std::uint32_t>(position), end = begin + point.bytes;
    position = end;
    switch (kind_of(point.value)) {
      case Kind::dropped:
        break;
      case Kind::space:
        within = false;
        break;
      case Kind::alone:
        words.push_back({begin, end});
        within = false;
        break;
      case Kind::letter:
        if (!within) words.push_back({begin, end});
        words.back().end = end;
        within = true;
        break;
    }
  }
  return words;
}

std::vector<Span> locate_words(std::string_view text, const std::vector<std::string_view>& words) {
  if (text.size() > kLongestText) return {};
  std::vector<Span> spans;
  spans.reserve(words.size());
  std::size_t position = 0;
  const auto skip_spaces = [&] {
    while (position < text.size()) {
      const CodePoint point = decode_utf8(text, position);
      if (kind_of(point.value) != Kind::space) return;
      position += point.bytes;
    }
  };
  for (const std::string_view word : words) {
    skip_spaces();
    if (!text.substr(position).starts_with(word)) return {};
    const auto begin = static_cast<std::uint32_t>(position);
    position += word.size();
    spans.push_back({begin, static_cast<std::uint32_t>(position)});
  }
  skip_spaces();
  if (position != text.size()) return {};
  return spans;
}

}  // namespace bertune::data
