// The example datasets of tags, questions and choices: what the README.md of their folders promises.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "data/choices/multiple_choice.h"
#include "data/helpers.h"
#include "data/questions/question_answering.h"
#include "data/tagged/tag_labels.h"
#include "data/tagged/tagged.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::filesystem::path example(const std::string& file) {
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "examples" / file;
}

TaggedDataset entities(const std::string& split) {
  return read_tagged(example("support_entities/" + split + ".conll"));
}

QuestionAnsweringDataset questions(const std::string& split) {
  return read_question_answering(example("product_questions/" + split + ".json"));
}

MultipleChoiceDataset replies(const std::string& split) {
  return read_multiple_choice(example("ticket_replies/" + split + ".csv"));
}

std::string joined(const TaggedSentence& sentence) {
  std::string text;
  for (const std::string_view word : sentence.words) text += std::string(word) + ' ';
  return text;
}

TEST(SupportEntities, HasTheSentencesAndEntitiesItPromises) {
  const std::map<std::string, std::array<std::int64_t, 2>> promised = {
      {"train", {436, 747}}, {"validation", {113, 174}}, {"test", {150, 265}}};
  for (const auto& [split, counts] : promised) {
    const TaggedDataset dataset = entities(split);
    EXPECT_EQ(dataset.size(), counts[0]) << split;
    EXPECT_EQ(dataset.scheme, TagScheme::iob2);
    EXPECT_THAT(dataset.tags, ElementsAre("B-AMOUNT", "B-DATE", "B-ORDER", "B-PLACE", "B-PRODUCT", "I-AMOUNT",
                                          "I-DATE", "I-ORDER", "I-PLACE", "I-PRODUCT", "O"));
    std::int64_t begun = 0;
    for (const TaggedSentence& sentence : dataset.sentences) {
      begun += std::ranges::count_if(sentence.tags, [](auto tag) { return tag.starts_with("B-"); });
    }
    EXPECT_EQ(begun, counts[1]) << split;
    EXPECT_THAT(dataset.notes, SizeIs(1));  // a note for each oddity would follow
    EXPECT_TRUE(has_note(dataset.notes, "the tag column 2 of 2"));
  }
}

// A text to predict is cut by split_words; words that were cut otherwise would not teach what it needs.
TEST(SupportEntities, HasTheWordsOfPlainTextAndNoSentenceTwice) {
  std::set<std::string> seen;
  for (const char* split : {"train", "validation", "test"}) {
    const TaggedDataset dataset = entities(split);
    for (const TaggedSentence& sentence : dataset.sentences) {
      const std::string text = joined(sentence);
      EXPECT_TRUE(seen.insert(text).second) << split << ": " << text;
      const std::string_view view = text;
      EXPECT_EQ(sentences_of({&view, 1})[0].words, sentence.words) << dataset.where(sentence);
    }
  }
}

TEST(ProductQuestions, HasTheQuestionsItPromisesAndNoContextTwice) {
  const QuestionAnsweringDataset train = questions("train"), test = questions("test");
  EXPECT_EQ(train.size(), 249);
  EXPECT_EQ(test.size(), 77);
  std::set<std::string_view> contexts, ids;
  for (const QuestionAnsweringDataset* dataset : {&train, &test}) {
    EXPECT_THAT(dataset->notes, IsEmpty());  // each answer stands at its answer_start
    EXPECT_TRUE(dataset->has_answers);
    EXPECT_FALSE(dataset->has_impossible);
    for (const std::string_view context : dataset->contexts) EXPECT_TRUE(contexts.insert(context).second);
    for (const QuestionAnsweringExample& question : dataset->examples) {
      EXPECT_TRUE(ids.insert(question.id).second) << question.id;
    }
  }
  EXPECT_THAT(contexts, SizeIs(59));
}

TEST(TicketReplies, HasTheTicketsItPromisesAndNoReplyInBothFiles) {
  const MultipleChoiceDataset train = replies("train"), test = replies("test");
  EXPECT_EQ(train.size(), 109);
  EXPECT_EQ(test.size(), 49);
  std::set<std::string_view> tickets, previous;
  for (const MultipleChoiceDataset* dataset : {&train, &test}) {
    EXPECT_THAT(dataset->notes, IsEmpty());
    EXPECT_EQ(dataset->num_choices, 4);
    std::array<int, 4> right{};
    for (const MultipleChoiceQuestion& question : dataset->questions) {
      EXPECT_TRUE(tickets.insert(question.context).second) << question.context;
      ++right.at(static_cast<std::size_t>(question.label));
    }
    EXPECT_LE(*std::ranges::max_element(right) - *std::ranges::min_element(right), 1);
    const std::set<std::string_view> choices(dataset->choices.begin(), dataset->choices.end());
    for (const std::string_view choice : choices) EXPECT_FALSE(previous.contains(choice)) << choice;
    previous = choices;
  }
}

}  // namespace
}  // namespace bertune::data::testing
