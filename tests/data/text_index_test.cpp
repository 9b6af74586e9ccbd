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
  for (const auto& [upper, lower] : {std::pair{"\u00c9", "\u00e9"}, std::pair{"\u041f", "\u043f"}})
    for (std::size_t at = 0; (at = folded.find(upper, at)) != std::string::npos;)
      folded.replace(at, 2, lower);
  return folded;
}

std::string random_text(Random& random) {
  static const std::array<std::string, 14> kParts{"a",    "A",  "the ", "The  ", "\t",  " ",      "\u00c9",
                                                  "word", "@[", "`{",   "\n",    "z Z", "\u043f", "\u041f"};
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
      const TextIndex index(texts_of(dataset), folding);
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
          ASSERT_EQ(index.find({row.text, row.text_pair}), std::nullopt);
          continue;
        }
        const std::int64_t expected = first.try_emplace(key(row), i).first->second;
        ASSERT_EQ(index.first_of(i), expected) << row.text;
        ASSERT_EQ(index.find({row.text, row.text_pair}), expected) << row.text;
      }
      EXPECT_EQ(index.find({"not among them", {}}), std::nullopt);
    }
  }
  set_num_threads(0);
}

TEST(TextIndex, FoldsCaseBeyondAscii) {
  Dataset dataset;
  const std::string longer = std::string(20, 'x') + "\u023a\u023a\u0130";  // lower case takes more bytes
  for (const std::string_view text :
       {"\u0422\u044b \u0441\u043b\u044b\u0448\u0438\u0448\u044c", "Caf\u00e9 Noir", "x",
        "\u0442\u044b  \u0441\u043b\u044b\u0448\u0438\u0448\u044c", "CAF\u00c9 NOIR", "caf\u00e8 noir"}) {
    Row row;
    row.text = text;
    dataset.rows.push_back(row);
  }
  const TextIndex index(texts_of(dataset), Folding::blanks_and_case);
  EXPECT_EQ(index.first_of(3), 0);
  EXPECT_EQ(index.first_of(4), 1);
  EXPECT_EQ(index.first_of(5), 5);
  EXPECT_EQ(index.find({longer, longer}), std::nullopt);
  EXPECT_EQ(TextIndex(texts_of(dataset), Folding::exact).first_of(4), 4);
}

}  // namespace
}  // namespace bertune::data
