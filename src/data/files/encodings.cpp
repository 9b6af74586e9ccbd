// Detects the encoding of a text.
#include <algorithm>
#include <array>
#include <cstdint>

#include "core/utf8.h"
#include "data/files/decoding.h"

namespace bertune::data {
namespace {

using namespace std::string_view_literals;

bool is_letter(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0xC0;
}

// Returns whether the byte at `place` is, in Windows-1252, what western texts hold beyond ASCII: a letter
// beside another, or a sign such as a dash, a curly quote or a currency.
bool is_western(std::string_view text, std::size_t place) {
  constexpr std::string_view kSigns =
      "\x80\x85\x91\x92\x93\x94\x95\x96\x97\x99\xA0\xA1\xA3\xA7\xA9\xAB\xAE\xB0\xB4\xB7\xBB\xBD\xBF"sv;
  constexpr std::string_view kRare = "\xD0\xD7\xDD\xDE\xF0\xF7\xFD\xFE\xFF"sv;
  const char byte = text[place];
  if (static_cast<unsigned char>(byte) < 0xC0) return kSigns.find(byte) != std::string_view::npos;
  if (kRare.find(byte) != std::string_view::npos) return false;
  const auto beside = [&](std::size_t other) {
    return other < text.size() && is_letter(static_cast<unsigned char>(text[other]));
  };
  return beside(place + 1) || (place > 0 && beside(place - 1)) || byte == '\xE0';
}

}  // namespace

std::string_view marked_encoding(std::string_view head) {
  if (head.starts_with("\xff\xfe\0\0"sv) || head.starts_with("\0\0\xfe\xff"sv)) return "UTF-32";
  return head.starts_with("\xff\xfe"sv) || head.starts_with("\xfe\xff"sv) ? "UTF-16" : "";
}

std::string_view guess_encoding(std::string_view text) {
  constexpr std::string_view kUndefined = "\x81\x8D\x8F\x90\x9D"sv;  // in Windows-1252
  if (find_invalid_utf8(text) == std::string_view::npos) return {};
  std::uint64_t western = 0, other = 0, utf8 = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const CodePoint point = decode_utf8(text, i);
    if (point.valid) {
      ++utf8;
      i += point.bytes;
      continue;
    }
    if (kUndefined.find(text[i]) != std::string_view::npos) return {};
    is_western(text, i) ? ++western : ++other;
    ++i;
  }
  // Letters beyond ASCII are some of the letters of a western text; of a Russian or a Chinese one they are
  // most.
  const std::uint64_t foreign = western + other;
  const bool few = foreign * 6 < text.size();
  return few && other * 10 <= foreign && utf8 * 10 <= foreign ? "CP1252" : "";
}

ForeignLines count_foreign_lines(std::string_view text) {
  ForeignLines count;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    ++count.all;
    count.foreign += find_invalid_utf8(line) == std::string_view::npos ? 0 : 1;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return count;
}

bool is_utf8(std::string_view encoding) {
  constexpr std::array kNames = {"utf-8"sv, "UTF-8"sv,     "utf8"sv,     "UTF8"sv,
                                 "utf_8"sv, "utf-8-sig"sv, "utf_8_sig"sv};
  return std::ranges::find(kNames, encoding) != kNames.end();
}

}  // namespace bertune::data
