// Tokens that are cut out of the text before WordPiece sees it: [SEP] and its like, and what users add.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::text {

struct AddedToken {
  std::string content;
  std::int32_t id = -1;
  bool special = false;      // left out by decode when asked
  bool single_word = false;  // only where no word character stands beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind it
  bool normalized = false;   // looked for in the normalized text, by its own normalized form
  bool operator==(const AddedToken&) const = default;
};

// The place of an added token in a text.
struct AddedTokenMatch {
  std::size_t token;       // index into the list that the matcher was made of
  std::size_t begin, end;  // bytes, stripped white space included
};

// Finds added tokens from left to right, the longest where several begin at one place.
class AddedTokenMatcher {
 public:
  // A pattern and the index of its token in `tokens`.
  struct Pattern {
    std::string text;
    std::size_t token;
  };
  AddedTokenMatcher(const std::vector<AddedToken>& tokens, std::vector<Pattern> patterns);

  bool empty() const { return patterns_.empty(); }

  // The first match that begins at or behind `from`, which is moved behind its pattern. White space is
  // stripped no further back than `taken`, the end of the match before. `skip_special` passes over special
  // tokens.
  std::optional<AddedTokenMatch> next(std::string_view text, std::size_t& from, std::size_t taken,
                                      bool skip_special) const;

 private:
  const Pattern* longest_at(std::string_view text, std::size_t position) const;
  std::size_t find_first_byte(std::string_view text, std::size_t position) const;

  const std::vector<AddedToken>* tokens_;
  std::vector<Pattern> patterns_;  // sorted by text
  std::array<bool, 256> begins_{};
  int only_begin_ = -1;  // the byte that all patterns begin with, if there is one
  std::size_t longest_ = 0;
};

}  // namespace bertune::text
