// Packed and encoded bytes as UTF-8 text, as they come: gzip and zstd by their first bytes, encodings by
// name.
#pragma once

#include <istream>
#include <memory>
#include <string>
#include <string_view>

namespace bertune::data {

enum class Packing { none, gzip, zstd };

// By the first four bytes.
Packing packing_of(std::string_view head);

// What the bytes of `source` are once unpacked. Reading throws Error for damaged bytes, and where they end
// too early; `path` is for messages.
std::unique_ptr<std::istream> unpacked(std::unique_ptr<std::istream> source, Packing packing,
                                       std::string path);

// What the bytes of `source`, of this encoding, are in UTF-8. Throws UsageError for an encoding that is not
// known; reading throws Error for bytes that it lacks.
std::unique_ptr<std::istream> decoded(std::unique_ptr<std::istream> source, const std::string& encoding,
                                      std::string path);

// "UTF-16" or "UTF-32" where the bytes begin with its mark; else empty.
std::string_view marked_encoding(std::string_view head);

// What text is that is not UTF-8 throughout: "CP1252", which holds Latin-1, where what stands out are letters
// and signs as western languages have them. Empty for UTF-8, and where nothing can be told.
std::string_view guess_encoding(std::string_view text);

// How many lines hold bytes that are not UTF-8, and how many there are.
struct ForeignLines {
  std::size_t foreign = 0, all = 0;
};
ForeignLines count_foreign_lines(std::string_view text);

// Returns whether the name is one of UTF-8.
bool is_utf8(std::string_view encoding);

}  // namespace bertune::data
