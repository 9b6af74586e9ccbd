#include "tasks/language_modelling/masking.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "bertune/error.h"
#include "tasks/pretraining_helpers.h"

namespace bertune::tasks {
namespace {

using ::testing::Each;
using namespace testing;
using Ids = std::vector<std::int32_t>;

struct Counts {
  double tokens = 0, chosen = 0, masked = 0, replaced = 0, kept = 0;
  double squares = 0;  // of the numbers chosen a row
};

// [CLS] n tokens [SEP], the tokens anything between kSpecial and the end of the vocabulary.
Ids random_row(Random& random, std::size_t tokens, std::int32_t words) {
  Ids ids(tokens + 2);
  for (std::int32_t& id : ids)
    id = kSpecial + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(words)));
  ids.front() = kCls, ids.back() = kSep;
  return ids;
}

Counts count(const Masking& masking, std::int64_t rows, std::size_t tokens, std::int32_t words) {
  Counts counts;
  Random random(11, 11);
  Ids labels;
  for (std::int64_t i = 0; i < rows; ++i) {
    const Ids original = random_row(random, tokens, words);
    Ids masked = original;
    masking.apply(masked, labels, random_for(3, 3, 0, static_cast<std::uint64_t>(i)));
    double chosen = 0;
    for (std::size_t t = 0; t < masked.size(); ++t) {
      if (labels[t] == -100) {
        EXPECT_EQ(masked[t], original[t]);
        continue;
      }
      EXPECT_EQ(labels[t], original[t]);
      EXPECT_GE(original[t], kSpecial);
      ++chosen;
      if (masked[t] == kMask)
        ++counts.masked;
      else if (masked[t] == original[t])
        ++counts.kept;
      else {
        EXPECT_GE(masked[t], kSpecial);
        ++counts.replaced;
      }
    }
    counts.tokens += static_cast<double>(tokens);
    counts.chosen += chosen;
    counts.squares += chosen * chosen;
  }
  return counts;
}

// Five standard deviations of a share of n.
double bound(double share, double n) { return 5 * std::sqrt(share * (1 - share) / n); }

TEST(Masking, SharesAreThoseOfThePaper) {
  constexpr std::int32_t kWords = 5000;
  const BertTokenizer tokenizer = numbered_tokenizer(kWords);
  const Counts counts = count(Masking(tokenizer, {}), 10000, 125, kWords);
  EXPECT_GT(counts.tokens, 1e6);
  // The number of a row is floor or ceil of 18.75: the mean is far tighter than that of single draws.
  EXPECT_NEAR(counts.chosen / counts.tokens, 0.15, bound(0.75, 10000) / 125);
  EXPECT_NEAR(counts.masked / counts.chosen, 0.8, bound(0.8, counts.chosen));
  EXPECT_NEAR(counts.replaced / counts.chosen, 0.1 * (1 - 1.0 / kWords), bound(0.1, counts.chosen));
  EXPECT_NEAR(counts.kept / counts.chosen, 0.1 + 0.1 / kWords, bound(0.1, counts.chosen));
  const double mean = counts.chosen / 10000;
  EXPECT_LE(counts.squares / 10000 - mean * mean, 0.25);
}

TEST(Masking, EveryPlaceIsAsLikely) {
  const BertTokenizer tokenizer = numbered_tokenizer(100);
  const Masking masking(tokenizer, {});
  std::vector<double> chosen(40, 0);
  constexpr double kRows = 40000;
  Random random(1, 1);
  for (int i = 0; i < static_cast<int>(kRows); ++i) {
    Ids ids = random_row(random, 40, 100), labels;
    masking.apply(ids, labels, random_for(1, 1, 0, static_cast<std::uint64_t>(i)));
    for (std::size_t t = 0; t < 40; ++t) chosen[t] += labels[t + 1] == -100 ? 0 : 1;
  }
  for (const double times : chosen) EXPECT_NEAR(times / kRows, 0.15, bound(0.15, kRows));
}

TEST(Masking, WholeWordsKeepTheShare) {
  constexpr std::int32_t kWords = 900;
  const BertTokenizer tokenizer = numbered_tokenizer(kWords, 3);
  MaskingOptions options;
  options.whole_word_masking = true;
  const Counts counts = count(Masking(tokenizer, options), 20000, 100, kWords);
  EXPECT_NEAR(counts.chosen / counts.tokens, 0.15, 0.0006);
  EXPECT_NEAR(counts.masked / counts.chosen, 0.8, bound(0.8, counts.chosen));
  EXPECT_NEAR(counts.kept / counts.chosen, 0.1, bound(0.1, counts.chosen));
}

