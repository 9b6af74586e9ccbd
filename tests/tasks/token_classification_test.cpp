#include "tasks/token_classification/examples.h"

#include <gmock/gmock.h>

#include "bertune/error.h"
#include "tasks/token_fixtures.h"

namespace bertune::tasks::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Ids = std::vector<std::int32_t>;
using Sentences = std::vector<data::TaggedSentence>;

constexpr auto kCut = LongSentences::truncate;
constexpr auto kWindows = LongSentences::windows;

TokenClassificationFeatures features(const Sentences& sentences, const Ids& labels,
                                     LongSentences long_sentences = kCut,
                                     const TokenClassification& task = small_task()) {
  static const BertTokenizer tokenizer = small_tokenizer();
  return make_features(sentences, labels, tokenizer, task, long_sentences);
}

TEST(TokenFeatures, LabelTheFirstPieceOfAWord) {
  const auto made =
      features({sentence_of({"The", "playing", "playedx", "a.b"}), sentence_of({"c"})}, {3, 0, 1, 2, 3});
  EXPECT_THAT(made.input_ids, ElementsAre(2, 8, 5, 6, 5, 7, 13, 9, 14, 10, 3, 2, 11, 3));
  EXPECT_THAT(made.words, ElementsAre(-1, 0, 1, 1, 2, 2, 2, 3, 3, 3, -1, -1, 0, -1));
  EXPECT_THAT(made.labels, ElementsAre(-100, 3, 0, -100, 1, -100, -100, 2, -100, -100, -100, -100, 3, -100));
  EXPECT_THAT(made.begins, ElementsAre(0, 11, 14));
  EXPECT_THAT(made.lengths, ElementsAre(11, 3));
  EXPECT_THAT(made.sentences, ElementsAre(0, 1));
  EXPECT_THAT(made.word_begins, ElementsAre(0, 4, 5));
  EXPECT_THAT(made.word_tokens, ElementsAre(1, 2, 4, 7, 12));
  EXPECT_THAT(made.word_labels, ElementsAre(3, 0, 1, 2, 3));
  EXPECT_THAT(made.token_type_ids, IsEmpty());
  EXPECT_EQ(made.rows(), 2);
  EXPECT_EQ(made.tokens(), 14);
}

TEST(TokenFeatures, LabelAllPiecesAsRunNer) {
  const auto made = features({sentence_of({"playing", "playing", "playing", "playing"})}, {0, 1, 2, 3}, kCut,
                             small_task(128, true));
  // There is no I-Y, so the later pieces of B-Y are B-Y.
  EXPECT_THAT(made.labels, ElementsAre(-100, 0, 1, 1, 1, 2, 2, 3, 3, -100));
}

TEST(TokenFeatures, WithoutLabels) {
  const auto made = features({sentence_of({"a", "playing"})}, {});
  EXPECT_THAT(made.labels, IsEmpty());
  EXPECT_THAT(made.word_labels, IsEmpty());
  EXPECT_THAT(made.word_tokens, ElementsAre(1, 2));
}

TEST(TokenFeatures, WordsThatGiveNoPiece) {
  const auto made =
      features({sentence_of({"\x01", "a", "", "\u0301"}), sentence_of({"\x02"}), sentence_of({})},
               {0, 3, 3, 3, 2}, kWindows);
  EXPECT_THAT(made.input_ids, ElementsAre(2, 9, 3));
  EXPECT_THAT(made.words, ElementsAre(-1, 1, -1));
  EXPECT_THAT(made.labels, ElementsAre(-100, 3, -100));
  EXPECT_THAT(made.word_tokens, ElementsAre(-1, 1, -1, -1, -1));
  EXPECT_THAT(made.word_begins, ElementsAre(0, 4, 5, 5));
  EXPECT_EQ(made.rows(), 1);
  EXPECT_EQ(made.empty_words, 4);
}

TEST(TokenFeatures, AreCutForTraining) {
  const auto made = features({sentence_of({"a"}), sentence_of({"a", "playing", "b", "c"})}, {3, 0, 1, 3, 3},
                             kCut, small_task(4));
  EXPECT_THAT(made.input_ids, ElementsAre(2, 9, 3, 2, 9, 5, 3));
  EXPECT_THAT(made.labels, ElementsAre(-100, 3, -100, -100, 0, 1, -100));
  EXPECT_THAT(made.word_tokens, ElementsAre(1, 4, 5, -1, -1));
  EXPECT_THAT(made.lengths, ElementsAre(3, 7));
  EXPECT_EQ(made.cut_sentences, 1);
  EXPECT_EQ(made.cut_words, 2);
  EXPECT_EQ(made.first_cut, 1);
}

