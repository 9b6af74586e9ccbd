// Rows of RoBERTa's kind: two separators within a pair, words behind spaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bertune/error.h"
#include "core/random.h"
#include "support/byte_level_fixtures.h"
#include "tasks/language_modelling/masking.h"
#include "tasks/language_modelling/pretraining.h"
#include "tasks/question_answering/examples.h"
#include "tasks/token_classification/examples.h"
#include "tasks/token_fixtures.h"

namespace bertune::tasks::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

BertTokenizer roberta() {
  const bertune::testing::TemporaryDirectory folder;
  bertune::testing::write_byte_level_folder(folder, {{"config", {{"tokenizer_class", "RobertaTokenizer"}}}});
  return BertTokenizer::from_pretrained(folder.path());
}

std::vector<std::string> tokens_of(const BertTokenizer& tokenizer, std::span<const std::int32_t> ids) {
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) tokens.emplace_back(tokenizer.id_to_token(id));
  return tokens;
}

TEST(ByteLevelTasks, WindowsOfQuestionAndContext) {
  const BertTokenizer tokenizer = roberta();
  const auto dataset = data::parse_question_answering(
      R"({"question": "a", "context": "b é c d", "answer": "é"})", "q", data::Format::jsonl, {});
  const QuestionAnsweringFeatures features = make_features(dataset, tokenizer, {}, true);
  ASSERT_EQ(features.rows(), 1);
  EXPECT_THAT(tokens_of(tokenizer, features.input_ids),
              ElementsAre("<s>", "a", "</s>", "</s>", "b", "Ġ", "Ã©", "Ġc", "Ġd", "</s>"));
  EXPECT_THAT(features.token_type_ids, Each(0));
  const ContextWindow window = features.window(0);
  EXPECT_EQ(window.begin, 4);
  ASSERT_EQ(window.code_points.size(), 5U);
  EXPECT_EQ(window.code_points[2], (Span{2, 3}));
  EXPECT_EQ(window.bytes[2], (Span{2, 4}));
  EXPECT_EQ(window.code_points.back(), (Span{6, 7}));
  EXPECT_THAT(features.start_positions, ElementsAre(6));
  EXPECT_THAT(features.end_positions, ElementsAre(6));
  // Four tokens of a window are special, so that six leave one each for question and context.
  const auto short_rows = make_features(dataset, tokenizer, {.max_length = 6, .doc_stride = 0}, true);
  ASSERT_EQ(short_rows.rows(), 5);
  EXPECT_THAT(short_rows.lengths, Each(6));
}

TEST(ByteLevelTasks, WordsToTagAreReadBehindASpace) {
  const BertTokenizer tokenizer = roberta();
  const std::vector<data::TaggedSentence> sentences{sentence_of({"the", "a", "b"})};
  const std::vector<std::int32_t> labels{3, 0, 1};
  const auto made = make_features(sentences, labels, tokenizer, small_task(), LongSentences::truncate);
  EXPECT_THAT(tokens_of(tokenizer, made.input_ids), ElementsAre("<s>", "Ġthe", "Ġa", "Ġb", "</s>"));
  EXPECT_THAT(made.words, ElementsAre(-1, 0, 1, 2, -1));
  EXPECT_THAT(made.labels, ElementsAre(-100, 3, 0, 1, -100));
}

TEST(ByteLevelTasks, WholeWordsBeginWithASpace) {
  const BertTokenizer tokenizer = roberta();
  MaskingOptions options;
  options.whole_word_masking = true;
  const Masking masking(tokenizer, options);
  const std::vector<std::int32_t> original =
      tokenizer.encode(" the quizzical, walking people xyzzy").input_ids;
  int chosen = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    std::vector<std::int32_t> ids = original, labels;
    masking.apply(ids, labels, random_for(2, 2, 0, i));
    EXPECT_EQ(labels.front(), -100);
    EXPECT_EQ(labels.back(), -100);
    for (std::size_t t = 2; t + 1 < ids.size(); ++t) {
      if (tokenizer.id_to_token(original[t]).starts_with("Ġ")) continue;
      EXPECT_EQ(labels[t] == -100, labels[t - 1] == -100) << t;
      chosen += labels[t] == -100 ? 0 : 1;
    }
  }
  EXPECT_GT(chosen, 50);
}

TEST(ByteLevelTasks, PretrainingNeedsAMaskAndTypes) {
  const BertTokenizer tokenizer = roberta();
  data::TokenizedDocuments documents(tokenizer.vocab_size());
  for (int i = 0; i < 2; ++i) {
    documents.add_sentence(tokenizer.encode("the people").input_ids);
    documents.end_document();
  }
  const auto message = [&](const BertTokenizer& made, Objective objective) -> std::string {
    try {
      const PretrainingExamples examples(documents, made, {.objective = objective});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message(tokenizer, Objective::mlm), "no error");
  EXPECT_THAT(message(tokenizer, Objective::mlm_and_nsp), HasSubstr("`objective=mlm`"));
  Json spec = {{"config", {{"tokenizer_class", "PreTrainedTokenizerFast"}}}};
  spec["json"] = Json::parse(R"({"pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
      "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]}, "model": {"type": "BPE"}})");
  const bertune::testing::TemporaryDirectory folder;
  bertune::testing::write_byte_level_folder(folder, spec);
  const BertTokenizer without_mask = BertTokenizer::from_pretrained(folder.path());
  EXPECT_EQ(without_mask.mask_token_id(), -1);
  EXPECT_THAT(message(without_mask, Objective::mlm), HasSubstr("no mask token"));
}

}  // namespace
}  // namespace bertune::tasks::testing
