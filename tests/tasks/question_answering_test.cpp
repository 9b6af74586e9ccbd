#include "tasks/question_answering/examples.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "core/json.h"
#include "core/random.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune::tasks {
namespace {

using data::Format;
using data::QuestionAnsweringDataset;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

BertTokenizer tokenizer() {
  std::string vocabulary;
  for (const std::string& piece : bertune::testing::tiny_vocabulary()) vocabulary += piece + "\n";
  const bertune::testing::TemporaryDirectory folder;
  return BertTokenizer::from_vocabulary(folder.write("vocab.txt", vocabulary));
}

QuestionAnsweringDataset dataset_of(const std::vector<Json>& rows, bool answers_required = true) {
  std::string lines;
  for (const Json& row : rows) lines += row.dump() + "\n";
  return data::parse_question_answering(lines, "q", Format::jsonl, {.answers_required = answers_required});
}

Json row_of(const std::string& question, const std::string& context, const std::string& answer = "") {
  return {{"question", question}, {"context", context}, {"answer", answer}};
}

std::vector<std::string> tokens_of(const QuestionAnsweringFeatures& features, std::int64_t row,
                                   const BertTokenizer& bert) {
  std::vector<std::string> tokens;
  for (std::int64_t i = features.begins[static_cast<std::size_t>(row)];
       i < features.begins[static_cast<std::size_t>(row) + 1]; ++i)
    tokens.emplace_back(bert.id_to_token(features.input_ids[static_cast<std::size_t>(i)]));
  return tokens;
}

TEST(QuestionAnsweringFeatures, AShortContextIsOneWindow) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of(" the film", "the café food", "food")});
  const QuestionAnsweringFeatures features = make_features(dataset, bert, {}, true);
  ASSERT_EQ(features.rows(), 1);
  EXPECT_THAT(tokens_of(features, 0, bert),
              ElementsAre("[CLS]", "the", "film", "[SEP]", "the", "c", "##a", "##f", "##e", "food", "[SEP]"));
  EXPECT_THAT(features.token_type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(features.start_positions, ElementsAre(9));
  EXPECT_THAT(features.end_positions, ElementsAre(9));
  EXPECT_THAT(features.examples, ElementsAre(0));
  EXPECT_THAT(features.first_rows, ElementsAre(0, 1));
  EXPECT_THAT(features.lengths, ElementsAre(11));
  const ContextWindow window = features.window(0);
  EXPECT_EQ(window.begin, 4);
  EXPECT_EQ(window.code_points.back(), (Span{9, 13}));
  EXPECT_EQ(window.bytes.back(), (Span{10, 14}));
  EXPECT_THAT(features.notes, IsEmpty());
  Batch batch;
  features.add_to(batch, 0);
  EXPECT_EQ(batch.input_ids, features.input_ids);
  EXPECT_EQ(batch.token_type_ids, features.token_type_ids);
}

TEST(QuestionAnsweringFeatures, WindowsShareTheStride) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "a b c d e f g", "d e")});
  const QuestionAnsweringFeatures features =
      make_features(dataset, bert, {.max_length = 8, .doc_stride = 2}, true);
  ASSERT_EQ(features.rows(), 3);
  EXPECT_THAT(tokens_of(features, 0, bert), ElementsAre("[CLS]", "x", "[SEP]", "a", "b", "c", "d", "[SEP]"));
  EXPECT_THAT(tokens_of(features, 1, bert), ElementsAre("[CLS]", "x", "[SEP]", "c", "d", "e", "f", "[SEP]"));
  EXPECT_THAT(tokens_of(features, 2, bert), ElementsAre("[CLS]", "x", "[SEP]", "e", "f", "g", "[SEP]"));
}