TEST(TokenFeatures, LoseNoWordInWindows) {
  // Pieces: a 1, playing 2, b 1, c 1, d 1, a 1; four fit beside [CLS] and [SEP].
  const auto made = features({sentence_of({"a", "playing", "b", "c", "d", "a"})}, {0, 1, 3, 3, 2, 3},
                             kWindows, small_task(6));
  EXPECT_EQ(made.cut_sentences, 0);
  EXPECT_EQ(made.windowed_sentences, 1);
  EXPECT_THAT(made.sentences, ElementsAre(0, 0));
  EXPECT_THAT(made.input_ids, ElementsAre(2, 9, 5, 6, 10, 3, 2, 10, 11, 12, 9, 3));
  EXPECT_THAT(made.words, ElementsAre(-1, 0, 1, 1, 2, -1, -1, 2, 3, 4, 5, -1));
  // Of "b", both windows show nothing on one side: the first one speaks.
  EXPECT_THAT(made.labels, ElementsAre(-100, 0, 1, -100, 3, -100, -100, -100, 3, 2, 3, -100));
  EXPECT_THAT(made.word_tokens, ElementsAre(1, 2, 4, 8, 9, 10));
}

TEST(TokenFeatures, AWordThatIsLongerThanAWindow) {
  const auto made = features({sentence_of({"a", "a.b.c.d", "b"})}, {0, 1, 2}, kWindows, small_task(4));
  EXPECT_THAT(made.word_tokens, ElementsAre(1, 4, 8));
  EXPECT_THAT(made.input_ids, ElementsAre(2, 9, 3, 2, 9, 14, 3, 2, 10, 3));
  EXPECT_EQ(made.rows(), 3);
}

TEST(TokenFeatures, NeedRoom) {
  for (const std::int64_t length : {2, 0, -5}) {
    EXPECT_THROW(features({sentence_of({"a"})}, {}, kCut, small_task(length)), UsageError);
  }
  EXPECT_THAT(features({sentence_of({"playing", "a"})}, {}, kWindows, small_task(3)).word_tokens,
              ElementsAre(1, 4));
}

TEST(TokenFeatures, OfNothing) {
  const auto made = features({}, {});
  EXPECT_EQ(made.rows(), 0);
  EXPECT_EQ(made.tokens(), 0);
}

TEST(TokenFeatures, SpecialTokensInWordsAreRead) {
  const auto made = features({sentence_of({"[MASK]", "a"})}, {});
  EXPECT_THAT(made.input_ids, ElementsAre(2, 4, 9, 3));
  EXPECT_EQ(made.rows_with_special_tokens, 1);
}

TEST(TokenFeatures, GoIntoABatchWithTheirLabels) {
  const auto made = features({sentence_of({"a"}), sentence_of({"playing"})}, {3, 0});
  Batch batch;
  made.add_to(batch, 1);
  made.add_to(batch, 0);
  EXPECT_THAT(batch.input_ids, ElementsAre(2, 5, 6, 3, 2, 9, 3));
  EXPECT_THAT(batch.labels, ElementsAre(-100, 0, -100, -100, -100, 3, -100));
  EXPECT_THAT(batch.cu_seqlens, ElementsAre(0, 4, 7));
}

TEST(TokenFeatures, TellWhatWasCutAndWhatIsEmpty) {
  data::TaggedDataset dataset;
  dataset.path = "train.conll";
  dataset.sentences = {sentence_of({"a", "b", "c"}), sentence_of({"[SEP]", "\x01"})};
  dataset.sentences[0].line = 7;
  const TokenClassification task = small_task(4);
  const auto cut = feature_notes(features(dataset.sentences, {}, kCut, task), dataset, task);
  ASSERT_THAT(cut, SizeIs(3));
  EXPECT_THAT(cut[0], HasSubstr("train.conll:7: longer than 4 tokens"));
  EXPECT_THAT(cut[1], HasSubstr("1 words give no token"));
  EXPECT_THAT(cut[2], HasSubstr("1 words are special tokens"));
  const auto windows = feature_notes(features(dataset.sentences, {}, kWindows, task), dataset, task);
  EXPECT_THAT(windows[0], HasSubstr("1 sentences are longer than 4 tokens and are read in windows"));
}

TEST(TokenTask, OutsideIsOOrTheFirstLabel) {
  EXPECT_EQ(small_task().outside(), 3);
  EXPECT_EQ((TokenClassification{data::LabelMap({"ADJ", "NOUN"})}.outside()), 0);
}

}  // namespace
}  // namespace bertune::tasks::testing
