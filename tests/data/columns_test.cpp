#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Columns, AreGuessedFromNamesWhateverTheirCase) {
  const Dataset dataset = dataset_of("ID,Review,Sentiment\n1,good,pos\n2,bad,neg\n");
  EXPECT_EQ(dataset.columns.text.name, "Review");
  EXPECT_EQ(dataset.columns.label.name, "Sentiment");
  EXPECT_TRUE(dataset.columns.text.guessed);
  EXPECT_THAT(dataset.columns.all, ElementsAre("ID", "Review", "Sentiment"));
  EXPECT_TRUE(has_note(dataset.notes, "columns detected: text = \"Review\", label = \"Sentiment\""));
}

TEST(Columns, OfPairsAreGuessedTogether) {
  const Dataset dataset = dataset_of("premise,hypothesis,gold_label\na,b,x\nc,d,y\n");
  EXPECT_TRUE(dataset.has_pairs);
  EXPECT_EQ(dataset.rows[1].text, "c");
  EXPECT_EQ(dataset.rows[1].text_pair, "d");
  const Dataset qnli = dataset_of("index,question,sentence,label\n1,a,b,x\n");
  EXPECT_EQ(qnli.columns.text.name, "question");
  EXPECT_EQ(qnli.columns.text_pair.name, "sentence");
}

// As BoolQ has it: the question and its passage are the pair, and the answer says yes or no.
TEST(Columns, AnAnswerOfYesOrNoIsALabelAndNoText) {
  std::string rows;
  for (int row = 0; row < 8; ++row)
    rows += fmt::format(
        R"({{"question":"is this number {} so","title":"Number {}","answer":{},"passage":"A long passage about the number {} and others."}})"
        "\n",
        row, row, row % 2 == 0, row);
  ReadOptions options;
  options.format = Format::jsonl;
  const Dataset dataset = dataset_of(rows, options);
  EXPECT_EQ(dataset.rows[3].text, "is this number 3 so");
  EXPECT_EQ(dataset.rows[3].text_pair, "A long passage about the number 3 and others.");
  EXPECT_EQ(dataset.rows[3].label, "false");
}

// A table without a header whose counts happen to be 0 and 1 everywhere.
TEST(Columns, WithoutNamesAreNoSetOfLabelsWhereOneOfWordsMayBeTheLabel) {
  std::string rows;
  for (int row = 0; row < 12; ++row)
    rows += fmt::format("{}.json\t{}\tThis is the claim number {} of them.\t{}\t{}\t{}\n", 2635 + row,
                        row % 3 == 0 ? "true" : "half-true", row, row % 2, row % 4 == 0 ? 1 : 0, 1);
  ReadOptions options;
  options.format = Format::tsv, options.header = false;
  try {
    EXPECT_FALSE(dataset_of(rows, options).rows[0].label.starts_with("["));
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("fit equally"));
  }
}

TEST(Columns, GivenOnesHoldAndSwitchPairGuessingOff) {
  ReadOptions options;
  options.text_column = "hypothesis";
  const Dataset dataset = dataset_of("premise,hypothesis,label\na,b,x\n", options);
  EXPECT_FALSE(dataset.has_pairs);
  EXPECT_EQ(dataset.rows[0].text, "b");
  EXPECT_FALSE(dataset.columns.text.guessed);
}

TEST(Columns, GivenOnesMayDifferInCase) {
  ReadOptions options;
  options.text_column = "BODY";
  options.label_column = "kind";
  EXPECT_EQ(dataset_of("body,Kind,text\na,x,b\n", options).rows[0].text, "a");
}

TEST(Columns, OfTwoTheOneThatRepeatsIsTheLabel) {
  const Dataset dataset = dataset_of("foo,bar\na1,x\na2,y\na3,x\na4,y\na5,x\n");
  EXPECT_EQ(dataset.columns.text.name, "foo");
  EXPECT_EQ(dataset.columns.label.name, "bar");
  EXPECT_TRUE(has_note(dataset.notes, "columns detected"));
}

TEST(Columns, OfTwoTheOneOfNumbersIsTheLabel) {
  const Dataset dataset = dataset_of("foo,bar\na1,0.1\na2,0.2\na3,0.3\n");
  EXPECT_EQ(dataset.columns.label.name, "bar");
}

TEST(Columns, ByValuesOfTwoJsonKeys) {
  const TemporaryDirectory directory;
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += "{\"k\": " + std::to_string(i % 2) + ", \"v\": \"text " + std::to_string(i) + "\"}\n";
  const Dataset dataset = read_dataset(directory.write("d.jsonl", file));
  EXPECT_EQ(dataset.columns.label.name, "k");
  EXPECT_EQ(dataset.columns.text.name, "v");
}

TEST(Columns, AFirstRowThatLooksLikeAnExampleIsOne) {
  const Dataset dataset = dataset_of("lovely film,1\nbad film,0\ngreat film,1\ndull film,0\nfine film,1\n");
  EXPECT_EQ(dataset.size(), 5);
  EXPECT_EQ(dataset.rows[0].text, "lovely film");
  EXPECT_EQ(dataset.rows[0].line, 1);
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:1: looks like an example"));
}

TEST(Columns, UnknownOnesAreAUsageErrorThatHelps) {
  ReadOptions options;
  options.text_column = "txet";
  EXPECT_THAT(message_of<UsageError>([&] { dataset_of("id,text,label\n1,a,x\n", options); }),
              AllOf(HasSubstr("no column \"txet\" for `text_column`"), HasSubstr("did you mean \"text\"?"),
                    HasSubstr("\"id\", \"text\", \"label\"")));
  options.header = false;
  options.text_column = "7";
  EXPECT_THAT(message_of<UsageError>([&] { dataset_of("1,a,x\n", options); }), HasSubstr("numbered from 1"));
}

TEST(Columns, ThatCannotBeGuessedAreListed) {
  EXPECT_THAT(message_of<UsageError>([] { dataset_of("a,b,c\n1,2,3\n"); }),
              AllOf(HasSubstr("`text_column`"), HasSubstr("`label_column`"), HasSubstr("\"a\", \"b\", \"c\""),
                    HasSubstr("`no_header`")));
  EXPECT_THAT(message_of<UsageError>([] { dataset_of("text,b,c\n1,2,3\n"); }),
              HasSubstr("which column holds the labels"));
}

TEST(Columns, CannotPlayTwoParts) {
  ReadOptions options;
  options.text_column = "text";
  options.label_column = "text";
  EXPECT_THAT(message_of<UsageError>([&] { dataset_of("text,label\na,x\n", options); }),
              HasSubstr("one column cannot be"));
}

TEST(Columns, LabelsAreOptionalForPrediction) {
  ReadOptions options;
  options.labels_required = false;
  const Dataset dataset = dataset_of("whatever\nfirst\nsecond\n", options);
  EXPECT_THAT(texts(dataset), ElementsAre("first", "second"));
  EXPECT_FALSE(dataset.columns.label);
}

}  // namespace
}  // namespace bertune::data::testing
