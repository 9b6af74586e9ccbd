#include "data/splits/given_folds.h"

#include <gmock/gmock.h>

#include "data/choices/multiple_choice.h"
#include "data/helpers.h"
#include "data/questions/question_texts.h"
#include "data/splits/folds.h"
#include "data/splits/subset.h"
#include "data/tagged/tagged_texts.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Numbers = std::vector<std::int64_t>;

class GivenFoldsTest : public ::testing::Test {
 protected:
  GivenFolds folds_of(const std::string& name, const std::string& text, ReadOptions options = {}) {
    file_ = files_.write(name, text);
    if (options.fold_column.empty()) options.fold_column = "fold";
    return read_given_folds(file_, format_from_path(file_), options);
  }
  GivenFolds folds_of_values(const std::vector<std::string>& values) {
    std::string csv = "text,fold\n";
    for (const std::string& value : values) csv += "a," + value + "\n";
    return folds_of("train.csv", csv);
  }
  // The message, without the folder that the file is in.
  template <typename Exception>
  std::string refused(const std::string& name, const std::string& text, const ReadOptions& options = {}) {
    std::string message = message_of<Exception>([&] { folds_of(name, text, options); });
    const std::string folder = file_.parent_path().string() + "/";
    if (message.starts_with(folder)) message.erase(0, folder.size());
    return message;
  }
  Fold fold(std::int64_t number, const GivenFolds& given) {
    return {.number = number, .count = given.count(), .given = std::make_shared<const GivenFolds>(given)};
  }

  TemporaryDirectory files_;
  fs::path file_;
};

TEST_F(GivenFoldsTest, AreInTheOrderOfTheirNumbersOrElseOfTheirNames) {
  const GivenFolds numbers = folds_of_values({"10", "2", "-1", "2"});
  EXPECT_THAT(numbers.names, ElementsAre("-1", "2", "10"));
  EXPECT_EQ(numbers.fold_of, (Numbers{2, 1, 0, 1}));
  EXPECT_EQ(numbers.line_of, (Numbers{2, 3, 4, 5}));
  EXPECT_EQ(numbers.json_name(2), Json(10));
  const GivenFolds names = folds_of_values({"north", "10", "2", "east"});
  EXPECT_THAT(names.names, ElementsAre("10", "2", "east", "north"));
  EXPECT_EQ(names.fold_of, (Numbers{3, 0, 1, 2}));
  EXPECT_EQ(names.json_name(0), Json("10"));
  // Numbers that JSON writes otherwise are in the order of numbers, and stay as they are.
  const GivenFolds padded = folds_of_values({"10", "09", "008"});
  EXPECT_THAT(padded.names, ElementsAre("008", "09", "10"));
  EXPECT_EQ(padded.json_name(0), Json("008"));
  EXPECT_THAT(folds_of_values({"1.0", "0.0"}).names, ElementsAre("0.0", "1.0"));
}

TEST_F(GivenFoldsTest, AreReadFromEveryFormatWithColumns) {
  const std::vector<std::string> names = {"a", "b"};
  for (const GivenFolds& folds :
       {folds_of("x.csv", "\xEF\xBB\xBFtext,\"Fold\"\n\"two\nlines\", b \n\n\"x \"\"y\"\"\",\"a\"\n"),
        folds_of("x.csv", "text;fold\nx;b\ny;a\n"), folds_of("x.tsv", "text\tfold\n\"x\tb\ny\ta\n"),
        folds_of("x.csv", "x,b\ny,a\n", {.fold_column = "2", .header = false}),
        folds_of("x.jsonl", "{\"fold\": \"b\", \"tokens\": [1]}\n\n{\"text\": \"x\", \"fold\": \"a\"}\n"),
        folds_of("x.json", "[{\"fold\": \"b\"},{\"fold\": \"a\"}]")}) {
    EXPECT_EQ(folds.names, names) << folds.path;
    EXPECT_EQ(folds.fold_of, (Numbers{1, 0})) << folds.path;
  }
  EXPECT_THAT(folds_of("x.jsonl", "{\"fold\": 3}\n{\"fold\": true}\n{\"fold\": \"3\"}\n").names,
              ElementsAre("3", "true"));
}

