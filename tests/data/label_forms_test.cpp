// Labels as files write them.
#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"
#include "data/texts/labels.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string table(const std::vector<std::string>& labels, const std::string& name = "label") {
  std::string csv = "text," + name + "\n";
  for (std::size_t i = 0; i < labels.size(); ++i)
    csv += "text number " + std::to_string(i) + ",\"" + labels[i] + "\"\n";
  return csv;
}

std::vector<std::string> classes(const std::vector<std::string>& labels) {
  return build_label_map(dataset_of(table(labels))).id2label();
}

ReadOptions with_bad_rows(std::int64_t most) {
  ReadOptions options;
  options.max_bad_rows = most;
  return options;
}

TEST(LabelSpellings, OfOneWholeNumberAreOneClassAndNoOthers) {
  EXPECT_THAT(classes({"1", "1.0", "0", "0.0"}), ElementsAre("0", "1"));
  EXPECT_THAT(classes({"007", "7", "07"}), ElementsAre("7", "07", "007"));
  EXPECT_THAT(classes({"1.1", "1.10", "2"}), ElementsAre("1.1", "1.10", "2"));
  EXPECT_THAT(classes({"9007199254740993", "9007199254740992"}),
              ElementsAre("9007199254740992", "9007199254740993"));
  EXPECT_THAT(classes({"1e3", "1000"}), ElementsAre("1e3", "1000"));
  const TemporaryDirectory directory;
  const auto path = directory.write("d.jsonl",
                                    "{\"text\": \"a\", \"label\": 12345678901234567891}\n{\"text\": \"b\", "
                                    "\"label\": 12345678901234567892}\n");
  EXPECT_EQ(build_label_map(read_dataset(path)).size(), 2);
}

TEST(LabelSpellings, AreNamedAsTheClassAndSaid) {
  Dataset dataset = dataset_of(table({"1.0", "0", "1", "0.0"}));
  const std::vector<std::string> notes = name_labels(dataset, build_label_map(dataset));
  EXPECT_THAT(labels(dataset), ElementsAre("1", "0", "1", "0"));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr("the labels \"0.0\" and \"0\" are one, and 1 more such"));
}

TEST(LabelSpellings, OfTruthValuesAreOneClass) {
  EXPECT_THAT(classes({"True", "false", "TRUE", "False"}), ElementsAre("False", "TRUE"));
  const LabelMap labels({"False", "True"});
  EXPECT_EQ(labels.id_of("true"), 1);
  EXPECT_EQ(labels.id_of("FALSE"), 0);
  EXPECT_EQ(labels.id_of("1"), std::nullopt);
  EXPECT_EQ(LabelMap({"No", "Yes"}).id_of("yes"), 1);
  EXPECT_EQ(LabelMap({"Bad", "Good"}).id_of("good"), std::nullopt);
  EXPECT_EQ(LabelMap({"TRUE", "True", "False"}).id_of("true"), std::nullopt);  // a model that has both
}

TEST(LabelForms, NumbersWithADecimalComma) {
  const Dataset dataset = dataset_of(table({"1,5", "4", "2,25", "4,5"}, "score"));
  EXPECT_THAT(labels(dataset), ElementsAre("1.5", "4", "2.25", "4.5"));
  EXPECT_TRUE(has_note(dataset.notes, "3 labels are numbers with a decimal comma, such as \"1,5\""));
  EXPECT_THAT(labels(dataset_of(table({"1,5", "4", "2,25", "4,5"}, "labels"))),
              ElementsAre("1,5", "4", "2,25", "4,5"));
  EXPECT_THAT(labels(dataset_of(table({"1,5,6", "4", "2"}))), ElementsAre("1,5,6", "4", "2"));
}

TEST(LabelForms, WordsForNothingAmongNumbers) {
  const std::string csv = table({"1.5", "2", "N/A", "4"});
  EXPECT_THAT(message_of([&] { dataset_of(csv); }),
              AllOf(HasSubstr("data.csv:4: \"N/A\" among numbers is no label (column \"label\")"),
                    HasSubstr("`max_bad_rows=1`")));
  const Dataset dataset = dataset_of(csv, with_bad_rows(1));
  EXPECT_THAT(labels(dataset), ElementsAre("1.5", "2", "4"));
  EXPECT_TRUE(has_note(dataset.notes, "1 of 4 rows cannot be used and were left out"));
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:4: \"N/A\" among numbers"));
  EXPECT_THAT(labels(dataset_of(table({"good", "none", "bad"}))), ElementsAre("good", "none", "bad"));
}

TEST(LabelForms, PrefixesOfFastText) {
  EXPECT_THAT(labels(dataset_of(table({"__label__a", "__label__b"}))), ElementsAre("a", "b"));
  const TemporaryDirectory directory;
  const Dataset single =
      read_dataset(directory.write("d.txt", "__label__a one text\n__label__b\ttwo\nthree __label__a\n"));
  EXPECT_THAT(texts(single), ElementsAre("one text", "two", "three"));
  EXPECT_THAT(labels(single), ElementsAre("a", "b", "a"));
  const Dataset several =
      read_dataset(directory.write("e.txt", "__label__a __label__b one\n__label__b two\n"));
  EXPECT_THAT(labels(several), ElementsAre("[\"a\",\"b\"]", "[\"b\"]"));
  EXPECT_EQ(guess_problem_type(several).type, ProblemType::multi_label_classification);
}

