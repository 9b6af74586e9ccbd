// The alphabet of byte-level BPE: each byte of a text is one printable character of a token, so that "Ġ" is a
// space (Radford et al. 2019; bytes_to_unicode of their code).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::text {

// The character that stands for a byte: the byte itself where Latin-1 prints it, else U+0100 and on in order.
char32_t byte_character(unsigned char byte);
// Returns how many bytes of UTF-8 that character takes: 1 or 2.
std::uint32_t byte_character_size(unsigned char byte);

// The text that a token stands for; none when it holds a character that stands for no byte.
std::optional<std::string> token_bytes(std::string_view token);

// The number of spaces at the beginning and at the end of a token: what trim_offsets leaves out.
struct SpacesAround {
  std::uint32_t leading, trailing;
};
SpacesAround spaces_around(std::string_view token);

// The text of tokens, U+FFFD where their bytes are not UTF-8.
std::string decode_byte_level(const std::vector<std::string_view>& tokens);

}  // namespace bertune::text