TEST_F(GivenFoldsTest, SayWhatIsWrongAndWhere) {
  const std::string head = "text,label,fold\na,x,1\nb,y,2\n";
  EXPECT_EQ(refused<Error>("t.csv", head + "c,x, \n"),
            "t.csv:4: no fold (column \"fold\" is empty); each row must say which one it is in");
  EXPECT_THAT(refused<Error>("t.csv", head + "c,x\n"),
              HasSubstr("t.csv:4: 2 fields, so column 3 (\"fold\")"));
  EXPECT_THAT(refused<Error>("t.jsonl", "{\"fold\": 1}\n{\"text\": \"x\"}\n"),
              HasSubstr("t.jsonl:2: no fold"));
  EXPECT_THAT(refused<Error>("t.jsonl", "{\"fold\": null}\n"), HasSubstr("t.jsonl:1: no fold"));
  EXPECT_THAT(refused<Error>("t.jsonl", "{\"fold\": 1}\n{\"fold\": [2]}\n"),
              HasSubstr("t.jsonl:2: \"fold\" is a list"));
  EXPECT_THAT(refused<Error>("t.jsonl", "{\"fold\": 1}\n{\"fold\": \n"),
              HasSubstr("t.jsonl:2: not valid JSON"));
  EXPECT_THAT(refused<Error>("t.csv", "a,fold,fold\n1,2,3\n"), HasSubstr("2 columns are called \"fold\""));
  EXPECT_THAT(refused<Error>("t.csv", "text,fold\n"), HasSubstr("holds no rows"));
  EXPECT_EQ(
      refused<UsageError>("t.csv", "text,fold\na,7\nb,7\n"),
      "t.csv:2: the fold is \"7\", and so it is in all 2 rows (column \"fold\"); there must be two at least");
  EXPECT_EQ(refused<UsageError>("t.csv", head, {.fold_column = "flod"}),
            "t.csv: there is no column \"flod\" for `fold_column` (did you mean \"fold\"?); the columns are "
            "\"text\", \"label\", \"fold\"");
  EXPECT_THAT(refused<UsageError>("t.csv", "a,1\nb,2\n", {.fold_column = "3", .header = false}),
              HasSubstr("columns are numbered from 1"));
  EXPECT_THAT(refused<UsageError>("t.csv", "fold\n" + std::string(101, 'x') + "\n"), HasSubstr("t.csv:2"));
  std::string rows = "id\n";
  for (int i = 0; i < 100; ++i) rows += std::to_string(i) + "\n";
  EXPECT_EQ(folds_of("t.csv", rows, {.fold_column = "id"}).count(), 100);
  EXPECT_EQ(
      refused<UsageError>("t.csv", rows + "100\n", {.fold_column = "id"}),
      "t.csv:102: column \"id\" has more than 100 different values; it looks like an identifier, not like a "
      "fold");
}