TEST(QuestionAnsweringFeatures, OnlyAWholeAnswerHasPositions) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "a b c d e f g", "d e"), row_of("x", "a b c d e f g"),
                                   row_of("x", "a b c d e f g", "a"), row_of("x", "a b c d e f g", "g")});
  const QuestionAnsweringFeatures features =
      make_features(dataset, bert, {.max_length = 8, .doc_stride = 2}, true);
  EXPECT_THAT(features.start_positions, ElementsAre(0, 4, 0, 0, 0, 0, 3, 0, 0, 0, 0, 5));
  EXPECT_THAT(features.end_positions, ElementsAre(0, 5, 0, 0, 0, 0, 3, 0, 0, 0, 0, 5));
  EXPECT_THAT(features.examples, ElementsAre(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3));
}

TEST(QuestionAnsweringFeatures, AnAnswerInsideAWordTakesItsTokens) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "the film was", "il")});  // "film" is one token
  const QuestionAnsweringFeatures features = make_features(dataset, bert, {}, true);
  EXPECT_THAT(features.start_positions, ElementsAre(4));
  EXPECT_THAT(features.end_positions, ElementsAre(4));
}

TEST(QuestionAnsweringFeatures, WithoutLabelsThereAreNoPositions) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({{{"question", "x"}, {"context", "a"}}}, false);
  EXPECT_THAT(make_features(dataset, bert, {}, false).start_positions, IsEmpty());
}

TEST(QuestionAnsweringFeatures, AContextWithoutTokensIsAWindowToo) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "\u200b", "\u200b")});
  const QuestionAnsweringFeatures features = make_features(dataset, bert, {}, true);
  EXPECT_THAT(tokens_of(features, 0, bert), ElementsAre("[CLS]", "x", "[SEP]", "[SEP]"));
  EXPECT_THAT(features.window(0).bytes, SizeIs(0));
  EXPECT_THAT(features.start_positions, ElementsAre(0));
}

TEST(QuestionAnsweringFeatures, ARangeGivesTheSameWindows) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "a b c d e f g", "d e"), row_of("y", "food", "food"),
                                   row_of("z", "a b c d e f g", "a"), row_of("q", "bad food", "food")});
  const QuestionAnswering task{.max_length = 8, .doc_stride = 2};
  const QuestionAnsweringFeatures all = make_features(dataset, bert, task, true),
                                  some = make_features(dataset, bert, task, true, {1, 3});
  ASSERT_EQ(some.rows(), 4);
  EXPECT_THAT(some.examples, ElementsAre(1, 2, 2, 2));
  EXPECT_THAT(some.first_rows, ElementsAre(0, 1, 4));
  for (std::int64_t row = 0; row < some.rows(); ++row) {
    EXPECT_EQ(tokens_of(some, row, bert), tokens_of(all, row + 3, bert));
    EXPECT_TRUE(std::ranges::equal(some.window(row).bytes, all.window(row + 3).bytes));
  }
  EXPECT_EQ(make_features(dataset, bert, task, true, {2, 2}).rows(), 0);
}

TEST(QuestionAnsweringFeatures, CutsAQuestionThatLeavesNoRoom) {
  const BertTokenizer bert = tokenizer();
  std::string question, context;
  for (int i = 0; i < 40; ++i) question += "x ", context += "a ";
  const QuestionAnswering task{.max_length = 35, .doc_stride = 8};  // room 32, at least 3 tokens a step
  const QuestionAnsweringFeatures cut =
      make_features(dataset_of({row_of(question, context, "a")}), bert, task, true);
  EXPECT_EQ(cut.context_begins[0], 32 - 8 - 3 + 2);
  EXPECT_EQ(cut.rows(), 1 + (40 - 11 + 2) / 3);
  ASSERT_THAT(cut.notes, SizeIs(1));
  EXPECT_THAT(cut.notes[0],
              HasSubstr("q:1: the question is longer than its windows allow and was cut to 21 tokens"));
  // A long question stays whole where all of the context fits beside it.
  const QuestionAnsweringFeatures whole = make_features(dataset_of({row_of(question, "b", "b")}), bert,
                                                        {.max_length = 44, .doc_stride = 8}, true);
  EXPECT_EQ(whole.rows(), 1);
  EXPECT_EQ(whole.context_begins[0], 42);
  EXPECT_THAT(whole.notes, IsEmpty());
}

