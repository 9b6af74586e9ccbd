#include "data/splits/text_index.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "core/parallel.h"
#include "core/random.h"

namespace bertune::data {
namespace {

// A character at a time: what the folding of many at once is held against.
std::string folded_plainly(std::string_view text) {
  std::string folded;
  bool pending = false;
  for (const char character : text) {
    if (character == ' ' || (character >= '\t' && character <= '\r')) {
      pending = true;
      continue;
    }
    if (pending && !folded.empty()) folded += ' ';
    pending = false;
    folded += character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
  }
  return folded;
}

std::string random_text(Random& random) {
  static const std::array<std::string, 12> kParts{"a",      "A",    "the ", "The  ", "\t", " ",
                                                  "\u00c9", "word", "@[",   "`{",    "\n", "z Z"};
  std::string text;
  for (std::uint64_t parts = random.below(random.below(4) == 0 ? 40 : 4); parts > 0; --parts) {
    text += kParts[random.below(kParts.size())];
  }
  return text;
}

TEST(TextIndex, FindsTheFirstRowWithEqualTexts) {
  Random random(3, 9);
  std::vector<std::string> texts;
  for (int i = 0; i < 8000; ++i) texts.push_back(random_text(random));
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    for (const Folding folding : {Folding::exact, Folding::blanks_and_case}) {
      Dataset dataset;
      for (std::size_t i = 0; i + 1 < texts.size(); i += 2) {
        Row row;
        row.text = texts[i];
        if (i % 4 == 0) row.text_pair = texts[i + 1];
        dataset.rows.push_back(row);
      }
      const TextIndex index(dataset, folding);
      const auto key = [&](const Row& row) {
        return folding == Folding::exact ? std::pair(std::string(row.text), std::string(row.text_pair))
                                         : std::pair(folded_plainly(row.text), folded_plainly(row.text_pair));
      };
      std::map<std::pair<std::string, std::string>, std::int64_t> first;
      for (std::int64_t i = 0; i < dataset.size(); ++i) {
        const Row& row = dataset.rows[static_cast<std::size_t>(i)];
        const bool blank =
            folding == Folding::blanks_and_case && key(row).first.empty() && key(row).second.empty();
        if (blank) {
          ASSERT_EQ(index.first_of(i), i);
          ASSERT_EQ(index.find(row), std::nullopt);
          continue;
        }
        const std::int64_t expected = first.try_emplace(key(row), i).first->second;
        ASSERT_EQ(index.first_of(i), expected) << row.text;
        ASSERT_EQ(index.find(row), expected) << row.text;
      }
      Row stranger;
      stranger.text = "not among them";
      EXPECT_EQ(index.find(stranger), std::nullopt);
    }
  }
  set_num_threads(0);
}

}  // namespace
}  // namespace bertune::data
