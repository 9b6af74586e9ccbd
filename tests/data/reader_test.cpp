#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using namespace std::string_literals;

struct Reading {
  TemporaryDirectory directory;
  Dataset read(const std::string& name, std::string_view contents, const ReadOptions& options = {}) const {
    return read_dataset(directory.write(name, contents), options);
  }
};

ReadOptions unlabeled() {
  ReadOptions options;
  options.labels_required = false;
  return options;
}

TEST(CsvReader, ReadsQuotesDoubledQuotesAndEmbeddedLineEnds) {
  const Dataset dataset =
      dataset_of("text,label\n\"a, b\",x\n\"say \"\"hi\"\"\",y\n\"two\nlines\",x\nplain \"q\" text,y\n");
  EXPECT_THAT(texts(dataset), ElementsAre("a, b", "say \"hi\"", "two\nlines", "plain \"q\" text"));
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y", "x", "y"));
  EXPECT_EQ(dataset.rows[2].line, 4);
  EXPECT_EQ(dataset.rows[3].line, 6);
  EXPECT_TRUE(dataset.where(dataset.rows[3]).ends_with("data.csv:6"));
}

TEST(CsvReader, ReadsCarriageReturnsMarkAndMissingFinalNewline) {
  const Dataset dataset = dataset_of("\xef\xbb\xbftext,label\r\n\"a\r\nb\",x\r\n\"c\",\"y\"\r\nd,z");
  EXPECT_THAT(texts(dataset), ElementsAre("a\r\nb", "c", "d"));
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y", "z"));
  EXPECT_EQ(dataset.columns.text.name, "text");
  EXPECT_EQ(dataset.rows[2].line, 5);
}

TEST(CsvReader, KeepsEmptyCellsAndQuotesThatOnlyOpenInTheMiddle) {
  const Dataset dataset = dataset_of("id,text,label\n1,,x\n2,\"\",y\n3,5\" pipe,x\n");
  EXPECT_THAT(texts(dataset), ElementsAre("", "", "5\" pipe"));
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:2: the text is empty (2 times; this is the first)"));
}

TEST(CsvReader, KeepsUnicodeLineSeparatorsAsText) {
  const Dataset dataset = dataset_of(
      "text,label\na\xc2\x85"
      "b,x\nc\xe2\x80\xa8"
      "d,y\ne\\nf,x\n");
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_EQ(dataset.rows[2].text, "e\\nf");
}

TEST(CsvReader, SkipsBlankLinesAndSaysSo) {
  const Dataset dataset = dataset_of("text,label\n\na,x\n\r\nb,y\n\n");
  EXPECT_EQ(dataset.size(), 2);
  EXPECT_EQ(dataset.rows[1].line, 5);
  EXPECT_TRUE(has_note(dataset.notes, "blank lines skipped"));
}

TEST(CsvReader, FindsOtherDelimiters) {
  const Dataset dataset = dataset_of("text;label\n\"a;b\";x\nc, d;y\n");
  EXPECT_THAT(texts(dataset), ElementsAre("a;b", "c, d"));
  EXPECT_TRUE(has_note(dataset.notes, "separated by ';' (detected)"));
  ReadOptions bar;
  bar.delimiter = '|';
  EXPECT_THAT(texts(dataset_of("text|label\na,b|x\n", bar)), ElementsAre("a,b"));
}

TEST(CsvReader, TrimsLabelsButNotTexts) {
  const Dataset dataset = dataset_of("text,label\n a , x \nb,\"y\t\"\n");
  EXPECT_THAT(texts(dataset), ElementsAre(" a ", "b"));
  EXPECT_THAT(labels(dataset), ElementsAre("x", "y"));
}

TEST(CsvReader, ReplacesInvalidUtf8AndCountsIt) {
  const Dataset dataset = dataset_of("text,label\nok,x\nbad \xf0 byte,y\n\xff\xfe,x\n");
  EXPECT_EQ(dataset.rows[1].text, "bad \xef\xbf\xbd byte");
  EXPECT_EQ(dataset.rows[2].text, "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_TRUE(
      has_note(dataset.notes, "data.csv:3: bytes that are not UTF-8 were replaced by U+FFFD (3 times"));
}

TEST(CsvReader, KeepsNulBytesAndNotesThem) {
  const Dataset dataset = dataset_of("text,label\na\0b,x\nc,y\n"s);
  EXPECT_EQ(dataset.rows[0].text, "a\0b"s);
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:2: a NUL byte is kept as text"));
}

TEST(CsvReader, ReadsALongText) {
  const std::string text(10 << 20, 'a');
  const Dataset dataset = dataset_of("text,label\n\"" + text + "\",x\nshort,y\n");
  EXPECT_EQ(dataset.rows[0].text, text);
  EXPECT_EQ(dataset.rows[1].text, "short");
}

TEST(CsvReader, StopsAtMaxRows) {
  ReadOptions options;
  options.max_rows = 2;
  EXPECT_THAT(texts(dataset_of("text,label\na,x\nb,y\n\"unclosed\n", options)), ElementsAre("a", "b"));
}

TEST(CsvReader, NotesHeadersThatOccurAgain) {
  const Dataset dataset = dataset_of("text,label\na,x\ntext,label\nb,y\n");
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_TRUE(has_note(dataset.notes, "data.csv:3: the header occurs again"));
}

TEST(CsvReader, RowsOutliveCopiesOfTheDataset) {
  Dataset copy;
  {
    const Dataset original = dataset_of("text,label\n\"a \"\"b\"\"\",x\n");
    copy = original;
  }
  EXPECT_EQ(copy.rows[0].text, "a \"b\"");
}

