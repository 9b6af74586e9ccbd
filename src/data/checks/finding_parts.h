// Checks share these: findings of a set, the beginnings of texts, words.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

Finding make_finding(FindingKind kind, Severity severity, const NamedTexts& set, const CheckOptions& options);

// The start of a text for a message: one line, whole code points.
std::string excerpt(std::string_view text);

// Counts a row of the finding; its place and, with `text`, an example are kept of the first ones.
void add_row(Finding& finding, const NamedTexts& set, std::int64_t row, const CheckOptions& options,
             std::string_view text = {});

// Calls use(word) for each run of letters, digits and characters beyond ASCII.
template <typename Use>
void for_each_word(std::string_view text, const Use& use) {
  const auto is_of_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (!is_of_word(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && is_of_word(text[i])) ++i;
    use(text.substr(begin, i - begin));
  }
}

// Every how many rows one is looked at, so that about `most` of all are.
constexpr std::int64_t stride_for(std::int64_t rows, std::int64_t most) {
  return std::max<std::int64_t>(1, (rows + most - 1) / most);
}

// Returns such rows.
inline std::vector<std::int64_t> even_sample(std::int64_t rows, std::int64_t most) {
  std::vector<std::int64_t> chosen;
  const std::int64_t stride = stride_for(rows, most);
  for (std::int64_t row = 0; row < rows; row += stride) chosen.push_back(row);
  return chosen;
}

}  // namespace bertune::data
