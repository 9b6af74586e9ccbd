#include "text/added_tokens.h"

#include <algorithm>

#include "core/utf8.h"
#include "text/unicode/normalizer.h"
#include "text/unicode/unicode.h"

namespace bertune::text {
namespace {

// The code point that ends right before `position` > 0; moves `position` to its first byte.
char32_t previous_code_point(std::string_view text, std::size_t& position) {
  do --position;
  while (position > 0 && continues_character(text[position]));
  std::size_t forward = position;
  return next_code_point(text, forward);
}

bool has(char32_t code_point, Property property) {
  return (Unicode::instance().properties(code_point) & property) != 0;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && has(previous_code_point(text, begin), kWord)) return false;
  return end == text.size() || !has(next_code_point(text, end), kWord);
}

std::size_t skip_space_backward(std::string_view text, std::size_t position) {
  while (position > 0) {
    std::size_t before = position;
    if (!has(previous_code_point(text, before), kWhiteSpace)) break;
    position = before;
  }
  return position;
}

std::size_t skip_space_forward(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    std::size_t behind = position;
    if (!has(next_code_point(text, behind), kWhiteSpace)) break;
    position = behind;
  }
  return position;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(const std::vector<AddedToken>& tokens, std::vector<Pattern> patterns)
    : tokens_(&tokens), patterns_(std::move(patterns)) {
  std::erase_if(patterns_, [](const Pattern& pattern) { return pattern.text.empty(); });
  // The first of equal patterns in the list is the one that matches.
  std::stable_sort(patterns_.begin(), patterns_.end(),
                   [](const Pattern& a, const Pattern& b) { return a.text < b.text; });
  patterns_.erase(std::unique(patterns_.begin(), patterns_.end(),
                              [](const Pattern& a, const Pattern& b) { return a.text == b.text; }),
                  patterns_.end());
  for (const Pattern& pattern : patterns_) {
    begins_[static_cast<unsigned char>(pattern.text[0])] = true;
    longest_ = std::max(longest_, pattern.text.size());
  }
  if (std::count(begins_.begin(), begins_.end(), true) == 1) {
    only_begin_ = static_cast<unsigned char>(patterns_[0].text[0]);
  }
}

std::size_t AddedTokenMatcher::find_first_byte(std::string_view text, std::size_t position) const {
  if (only_begin_ >= 0) return std::min(text.find(static_cast<char>(only_begin_), position), text.size());
  while (position < text.size() && !begins_[static_cast<unsigned char>(text[position])]) ++position;
  return position;
}

const AddedTokenMatcher::Pattern* AddedTokenMatcher::longest_at(std::string_view text,
                                                                std::size_t position) const {
  // Narrows the sorted patterns to those that agree with the text so far, one byte at a time.
  const Pattern* best = nullptr;
  auto first = patterns_.begin(), last = patterns_.end();
  for (std::size_t i = 0; position + i < text.size() && i < longest_; ++i) {
    const auto byte = static_cast<unsigned char>(text[position + i]);
    const auto at = [i](const Pattern& pattern) {
      return i < pattern.text.size() ? static_cast<int>(static_cast<unsigned char>(pattern.text[i])) : -1;
    };
    first = std::partition_point(first, last, [&](const Pattern& pattern) { return at(pattern) < byte; });
    last = std::partition_point(first, last, [&](const Pattern& pattern) { return at(pattern) <= byte; });
    if (first == last) break;
    if (first->text.size() == i + 1) best = &*first;
  }
  return best;
}

std::optional<AddedTokenMatch> AddedTokenMatcher::next(std::string_view text, std::size_t& from,
                                                       std::size_t taken, bool skip_special) const {
  if (patterns_.empty()) return std::nullopt;
  for (std::size_t position = find_first_byte(text, from); position < text.size();
       position = find_first_byte(text, position)) {
    const Pattern* pattern = longest_at(text, position);
    if (pattern == nullptr) {
      ++position;
      continue;
    }
    const AddedToken& token = (*tokens_)[pattern->token];
    const std::size_t end = position + pattern->text.size();
    const bool refused =
        (skip_special && token.special) || (token.single_word && !stands_alone(text, position, end));
    if (!refused) {
      AddedTokenMatch match{pattern->token, position, end};
      if (token.lstrip) match.begin = std::max(skip_space_backward(text, position), taken);
      if (token.rstrip) match.end = skip_space_forward(text, end);
      from = end;
      return match;
    }
    position = end;  // a refused match still uses up its text
  }
  from = text.size();
  return std::nullopt;
}

}  // namespace bertune::text
