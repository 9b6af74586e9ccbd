
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "data/checks.h"
#include "data/choices/choice_texts.h"
#include "data/documents/document_texts.h"
#include "data/questions/question_texts.h"
#include "data/splits/split.h"
#include "data/splits/subset.h"
#include "data/tagged/tagged_texts.h"
#include "support/temporary_directory.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
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
  // As read_training divides them: one class.
  static Split split_of(const TaggedDataset& set, double share, std::uint64_t seed) {
    Texts texts = texts_of(set);
    texts.label = {};
    return stratified_split(texts, share, seed);
  }
  static CheckResult check(const std::vector<std::pair<std::string, const TaggedDataset*>>& sets) {
    std::vector<NamedTexts> named;
    for (const auto& [name, set] : sets) named.push_back({name, texts_of(*set, kWordsThatTell)});
    return check_texts(named, {.unit = "sentence"});
  }
  template <class Questions>
  static CheckResult check_questions(const std::vector<std::pair<std::string, const Questions*>>& sets) {
    std::vector<NamedTexts> named;
    for (const auto& [name, set] : sets)
      named.push_back({.name = name, .texts = texts_of(*set), .contexts = contexts_of(*set)});
    return check_texts(named, {.unit = "question"});
  }
  static std::string sentence(const std::string& name, const std::string& tag = "B-X") {
    return "we\tO\nwent\tO\nwith\tO\n" + name + "\t" + tag + "\nhome\tO\n\n";
  }
  TemporaryDirectory files;
};

TEST_F(Sets, HoldsOutAShareOfTheSentencesAndKeepsEqualOnesTogether) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += sentence("n" + std::to_string(i / 2));
  const TaggedDataset all = tagged("all.conll", text);
  const Split split = split_of(all, 0.2, 7);
  EXPECT_EQ(split.validation.size(), 20U);
  EXPECT_EQ(split.train.size(), 80U);
  std::set<std::int64_t> names;
  for (const std::int64_t i : split.train) names.insert(i / 2);
  for (const std::int64_t i : split.validation) EXPECT_FALSE(names.contains(i / 2)) << i;
  EXPECT_EQ(split_of(all, 0.2, 7).validation, split.validation);
  EXPECT_NE(split_of(all, 0.2, 8).validation, split.validation);

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
  const Split split = stratified_split(contexts_of(all), 0.1, 3);
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
  const TaggedDataset test = tagged("test.conll", sentence("Cy") + sentence("Bo") + "yes\tO\n");
  const CheckResult result = check({{"train", &train}, {"test", &test}});
  EXPECT_THAT(kinds_of(result), ElementsAre("leak of test", "conflict of train", "duplicate of train"));
  const Finding &leak = result.findings[0], &conflict = result.findings[1], &duplicate = result.findings[2];
  EXPECT_EQ(leak.rows, 1);
  EXPECT_EQ(leak.of_rows, 3);
  EXPECT_THAT(leak.examples[0].where, ElementsAre(EndsWith("train.conll:7"), EndsWith("test.conll:7")));
  EXPECT_EQ(conflict.rows, 2);
  EXPECT_THAT(conflict.examples[0].where, ElementsAre(EndsWith("train.conll:7"), EndsWith("train.conll:19")));
  EXPECT_EQ(duplicate.rows, 2);  // "yes" is often said
  EXPECT_THAT(duplicate.examples[0].where,
              ElementsAre(EndsWith("train.conll:1"), EndsWith("train.conll:13")));
  EXPECT_EQ(duplicate.examples[0].text, "we went with ADA home ");
  const TaggedDataset other = tagged("other.conll", sentence("Dee"));
  EXPECT_EQ(finding_of(check({{"train", &other}, {"test", &test}}), FindingKind::leak, "test").rows, 0);
}

