#include "text/byte_level/byte_level.h"

#include <array>

#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace bertune::text {
namespace {

constexpr char32_t kOthers = 0x100;  // the first character for a byte that Latin-1 does not print
constexpr char32_t kSpace = 0x120;   // "Ġ"

constexpr bool is_printed(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> characters{};
  std::array<std::int16_t, 0x144> bytes{};  // by character; -1: none

  constexpr Alphabet() {
    bytes.fill(-1);
    char32_t next = kOthers;
    for (unsigned byte = 0; byte < 256; ++byte) {
      characters[byte] = is_printed(byte) ? byte : next++;
      bytes[characters[byte]] = static_cast<std::int16_t>(byte);
    }
  }
};
constexpr Alphabet kAlphabet;
static_assert(kAlphabet.characters[' '] == kSpace && kAlphabet.characters[0xAD] == 0x143);

bool is_space(char32_t character) {
  return character == kSpace || (Unicode::instance().properties(character) & kWhiteSpace) != 0;
}

}  // namespace

char32_t byte_character(unsigned char byte) { return kAlphabet.characters[byte]; }

std::uint32_t byte_character_size(unsigned char byte) { return kAlphabet.characters[byte] < 0x80 ? 1 : 2; }

std::optional<std::string> token_bytes(std::string_view token) {
  std::string bytes;
  bytes.reserve(token.size());
  for (std::size_t position = 0; position < token.size();) {
    const CodePoint next = decode_utf8(token, position);
    if (!next.valid || next.value >= kAlphabet.bytes.size() || kAlphabet.bytes[next.value] < 0) return {};
    bytes.push_back(static_cast<char>(kAlphabet.bytes[next.value]));
    position += next.bytes;
  }
  return bytes;
}

SpacesAround spaces_around(std::string_view token) {
  SpacesAround spaces{0, 0};
  bool leading = true;
  for (std::size_t position = 0; position < token.size();) {
    const CodePoint next = decode_utf8(token, position);
    position += next.bytes;
    const bool space = is_space(next.value);
    leading = leading && space;
    spaces.leading += leading ? 1 : 0;
    spaces.trailing = space ? spaces.trailing + 1 : 0;
  }
  return spaces;
}

std::string decode_byte_level(const std::vector<std::string_view>& tokens) {
  std::string bytes;
  for (const std::string_view token : tokens) bytes += token_bytes(token).value_or(std::string(token));
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(bytes, replaced);
}

}  // namespace bertune::text