TEST_F(GivenFoldsTest, EachHoldsOutItsRows) {
  const std::string csv = "text,fold,label\na,2,x\nb,1,y\nc,2,y\nd,1,x\ne,2,x\nf,2,y\n";
  const GivenFolds given = folds_of("t.csv", csv);
  const Dataset dataset = read_dataset(file_, {.fold_column = "fold"});
  EXPECT_EQ(dataset.columns.label.name, "label");
  const Split first = stratified_split(texts_of(dataset), 0.1, 42, fold(0, given));
  EXPECT_THAT(first.validation, ElementsAre(1, 3));
  EXPECT_THAT(first.train, ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(first.notes, IsEmpty());
  EXPECT_EQ(stratified_split(texts_of(dataset), 0.5, 7, fold(1, given)).validation,
            first.train);  // nothing is drawn
}

TEST_F(GivenFoldsTest, WhatTheyDoNotHoldApartIsSaid) {
  const GivenFolds given =
      folds_of("t.csv", "text,fold,label\na,2,x\nb,1,y\nA ,1,x\nc,2,y\na,2,x\nd,1,only\ne,1,only\nf,2,x\n");
  const Dataset dataset = read_dataset(file_, {.fold_column = "fold"});
  EXPECT_THAT(
      fold_split(texts_of(dataset), fold(0, given), 42).notes,
      ElementsAre(
          AllOf(HasSubstr("3 of 8 rows have a text that also appears in another fold"),
                EndsWith("(first: " + file_.string() + ":2 and " + file_.string() + ":4)")),
          HasSubstr("the label \"only\" is not in each of 2 folds; where a label is missing, means"),
          HasSubstr("labels that one fold has to itself, so that its model has not learned them: \"only\"")));
}

TEST_F(GivenFoldsTest, EachNeedsRowsAmongThoseThatAreRead) {
  const GivenFolds given = folds_of("t.csv", "text,fold,label\na,2,x\nb,1,y\nc,3,y\n");
  const Dataset two = read_dataset(file_, {.fold_column = "fold", .max_rows = 2});
  EXPECT_THAT(message_of<UsageError>([&] { fold_split(texts_of(two), fold(0, given), 42); }),
              HasSubstr("none of the 2 rows that are read is in the fold \"3\""));
}

TEST_F(GivenFoldsTest, RowsFindTheirRecords) {
  const GivenFolds given = folds_of("t.jsonl",
                                    "{\"tokens\": [\"a\"], \"tags\": [\"O\"], \"fold\": 1}\n"
                                    "{\"tokens\": [], \"tags\": [], \"fold\": 2}\n\n"
                                    "{\"tokens\": [\"b\"], \"tags\": [\"X\"], \"fold\": 2}\n");
  const TaggedDataset sentences = read_tagged(file_);
  ASSERT_EQ(sentences.size(), 2);  // the one without words is left out
  EXPECT_THAT(stratified_split(texts_of(sentences), 0.1, 1, fold(1, given)).validation, ElementsAre(1));
  Dataset others;
  others.rows.resize(1);
  others.rows[0].line = 3;  // where no record begins
  EXPECT_THAT(message_of<Error>([&] { records_of_rows(texts_of(others), given); }),
              HasSubstr("was changed while"));
  others.rows[0].line = 5;  // where there is none any more
  EXPECT_THAT(message_of<Error>([&] { records_of_rows(texts_of(others), given); }),
              HasSubstr("was changed while"));
}

// Rows are found by their lines, so that none is taken for its neighbour.
TEST_F(GivenFoldsTest, QuestionsFindTheirRecords) {
  const std::string rows = "what,the food,food,2\n\nwhat,\"the\nfilm\",film,1\nwhat,the end,end,2\n";
  const std::string header = "question,context,answer,fold\n";
  const GivenFolds given = folds_of("t.csv", header + rows);
  const QuestionAnsweringDataset questions = read_question_answering(file_);
  ASSERT_EQ(questions.size(), 3);
  EXPECT_EQ(questions.examples[0].line, 2);
  EXPECT_EQ(questions.examples[2].line, 6);
  EXPECT_THAT(stratified_split(contexts_of(questions), 0.1, 1, fold(0, given)).validation, ElementsAre(1));
  EXPECT_THAT(
      stratified_split(contexts_of(subset(questions, Numbers{1, 2})), 0.1, 1, fold(0, given)).validation,
      ElementsAre(0));
  // The header counted as a row.
  const GivenFolds four = folds_of("t.csv", header + rows, {.fold_column = "4", .header = false});
  ASSERT_THAT(four.names, ElementsAre("1", "2", "fold"));
  EXPECT_EQ(
      records_of_rows(
          texts_of(read_dataset(file_, {.text_column = "2", .label_column = "3", .header = false})), four),
      (Numbers{0, 1, 2, 3}));
  EXPECT_THAT(
      message_of<UsageError>([&] { stratified_split(contexts_of(questions), 0.1, 1, fold(0, four)); }),
      HasSubstr("none of the 3 rows that are read is in the fold \"fold\""));
  const GivenFolds lines =
      folds_of("t.jsonl",
               "{\"question\": \"q\", \"context\": \"a b\", \"answer\": \"a\", \"fold\": 1}\n\n"
               "{\"question\": \"q\", \"context\": \"a c\", \"answer\": \"c\", \"fold\": 2}\n");
  EXPECT_THAT(
      stratified_split(contexts_of(read_question_answering(file_)), 0.1, 1, fold(1, lines)).validation,
      ElementsAre(1));
}

// A column that is named as the folds is no text and no label, even under the name of one.
TEST_F(GivenFoldsTest, TheirColumnIsNoOther) {
  const ReadOptions options = {.fold_column = "Label"};
  const Dataset dataset = dataset_of("label,text,class\n1,good,x\n2,bad,y\n", options);
  EXPECT_EQ(dataset.columns.label.name, "class");
  EXPECT_EQ(dataset.columns.text.name, "text");
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y"));
  EXPECT_THAT(dataset.columns.all, ElementsAre("label", "text", "class"));
  EXPECT_THAT(message_of<UsageError>([&] { dataset_of("text,label\ngood,1\nbad,2\n", options); }),
              HasSubstr("which column holds the labels?"));
  // Other files need not have it.
  EXPECT_THAT(labels(dataset_of("text,class\na,x\nb,x\n", {.fold_column = "fold"})), ElementsAre("x", "x"));
  const MultipleChoiceDataset questions =
      parse_multiple_choice("label,question,choice0,choice1,answer\n7,q,a,b,1\n8,r,c,d,0\n", "q.csv",
                            Format::csv, {.fold_column = "label"});
  EXPECT_EQ(questions.questions[0].label, 1);
}

}  // namespace
}  // namespace bertune::data::testing