TEST_F(Sets, FindsRepeatedQuestionsAndSharedContexts) {
  const QuestionAnsweringDataset train = asked("train.jsonl", {{"Ada met Bo.", "Who met Bo?", "Ada"},
                                                               {"Ada met Bo.", "Whom did Ada meet?", "Bo"},
                                                               {"Ada met Bo.", "Who met  bo?", "Bo"}});
  const QuestionAnsweringDataset test = asked("test.jsonl", {{"Ada met Bo.", "Who met Bo?", "Ada"},
                                                             {"Ada met Bo.", "Did Ada meet Bo?", "met"},
                                                             {"Cy met Dee.", "Who met Dee?", "Cy"}});
  const CheckResult result = check_questions<QuestionAnsweringDataset>({{"train", &train}, {"test", &test}});
  EXPECT_THAT(kinds_of(result), ElementsAre("leak of test", "shared_context of test", "conflict of train",
                                            "duplicate of train"));
  EXPECT_EQ(result.findings[0].rows, 1);
  EXPECT_EQ(result.findings[1].rows, 2);
  EXPECT_THAT(result.findings[1].where, ElementsAre(EndsWith("test.jsonl:1"), EndsWith("test.jsonl:2")));
  const Finding& conflict = result.findings[2];
  EXPECT_THAT(conflict.examples[0].where, ElementsAre(EndsWith("train.jsonl:1"), EndsWith("train.jsonl:3")));
  EXPECT_THAT(conflict.examples[0].labels, ElementsAre("Ada", "Bo"));
  EXPECT_EQ(conflict.examples[0].text, "Who met  bo?");
}

TEST_F(Sets, FindsRepeatedQuestionsWithChoicesInAnyOrder) {
  const std::string header = "context,question,choice0,choice1,label\n";
  const auto parse = [&](const std::string& rows, const std::string& name) {
    return parse_multiple_choice(header + rows, name, Format::csv);
  };
  const MultipleChoiceDataset train = parse(
      "He ate.,What?,a pear,a stone,0\nHe ate.,What?,a stone,a pear,1\nHe ate.,What?,a pear,soup,1\n"
      "He ate.,What?,a stone,a pear,0\n",
      "train.csv");
  const MultipleChoiceDataset test =
      parse("He ate.,When?,now,then,0\nHe ate.,What?,soup,a pear,0\n", "test.csv");
  const CheckResult result = check_questions<MultipleChoiceDataset>({{"train", &train}, {"test", &test}});
  EXPECT_THAT(kinds_of(result), ElementsAre("leak of test", "shared_context of test", "conflict of train",
                                            "duplicate of train"));
  EXPECT_THAT(result.findings[0].where, ElementsAre("test.csv:3"));
  EXPECT_EQ(result.findings[0].with_other_label, 0);
  EXPECT_EQ(result.findings[1].rows, 2);
  EXPECT_THAT(result.findings[2].examples[0].where, ElementsAre("train.csv:2", "train.csv:5"));
  EXPECT_THAT(result.findings[2].examples[0].labels, ElementsAre("a pear", "a stone"));
  EXPECT_EQ(result.findings[3].rows, 2);
}

TEST(Documents, ThatAreThereTwiceAreFound) {
  const auto documents_of = [](const std::vector<std::vector<std::vector<std::int32_t>>>& all) {
    TokenizedDocuments documents(100);
    for (const auto& sentences : all) {
      for (const std::vector<std::int32_t>& ids : sentences) documents.add_sentence(ids);
      EXPECT_TRUE(documents.end_document());
    }
    return documents;
  };
  const TokenizedDocuments train = documents_of({{{1, 2}, {3}}, {{4}}, {{1}, {2, 3}}, {{1, 2}}}),
                           validation = documents_of({{{3}}, {{4}}});
  const NamedTexts sets[] = {{"train", texts_of(train, "train")},
                             {"validation", texts_of(validation, "validation")}};
  const CheckResult result = check_texts(sets, {.unit = "document", .conflicts = false});
  EXPECT_THAT(kinds_of(result), ElementsAre("leak of validation", "duplicate of train"));
  EXPECT_THAT(result.findings[0].examples[0].where,
              ElementsAre("document 2 of train", "document 2 of validation"));
  EXPECT_THAT(result.findings[1].examples[0].where,
              ElementsAre("document 1 of train", "document 3 of train"));
}

}  // namespace
}  // namespace bertune::data::testing