TEST(QuestionAnsweringFeatures, RefuseAStrideWithoutRoom) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x", "a", "a")});
  for (const QuestionAnswering& task :
       {QuestionAnswering{384, 380}, {128, 128}, {3, 0}, {-5, 0}, {384, -1}}) {
    EXPECT_THROW(make_features(dataset, bert, task, true), UsageError)
        << task.max_length << " " << task.doc_stride;
  }
  EXPECT_EQ(make_features(dataset, bert, {5, 0}, true).rows(), 1);
}

TEST(QuestionAnsweringFeatures, CountTextsThatHoldSpecialTokens) {
  const BertTokenizer bert = tokenizer();
  const auto dataset = dataset_of({row_of("x [SEP]", "a [MASK] b", "b"), row_of("x", "a [MASK] b", "b")});
  EXPECT_EQ(make_features(dataset, bert, {}, true).rows_with_special_tokens, 2);
}

// Whatever the lengths: every token of a context is in a window, no window is too long, and positions bracket
// the answer wherever a window holds it, which one always does when it is no longer than the stride.
TEST(QuestionAnsweringFeatures, EveryTokenOfAContextIsInAWindow) {
  const BertTokenizer bert = tokenizer();
  Random random(3, 4);
  const std::vector<std::string> words = {"the",  "film", "é",      "food,",   "poorly",
                                          "中文", "x",    "\u200b", "good-bad"};
  const auto text_of = [&](std::uint64_t most) {
    std::string text = words[random.below(4)];
    for (std::uint64_t i = random.below(most); i > 0; --i) text += " " + words[random.below(words.size())];
    return text;
  };
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<Json> rows;
    for (int i = 0; i < 4; ++i) {
      const std::string context = text_of(60);
      const std::string answer = context.substr(0, context.find_first_of(" ,"));
      rows.push_back(row_of(text_of(12), context, answer));
    }
    const auto dataset = dataset_of(rows);
    const std::int64_t stride = static_cast<std::int64_t>(random.below(10));
    const QuestionAnswering task{stride + 5 + static_cast<std::int64_t>(random.below(30)), stride};
    const QuestionAnsweringFeatures features = make_features(dataset, bert, task, true);
    std::vector<std::set<std::int64_t>> covered(rows.size());
    std::vector<bool> answered(rows.size());
    for (std::int64_t row = 0; row < features.rows(); ++row) {
      const auto place = static_cast<std::size_t>(row);
      const auto number = static_cast<std::size_t>(features.examples[place]);
      const auto& example = dataset.examples[number];
      const ContextWindow window = features.window(row);
      ASSERT_LE(features.lengths[place], task.max_length);
      for (std::size_t i = 0; i < window.bytes.size(); ++i)
        covered[number].insert(features.context_tokens[place] + static_cast<std::int64_t>(i));
      if (features.start_positions[place] == 0) continue;
      answered[number] = true;
      const auto first = static_cast<std::size_t>(features.start_positions[place] - window.begin),
                 last = static_cast<std::size_t>(features.end_positions[place] - window.begin);
      const auto& answer = example.answers[0];
      EXPECT_EQ(window.bytes[first].begin, answer.byte_start);
      EXPECT_EQ(window.bytes[last].end, answer.byte_start + static_cast<std::int64_t>(answer.text.size()));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Encoding whole = bert.encode(dataset.examples[i].context, {.add_special_tokens = false});
      EXPECT_EQ(covered[i].size(), whole.input_ids.size());
      EXPECT_TRUE(answered[i]);  // it is one token
    }
  }
}

}  // namespace
}  // namespace bertune::tasks
