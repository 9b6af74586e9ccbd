// Damaged files of tagged sentences, with a fixed seed: an Error or sentences that hold together, and never
// worse.
#include <gtest/gtest.h>

#include "core/random.h"
#include "core/utf8.h"
#include "data/helpers.h"
#include "data/tagged/tagged.h"

namespace bertune::data::testing {
namespace {

const std::string kFiles[] = {
    "-DOCSTART- O\n\nNew\tB-LOC\nYork\tI-LOC\n \t\n\xc3\xa9\tO\n",
    "EU NNP B-ORG\nrejects VBZ O\n\nGerman JJ B-MISC\n",
    "# text = I don't\n1\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "2\tdo\tdo\tAUX\tVBP\t_\t0\tx\t_\t_\n3\tn't\tnot\tPART\tRB\t_\t0\tx\t_\t_\n3.1\tgo\t_\t_\t_\t_\t_\t_\t_"
    "\t_\n\n",
    "{\"tokens\": [\"In\", \"Rome\"], \"tags\": [\"O\", \"B-LOC\"], \"text\": \"In Rome\"}\n",
    "{\"text\": \"\xc3\xa9 in Rome.\", \"entities\": [{\"start\": 5, \"end\": 9, \"label\": \"LOC\"}, [0, 1, "
    "\"X\"]]}\n"};

std::string damaged(std::string text, Random& random) {
  static const std::string kNasty("\0\"\n\r\t -{}[],:0129\xff\xc3\xe2\x80", 22);
  for (std::uint64_t i = random.below(5); i > 0 && !text.empty(); --i) {
    const std::uint64_t place = random.below(text.size());
    switch (random.below(3)) {
      case 0:
        text[place] = kNasty[random.below(kNasty.size())];
        break;
      case 1:
        text.erase(place, 1 + random.below(8));
        break;
      default:
        text.insert(place, 1, kNasty[random.below(kNasty.size())]);
        break;
    }
  }
  return text;
}

void expect_whole(const TaggedDataset& dataset, bool labels_required) {
  for (const TaggedSentence& sentence : dataset.sentences) {
    const auto one_a_word = [&](std::size_t size) { return size == sentence.words.size(); };
    EXPECT_TRUE(one_a_word(sentence.tags.size()) || (!labels_required && sentence.tags.empty()));
    EXPECT_GE(sentence.line, 1);
    EXPECT_TRUE(sentence.word_lines.empty() || one_a_word(sentence.word_lines.size()));
    EXPECT_TRUE(sentence.spans.empty() || one_a_word(sentence.spans.size()));
    for (std::size_t word = 0; word < sentence.words.size(); ++word) {
      EXPECT_EQ(find_invalid_utf8(sentence.words[word]), std::string_view::npos);
      if (sentence.spans.empty()) continue;
      const Span span = sentence.spans[word];
      EXPECT_EQ(sentence.text.substr(span.begin, span.end - span.begin), sentence.words[word]);
    }
  }
}

TEST(TaggedFuzz, DamageIsAnErrorOrReadsWhole) {
  Random random(11, 4);
  const TemporaryDirectory directory;
  int read = 0, refused = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    const std::string& file = kFiles[random.below(std::size(kFiles))];
    const auto path = directory.write("fuzz.txt", damaged(file + file, random));
    TaggedReadOptions options{.labels_required = random.below(2) == 0};
    if (random.below(4) == 0) options.format = static_cast<TagFormat>(random.below(3));
    try {
      expect_whole(read_tagged(path, options), options.labels_required);
      ++read;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("fuzz.txt"), std::string::npos) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(read, 200);
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace bertune::data::testing
