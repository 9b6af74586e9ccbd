// Converts the place of an answer in its context from code points, in which datasets count, to bytes and
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace bertune::data {

// The code points of a text of valid UTF-8 by number.
class CodePointIndex {
 public:
  explicit CodePointIndex(std::string_view text);

  std::int64_t size() const { return size_; }
  // Returns where code point `number` begins; the size of the text for the one after the last.
  std::size_t byte_of(std::int64_t number) const;
  // The number of the code point that begins at `byte`.
  std::int64_t number_at(std::size_t byte) const;

 private:
  std::vector<std::uint32_t> begins_;  // empty when every code point is one byte
  std::int64_t size_;
};

// The byte at which `answer` stands in `context` nearest to code point `start`, or nothing.
std::optional<std::size_t> nearest_occurrence(std::string_view context, const CodePointIndex& index,
                                              std::string_view answer, std::int64_t start);

}  // namespace bertune::data
