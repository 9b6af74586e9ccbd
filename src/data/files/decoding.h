// Packed and encoded bytes as UTF-8 text, as they come: gzip and zstd by their first bytes, encodings by
// name.
#pragma once

#include <istream>
#include <memory>
#include <string>
#include <string_view>

namespace bertune::data {

enum class Packing { none, gzip, zstd };

// Detects the packing by the first four bytes.
Packing packing_of(std::string_view head);

// Returns a stream of the unpacked bytes of `source`. Reading throws Error for damaged bytes, and where they
// end too early; `path` is for messages.
std::unique_ptr<std::istream> unpacked(std::unique_ptr<std::istream> source, Packing packing,
                                       std::string path);

// Returns whether bytes may be the beginning of those that packing_of() looks for.
bool may_be_packed(std::string_view head);

// Returns the stream itself, or that of the unpacked bytes where its first bytes say that they are packed;
// waits for no more of them than it takes to see.
std::unique_ptr<std::istream> unpacked_by_mark(std::unique_ptr<std::istream> source, std::string path);

// Returns a stream of the bytes of `source`, which are in this encoding, in UTF-8. Throws UsageError for an
// encoding that is not known; reading throws Error for bytes that it lacks.
std::unique_ptr<std::istream> decoded(std::unique_ptr<std::istream> source, const std::string& encoding,
                                      std::string path);

// "UTF-16" or "UTF-32" where the bytes begin with its mark; else empty.
std::string_view marked_encoding(std::string_view head);

// Returns the encoding of text that is not UTF-8 throughout: "CP1252", which includes Latin-1, if the other
// bytes are letters and signs as western languages have them. Empty for UTF-8, and where nothing can be told.
std::string_view guess_encoding(std::string_view text);

// The number of lines that hold bytes that are not UTF-8, and of all lines.
struct ForeignLines {
  std::size_t foreign = 0, all = 0;
};
ForeignLines count_foreign_lines(std::string_view text);

// Returns whether the name is one of UTF-8.
bool is_utf8(std::string_view encoding);

}  // namespace bertune::data
