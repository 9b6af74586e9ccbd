#include "data/checks/sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "support/temporary_directory.h"

namespace bertune::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

class Sets : public ::testing::Test {
 protected:
  TaggedDataset tagged(const std::string& name, const std::string& text) const {
    files.write(name, text);
    return read_tagged(files.path() / name);
  }
  // A question is {context, question, answer}.
  QuestionAnsweringDataset asked(const std::string& name,
                                 const std::vector<std::array<std::string, 3>>& rows) const {
    std::string text;
    for (const auto& [context, question, answer] : rows)
      text += Json({{"context", context}, {"question", question}, {"answer", answer}}).dump() + "\n";
    files.write(name, text);
    return read_question_answering(files.path() / name);
  }
  static std::string sentence(const std::string& name, const std::string& tag = "B-X") {
    return "we\tO\nwent\tO\nwith\tO\n" + name + "\t" + tag + "\nhome\tO\n\n";
  }
  testing::TemporaryDirectory files;
};

TEST_F(Sets, HoldsOutAShareOfTheSentencesAndKeepsEqualOnesTogether) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += sentence("n" + std::to_string(i / 2));
  const TaggedDataset all = tagged("all.conll", text);
  const Split split = split_sentences(all, 0.2, 7);
  EXPECT_EQ(split.validation.size(), 20U);
  EXPECT_EQ(split.train.size(), 80U);
  std::set<std::int64_t> names;
  for (const std::int64_t i : split.train) names.insert(i / 2);
  for (const std::int64_t i : split.validation) EXPECT_FALSE(names.contains(i / 2)) << i;
  EXPECT_EQ(split_sentences(all, 0.2, 7).validation, split.validation);
  EXPECT_NE(split_sentences(all, 0.2, 8).validation, split.validation);

  const TaggedDataset part = subset(all, split.validation);
  ASSERT_EQ(part.size(), 20);
  EXPECT_EQ(part.sentences[3].words[3], "n" + std::to_string(split.validation[3] / 2));
  EXPECT_EQ(part.tags, all.tags);
  EXPECT_EQ(part.scheme, all.scheme);
}

TEST_F(Sets, HoldsOutWholeContexts) {
  std::vector<std::array<std::string, 3>> rows;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i / 3);
    rows.push_back({"It holds the number " + number + ".",
                    "Which number, for the " + std::to_string(i) + "th time?", number});
  }
  const QuestionAnsweringDataset all = asked("all.jsonl", rows);
  const Split split = split_questions(all, 0.1, 3);
  EXPECT_EQ(split.validation.size(), 6U);
  const QuestionAnsweringDataset part = subset(all, split.validation);
  ASSERT_EQ(part.contexts.size(), 2U);
  for (std::int64_t i = 0; i < part.size(); ++i) {
    const QuestionAnsweringExample& example = part.examples[static_cast<std::size_t>(i)];
    EXPECT_EQ(example.question,
              all.examples[static_cast<std::size_t>(split.validation[static_cast<std::size_t>(i)])].question);
    EXPECT_EQ(part.contexts[static_cast<std::size_t>(example.context_index)], example.context);
  }
}

TEST_F(Sets, FindsRepeatedSentences) {
  const TaggedDataset train = tagged("train.conll", sentence("Ada") + sentence("Bo") + sentence("ADA") +
                                                        sentence("Bo", "O") + "yes\tO\n\nyes\tO\n");
  EXPECT_THAT(repeat_notes("train", train),
              ElementsAre(::testing::AllOf(HasSubstr("1 of 6"), HasSubstr("tagged otherwise"),
                                           HasSubstr("train.conll:7 and"), HasSubstr("train.conll:19")),
                          ::testing::AllOf(HasSubstr("repeat an earlier one: 1 of 6"),
                                           HasSubstr("train.conll:1 and"), HasSubstr("train.conll:13"))));
  const TaggedDataset test = tagged("test.conll", sentence("Cy") + sentence("Bo") + "yes\tO\n");
  EXPECT_THAT(repeat_notes("test", test), IsEmpty());
  EXPECT_THAT(
      leak_notes("test", test, train),
      ElementsAre(::testing::AllOf(HasSubstr("sentences that are in the training set"), HasSubstr("1 of 3"),
                                   HasSubstr("train.conll:7 and"), HasSubstr("test.conll:7"))));
  EXPECT_THAT(leak_notes("train", train, tagged("other.conll", sentence("Dee"))), IsEmpty());
}

TEST_F(Sets, FindsRepeatedQuestionsAndSharedContexts) {
  const QuestionAnsweringDataset train = asked("train.jsonl", {{"Ada met Bo.", "Who met Bo?", "Ada"},
                                                               {"Ada met Bo.", "Whom did Ada meet?", "Bo"},
                                                               {"Ada met Bo.", "Who met  bo?", "Bo"}});
  EXPECT_THAT(repeat_notes("train", train),
              ElementsAre(::testing::AllOf(HasSubstr("answered otherwise"), HasSubstr("train.jsonl:1 and"),
                                           HasSubstr("train.jsonl:3"))));
  const QuestionAnsweringDataset test = asked("test.jsonl", {{"Ada met Bo.", "Who met Bo?", "Ada"},
                                                             {"Ada met Bo.", "Did Ada meet Bo?", "met"},
                                                             {"Cy met Dee.", "Who met Dee?", "Cy"}});
  EXPECT_THAT(repeat_notes("test", test), IsEmpty());
  EXPECT_THAT(leak_notes("test", test, train),
              ElementsAre(::testing::AllOf(HasSubstr("in the training set"), HasSubstr("1 of 3")),
                          HasSubstr("about contexts of the training set: 2 of 3")));
}

}  // namespace
}  // namespace bertune::data
