// Tables as spreadsheets and other programs export them.
#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kRows = "one text,x\ntwo texts,y\nthree texts,x\nfour texts,y\n";

std::string with(std::string rows, char delimiter) {
  for (char& c : rows) c = c == ',' ? delimiter : c;
  return rows;
}

TEST(Dialects, AFirstLineSaysWhatSeparates) {
  for (const std::string first : {"sep=;\n", "\xef\xbb\xbfSEP=;\r\n", "\"sep=;\"\n"}) {
    const Dataset dataset = dataset_of(first + "text;label\na, b;x\nc;y\n");
    EXPECT_THAT(texts(dataset), ElementsAre("a, b", "c"));
    EXPECT_EQ(dataset.rows[0].line, 3);
    EXPECT_TRUE(has_note(dataset.notes, "the first line says that ';' separates fields"));
  }
}

TEST(Dialects, TitlesAndCommentsStandAboveTheTable) {
  for (const std::string above : {"My data set\n\n", "# exported 2024\n", "Report of May,\n"}) {
    const Dataset dataset = dataset_of(above + "text,label\n" + kRows);
    EXPECT_EQ(dataset.size(), 4) << above;
    EXPECT_EQ(dataset.columns.label.name, "label");
    EXPECT_TRUE(has_note(dataset.notes, "line 1 is above the header, and left out: \"" + above.substr(0, 3)));
  }
}

TEST(Dialects, AFieldThatAllRowsHaveMoreThanTheHeader) {
  const Dataset trailing = dataset_of("text,label\na b,x,\nc d,y,\ne f,x,\n");
  EXPECT_THAT(labels(trailing), ElementsAre("x", "y", "x"));
  EXPECT_TRUE(has_note(trailing.notes, "rows end in a delimiter that the header lacks"));
  const Dataset numbered =
      dataset_of("\"text\",\"label\"\n\"1\",\"a b\",\"x\"\n\"2\",\"c d\",\"y\"\n\"3\",\"e\",\"x\"\n");
  EXPECT_THAT(texts(numbered), ElementsAre("a b", "c d", "e"));
  EXPECT_TRUE(has_note(numbered.notes, "rows have a field more than the header"));
  EXPECT_THAT(
      message_of([] { dataset_of("text,label\na, b,x\nc, d,y\ne, f,x\n"); }),
      AllOf(
          HasSubstr("data.csv:2: 3 fields where the header has 2; a field that holds the delimiter or a line "
                    "end must stand in double quotes\n"),
          HasSubstr("data.csv:4: 3 fields"), EndsWith("3 of 3 rows cannot be used")));
}

TEST(Dialects, QuotesMayBeSingleOrBehindABlank) {
  EXPECT_THAT(texts(dataset_of("text,label\n'it''s a, b','x'\n'c','y'\n'd','x'\n")),
              ElementsAre("it's a, b", "c", "d"));
  EXPECT_THAT(labels(dataset_of("text, label\n\"a, b\", \"x, z\"\n\"c\", \"y\"\n\"d\" , \"x\"\n")),
              ElementsAre("x, z", "y", "x"));
}

TEST(Dialects, TheDelimiterSeparatesAllRowsAndNotTheHeaderAlone) {
  const Dataset dataset =
      dataset_of("label,kind|text\n" + with("x,one text\ny,two texts\nx,three\ny,four\n", '|'));
  EXPECT_THAT(texts(dataset), ElementsAre("one text", "two texts", "three", "four"));
}

TEST(Dialects, OneColumnMayHoldDelimitersInItsTexts) {
  for (const char sign : {';', '|'}) {
    std::string csv = "text\n";
    for (int i = 0; i < 8; ++i) csv += "good film " + std::to_string(i) + sign + " really\n";
    const Dataset dataset = dataset_of(csv, {.labels_required = false});
    ASSERT_EQ(dataset.size(), 8);
    EXPECT_EQ(dataset.rows[0].text, std::string("good film 0") + sign + " really");
  }
  const Dataset titled = dataset_of("Report\n\n" + with("text,label\n" + kRows, ';'));
  EXPECT_THAT(labels(titled), ElementsAre("x", "y", "x", "y"));
}

TEST(Dialects, ARowThatSumsUpTheOthersIsNone) {
  const Dataset dataset = dataset_of("text,label\n" + kRows + "\nTotal,4\n");
  EXPECT_EQ(dataset.size(), 4);
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:7: sums up the others, and is left out: \"Total\", \"4\""));
  const std::string numbers = "word,score\nlamp,4.5\ntrust,1.25\nchair,5\nhope,1.5\n";
  EXPECT_EQ(dataset_of(numbers + "sum,12.25\n").size(), 4);
  EXPECT_EQ(dataset_of(numbers + "count,4\n").size(), 4);
  EXPECT_EQ(dataset_of(numbers + "sum,2.75\n").size(), 5) << "the score of a word";
}

TEST(Dialects, ANamelessColumnMakesNoTitleOfTheHeader) {
  const Dataset dataset =
      dataset_of("What they said,\nI like it,good\nnot for me,bad\nlate,bad\nfine,good\n");
  EXPECT_THAT(labels(dataset), ElementsAre("good", "bad", "bad", "good"));
  const Dataset titled = dataset_of("Report of May,\ntext,label\n" + kRows);
  EXPECT_EQ(titled.columns.label.name, "label");
}

TEST(Dialects, TabsSeparateWhereACommaStandsInATextOfEachRow) {
  const TemporaryDirectory directory;
  std::string rows;
  for (int i = 0; i < 12; ++i)
    rows +=
        std::string(i % 2 == 0 ? "good" : "bad") + "\tone thing, and the other " + std::to_string(i) + "\n";
  const Dataset dataset = read_dataset(directory.write("rows.data", rows));
  EXPECT_EQ(dataset.rows[1].text, "one thing, and the other 1");
  EXPECT_EQ(dataset.rows[1].label, "bad");
}

TEST(Dialects, TablesInFilesOfPlainText) {
  const TemporaryDirectory directory;
  const auto path =
      directory.write("d.txt", "pair_ID\tsentence_A\tsentence_B\tjudgment\n1\ta b\tc d\tx\n2\te\tf\ty\n");
  const Dataset dataset = read_dataset(path);
  EXPECT_EQ(dataset.columns.text_pair.name, "sentence_B");
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y"));
  ReadOptions options;
  options.delimiter = ';';
  const auto fields = directory.write("e.txt", "one text;x;1.5\ntwo;y;2.5\nthree;x;3.5\nfour texts;y;2.5\n");
  options.header = false;
  options.text_column = "1", options.label_column = "2";
  EXPECT_THAT(labels(read_dataset(fields, options)), ElementsAre("x", "y", "x", "y"));
}

TEST(Dialects, NamesThatSayNoFormat) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_dataset(directory.write("data.csv.bak", "text,label\n" + kRows)).size(), 4);
  for (const std::string& rows :
       {"text,label\n" + kRows, with("text,label\n" + kRows, '\t'),
        std::string("{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": 2}\n")}) {
    const Dataset dataset = read_dataset(directory.write("data", rows));
    EXPECT_EQ(dataset.columns.text.name, "text");
    EXPECT_TRUE(has_note(dataset.notes, "detected from its content; change with `format`"));
  }
}

}  // namespace
}  // namespace bertune::data::testing