TEST(TsvReader, TakesQuotesAsText) {
  const Reading reading;
  const Dataset dataset = reading.read("d.tsv", "sentence\tlabel\n\"odd quote\t1\nsay \"\"\t0\n");
  EXPECT_THAT(texts(dataset), ElementsAre("\"odd quote", "say \"\""));
}

TEST(TsvReader, ToleratesExtraColumns) {
  const Reading reading;
  const Dataset dataset = reading.read("d.tsv", "sentence\tlabel\ta\nx\t1\tq\ny\t0\tq\tr\nz\t1\n");
  EXPECT_THAT(labels(dataset), ElementsAre("1", "0", "1"));
  EXPECT_TRUE(has_note(dataset.notes, "d.tsv:3: the row is wider or narrower than the others (2 times"));
}

TEST(TsvReader, ReadsNumberedColumnsWithoutAHeader) {
  const Reading reading;
  ReadOptions options;
  options.header = false;
  options.text_column = "4";
  options.label_column = "2";
  const Dataset dataset = reading.read("d.tsv", "gj\t1\t\tThe boat.\ngj\t0\t*\tBoat the.\r\n", options);
  EXPECT_THAT(texts(dataset), ElementsAre("The boat.", "Boat the."));
  EXPECT_THAT(labels(dataset), ElementsAre("1", "0"));
}

TEST(TextReader, KeepsBlankLinesAsTexts) {
  const Reading reading;
  const Dataset dataset = reading.read("d.txt", "one\n\nthree\r\nfour", unlabeled());
  EXPECT_THAT(texts(dataset), ElementsAre("one", "", "three", "four"));
  EXPECT_FALSE(dataset.has_labels);
}

TEST(TextReader, CutsAtTheFirstDelimiter) {
  const Reading reading;
  std::string file;
  for (int i = 0; i < 20; ++i)
    file += (i % 2 == 0 ? "NUM:dist How far : " : "LOC:city What place ") + std::to_string(i) + "\n";
  ReadOptions options;
  options.delimiter = ':';
  const Dataset dataset = reading.read("d.txt", file, options);
  EXPECT_EQ(dataset.rows[0].label, "NUM");
  EXPECT_EQ(dataset.rows[0].text, "dist How far : 0");
  EXPECT_TRUE(has_note(dataset.notes, "columns detected: text = \"2\", label = \"1\""));
}

TEST(JsonReader, ReadsLinesWithAllKindsOfLabels) {
  const Reading reading;
  const Dataset dataset =
      reading.read("d.jsonl",
                   "{\"text\": \"a\\n\\u00e9\", \"label\": 1}\n"
                   "{\"label\": -2.50, \"text\": \"b\", \"more\": {\"x\": [1, {\"text\": 2}]}}\r\n"
                   "\n"
                   "{\"text\": \"c\", \"label\": true}\n"
                   "{\"text\": \"d\", \"label\": \"x y\"}\n"
                   "{\"text\": \"e\", \"label\": [\"u\", 3]}\n"
                   "{\"text\": \"f\", \"label\": 123456789012345678901234567890}");
  EXPECT_THAT(texts(dataset), ElementsAre("a\n\xc3\xa9", "b", "c", "d", "e", "f"));
  EXPECT_THAT(labels(dataset),
              ElementsAre("1", "-2.50", "true", "x y", "[\"u\",3]", "123456789012345678901234567890"));
  EXPECT_EQ(dataset.rows[2].line, 4);
}

TEST(JsonReader, TakesMissingAndNullLabelsAsNone) {
  const Reading reading;
  const Dataset dataset = reading.read(
      "d.jsonl",
      "{\"text\": \"a\", \"label\": null}\n{\"text\": \"b\"}\n{\"text\": \"c\", \"label\": \"x\"}\n",
      unlabeled());
  EXPECT_FALSE(dataset.rows[0].has_label);
  EXPECT_FALSE(dataset.rows[1].has_label);
  EXPECT_TRUE(dataset.rows[2].has_label);
}

TEST(JsonReader, ReadsAnArrayOfObjects) {
  const Reading reading;
  const std::string file =
      "\xef\xbb\xbf[\n  {\"text\": \"a ] } \\\" [\",\n   \"label\": 0},\n  {\"text\": \"b\", \"label\": "
      "1}\n]\n";
  const Dataset dataset = reading.read("d.json", file);
  EXPECT_THAT(texts(dataset), ElementsAre("a ] } \" [", "b"));
  EXPECT_EQ(dataset.rows[0].line, 2);
  EXPECT_EQ(dataset.rows[1].line, 4);
  EXPECT_EQ(
      reading.read("e.json", "{\"text\": \"a\", \"label\": 0}\n{\"text\": \"b\", \"label\": 1}\n").size(), 2);
}

TEST(JsonReader, ReplacesInvalidUtf8) {
  const Reading reading;
  const Dataset dataset =
      reading.read("d.jsonl", "{\"text\": \"a\xff\", \"label\": 0}\n{\"text\": \"b\", \"label\": 1}\n");
  EXPECT_EQ(dataset.rows[0].text, "a\xef\xbf\xbd");
  EXPECT_TRUE(has_note(dataset.notes, "d.jsonl:1: bytes that are not UTF-8"));
}

TEST(Formats, AreKnownByNameAndExtension) {
  EXPECT_EQ(format_from_path("a/b.CSV"), Format::csv);
  EXPECT_EQ(format_from_path("b.ndjson"), Format::jsonl);
  EXPECT_EQ(format_from_string(to_string(Format::tsv)), Format::tsv);
  EXPECT_NE(message_of<UsageError>([] { format_from_path("data.dat"); }).find("`format="), std::string::npos);
  EXPECT_NE(message_of<UsageError>([] { format_from_string("xml"); }).find("csv, tsv, jsonl"),
            std::string::npos);
}

}  // namespace
}  // namespace bertune::data::testing