TEST(Masking, WholeWordsAreTakenWholeOrNotAtAll) {
  const BertTokenizer tokenizer = numbered_tokenizer(300, 3);
  MaskingOptions options;
  options.whole_word_masking = true;
  const Masking masking(tokenizer, options);
  const auto goes_on = [](std::int32_t id) { return (id - kSpecial) % 3 == 2; };
  Random random(2, 2);
  std::int64_t in_words = 0;
  for (int i = 0; i < 5000; ++i) {
    const Ids original = random_row(random, 1 + random.below(60), 300);
    Ids ids = original, labels;
    masking.apply(ids, labels, random_for(2, 2, 0, static_cast<std::uint64_t>(i)));
    for (std::size_t t = 2; t + 1 < ids.size(); ++t) {  // a piece right behind [CLS] is a word of its own
      if (!goes_on(original[t])) continue;
      EXPECT_EQ(labels[t] == -100, labels[t - 1] == -100);
      in_words += labels[t] == -100 ? 0 : 1;
    }
  }
  EXPECT_GT(in_words, 1000);
}

TEST(Masking, SpecialTokensAreNeverChosen) {
  const BertTokenizer tokenizer = numbered_tokenizer(10);
  for (const bool whole : {false, true}) {
    MaskingOptions options;
    options.mlm_probability = 1;
    options.whole_word_masking = whole;
    const Masking masking(tokenizer, options);
    Ids ids = {kCls, 7, kUnknown, 8, kSep, kMask, 0, 9, kSep}, labels;
    masking.apply(ids, labels, Random(1, 1));
    EXPECT_THAT(labels, ::testing::ElementsAre(-100, 7, -100, 8, -100, -100, -100, 9, -100));
    Ids nothing = {kCls, kUnknown, kSep};
    masking.apply(nothing, labels, Random(1, 1));
    EXPECT_THAT(labels, ::testing::SizeIs(3));
    EXPECT_THAT(labels, Each(-100));
    nothing.clear();
    masking.apply(nothing, labels, Random(1, 1));
    EXPECT_THAT(labels, ::testing::IsEmpty());
  }
}

TEST(Masking, AtLeastOneAtMostMaxPredictions) {
  const BertTokenizer tokenizer = numbered_tokenizer(300, 3);
  Random random(4, 4);
  for (const bool whole : {false, true}) {
    MaskingOptions options;
    options.whole_word_masking = whole;
    options.max_predictions = 3;
    const Masking masking(tokenizer, options);
    for (int i = 0; i < 3000; ++i) {
      Ids ids = random_row(random, 1 + random.below(50), 300), labels;
      // A word of more than three pieces could not be chosen.
      for (std::size_t t = 1; t + 1 < ids.size(); t += 3) ids[t] = kSpecial;
      masking.apply(ids, labels, random_for(4, 4, 0, static_cast<std::uint64_t>(i)));
      const auto chosen =
          std::count_if(labels.begin(), labels.end(), [](std::int32_t label) { return label != -100; });
      EXPECT_GE(chosen, 1);
      EXPECT_LE(chosen, 3);
    }
  }
}

TEST(Masking, OptionsOutOfRange) {
  const BertTokenizer tokenizer = numbered_tokenizer(10);
  for (const double share : {0.0, -0.1, 1.1, std::nan("")}) {
    MaskingOptions options;
    options.mlm_probability = share;
    EXPECT_THROW(Masking(tokenizer, options), UsageError) << share;
  }
  MaskingOptions options;
  options.max_predictions = -1;
  EXPECT_THROW(Masking(tokenizer, options), UsageError);
  const BertTokenizer bare = numbered_tokenizer(0);
  EXPECT_THROW(Masking(bare, {}), Error);
}

// Holes in the numbering of a vocabulary are no tokens, so they are put in nobody's place.
TEST(Masking, HolesInTheVocabulary) {
  const bertune::testing::TemporaryDirectory folder;
  folder.write(
      "tokenizer.json",
      R"({"added_tokens": [], "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
               "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3,
               "[MASK]": 4, "a": 5, "b": 9}}})");
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(folder.path());
  MaskingOptions options;
  options.mlm_probability = 1;
  const Masking masking(tokenizer, options);
  for (std::uint64_t i = 0; i < 200; ++i) {
    Ids ids = {kCls, 5, 5, 5, 5, kSep}, labels;
    masking.apply(ids, labels, random_for(9, 9, 0, i));
    EXPECT_THAT(ids, Each(::testing::AnyOf(kCls, kSep, kMask, 5, 9)));
  }
}

}  // namespace
}  // namespace bertune::tasks