TEST(LabelForms, ListsOfZeroAndOne) {
  const TemporaryDirectory directory;
  const Dataset dataset = read_dataset(directory.write(
      "d.jsonl", "{\"text\": \"a\", \"labels\": [0, 1, 1]}\n{\"text\": \"b\", \"labels\": [0, 0, 0]}\n"));
  EXPECT_THAT(labels(dataset), ElementsAre("[1,2]", "[]"));
  EXPECT_THAT(dataset.label_names, ElementsAre("0", "1", "2"));
  EXPECT_TRUE(has_note(dataset.notes, "labels are lists of 3 numbers, 0 or 1"));
  const Dataset others = read_dataset(directory.write(
      "e.jsonl", "{\"text\": \"a\", \"labels\": [0, 1]}\n{\"text\": \"b\", \"labels\": [1]}\n"));
  EXPECT_THAT(labels(others), ElementsAre("[0,1]", "[1]"));
}

TEST(LabelForms, AreThoseOfTraining) {
  const Dataset lists = dataset_of(table({"[1,1]", "[0,1]", "[1,0]", "[0,0]"}));
  EXPECT_EQ(lists.label_form, LabelForm::places);
  ReadOptions options;
  options.trained = {.text = "text", .text_pair = "", .label = "label", .label_form = lists.label_form};
  EXPECT_THAT(labels(dataset_of(table({"[0,1]", "[1,0]"}), options)), ElementsAre("[1]", "[0]"));
  EXPECT_THAT(labels(dataset_of(table({"[0,1]", "[1,0]"}))), ElementsAre("[0,1]", "[1,0]"));
  EXPECT_THAT(labels(dataset_of(table({"[0,1]", "[1]"}), options)), ElementsAre("[0,1]", "[1]"));
  const std::vector<std::string> few = {"1", "2", "3", "1,1", "2,2", "3,3"};
  EXPECT_THAT(labels(dataset_of(table(few))).back(), "3,3");
  options.trained->label_form = dataset_of(table({"1,5", "4", "2,25", "4,5"})).label_form;
  EXPECT_THAT(labels(dataset_of(table(few), options)).back(), "3.3");
  EXPECT_EQ(dataset_of(table(few)).label_form, LabelForm::as_written);
}

TEST(LabelFiles, HaveALineForEachRow) {
  const TemporaryDirectory directory;
  const auto texts_file = directory.write("seq.in", "one text\ntwo\n\n"),
             labels_file = directory.write("label", "x\ny\nx\n");
  ReadOptions options;
  options.format = Format::text;
  options.labels_file = labels_file;
  const Dataset dataset = read_dataset(texts_file, options);
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y", "x"));
  EXPECT_TRUE(has_note(dataset.notes, "its labels are the lines of"));
  options.labels_file = directory.write("short", "x\n");
  EXPECT_THAT(message_of([&] { read_dataset(texts_file, options); }), HasSubstr("has 1 lines, and"));
  options.label_column = "2";
  EXPECT_THAT(message_of<UsageError>([&] { read_dataset(texts_file, options); }), HasSubstr("`labels_file`"));
}

TEST(BadRows, AreCountedAndTheFirstOnesNamed) {
  const std::string csv = table({"", "x", "y", "", "x", "y", ""});
  EXPECT_THAT(
      message_of([&] { dataset_of(csv); }),
      AllOf(HasSubstr("data.csv:2: no label (column \"label\" is empty)"), HasSubstr("data.csv:8: no label"),
            HasSubstr("3 of 7 rows cannot be used"), HasSubstr("leave them out with `max_bad_rows=3`")));
  EXPECT_THAT(message_of([&] { dataset_of(csv, with_bad_rows(2)); }), HasSubstr("3 of 7 rows"));
  const Dataset dataset = dataset_of(csv, with_bad_rows(3));
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y", "x", "y"));
  EXPECT_TRUE(has_note(dataset.notes, "3 of 7 rows cannot be used and were left out (`max_bad_rows=3`)"));
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:2: no label (column \"label\" is empty)"));
}

TEST(BadRows, OfUnknownLabelsAreCountedToo) {
  const LabelMap known({"x", "y"});
  Dataset dataset = dataset_of(table({"x", "z", "y", "\x1b[31mw", "z"}));
  EXPECT_THAT(message_of([&] { label_ids(dataset, known); }),
              AllOf(HasSubstr("data.csv:3: the label \"z\" is not one of those trained on"),
                    HasSubstr("3 rows have such labels: \"z\", \"\\x1b[31mw\"")));
  leave_out_unknown_labels(dataset, known, 2);
  EXPECT_EQ(dataset.size(), 5);
  leave_out_unknown_labels(dataset, known, 3);
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y"));
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:3: left out: the label \"z\""));
}

TEST(ManyClasses, AreFineWhereTheColumnIsNamed) {
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("intent " + std::to_string(i));
  ReadOptions options;
  options.label_column = "label";
  EXPECT_EQ(build_label_map(dataset_of(table(names), options)).size(), 30);
  EXPECT_EQ(build_label_map(dataset_of(table(names)), {.is_sure = true}).size(), 30);
  EXPECT_THAT(message_of([&] { build_label_map(dataset_of(table(names))); }),
              HasSubstr("30 different labels"));
}

TEST(ProblemTypes, OneWordAmongScoresIsNoClass) {
  std::vector<std::string> scores;
  for (int i = 0; i < 40; ++i) scores.push_back(std::to_string(i * 0.125));
  scores[7] = "four";
  const Dataset dataset = dataset_of(table(scores));
  EXPECT_EQ(guess_problem_type(dataset).type, ProblemType::regression);
  EXPECT_THAT(guess_problem_type(dataset).reason, HasSubstr("in all but 1 rows"));
  EXPECT_THAT(message_of([&] { label_values(dataset); }),
              HasSubstr("data.csv:9: the label \"four\" is not a number"));
}

}  // namespace
}  // namespace bertune::data::testing
