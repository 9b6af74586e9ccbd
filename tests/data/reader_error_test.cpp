#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;

std::string error_of(const std::string& name, std::string_view contents, const ReadOptions& options = {}) {
  const TemporaryDirectory directory;
  const auto path = directory.write(name, contents);
  return message_of([&] { read_dataset(path, options); });
}

TEST(ReaderErrors, NameMissingFilesFoldersAndEmptyFiles) {
  const TemporaryDirectory directory;
  EXPECT_THAT(message_of([&] { read_dataset(directory.path() / "no.csv"); }),
              HasSubstr("no.csv: cannot read"));
  std::filesystem::create_directory(directory.path() / "folder.csv");
  EXPECT_THAT(message_of([&] { read_dataset(directory.path() / "folder.csv"); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of("d.csv", ""), HasSubstr("d.csv: is empty"));
  EXPECT_THAT(error_of("d.csv", "\xef\xbb\xbf\n\n"), HasSubstr("d.csv: is empty"));
  EXPECT_THAT(error_of("d.jsonl", "\n"), HasSubstr("d.jsonl: is empty"));
  EXPECT_THAT(error_of("d.json", "[]"), HasSubstr("d.json: holds no rows"));
  EXPECT_THAT(error_of("d.csv", "text,label\n"), HasSubstr("d.csv: holds a header and no rows"));
}

TEST(ReaderErrors, NameTheLineOfDamagedCsv) {
  EXPECT_THAT(error_of("d.csv", "text,label\na,x\nb,y,z\n"),
              HasSubstr("d.csv:3: 3 fields where the header has 2"));
  EXPECT_THAT(error_of("d.csv", "text,label\n\"a\nb\"\n"), HasSubstr("d.csv:2: 1 fields"));
  EXPECT_THAT(error_of("d.csv", "text,label\na,x\n\"b\n\nc,y\n"), HasSubstr("d.csv:3: a quote opens here"));
  EXPECT_THAT(error_of("d.csv", "text,label\n\"a\nb\",\"x\n"), HasSubstr("d.csv:3: a quote opens here"));
  EXPECT_THAT(error_of("d.csv", "text,label\n\"say \\\"hi\\\"\",x\n"),
              HasSubstr("d.csv:2: text follows the closing quote"));
  EXPECT_THAT(error_of("d.csv", "text,label\n\"say \\\"hi\\\"\",x\n"), HasSubstr("not with a backslash"));
}

TEST(ReaderErrors, NameTheLineOfDamagedTsv) {
  EXPECT_THAT(error_of("d.tsv", "text\tlabel\na\tx\nb\n"),
              HasSubstr("d.tsv:3: 1 fields, so column 2 (\"label\")"));
}

TEST(ReaderErrors, NameTheLineOfDamagedJson) {
  const std::string good = "{\"text\": \"a\", \"label\": 1}\n";
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": \"b\", \"label\": }\n"),
              HasSubstr("d.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": \"b\", \"label\": 1} x\n"),
              HasSubstr("d.jsonl:2: not valid JSON"));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": 5, \"label\": 1}\n"),
              HasSubstr("d.jsonl:2: \"text\" is a number"));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"label\": 1}\n"),
              HasSubstr("d.jsonl:2: the object has no \"text\""));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": \"a\", \"text\": \"b\"}\n"),
              HasSubstr("d.jsonl:2: the key \"text\" occurs twice"));
  EXPECT_THAT(error_of("d.jsonl", good + "[1]\n"), HasSubstr("d.jsonl:2: expected a JSON object"));
  EXPECT_THAT(error_of("d.jsonl", good + "7\n"), HasSubstr("d.jsonl:2: expected a JSON object"));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": \"a\", \"label\": {\"x\": 1}}\n"),
              HasSubstr("d.jsonl:2: \"label\" is an object"));
  EXPECT_THAT(error_of("d.jsonl", good + "{\"text\": \"a\", \"label\": [[1]]}\n"),
              HasSubstr("d.jsonl:2: \"label\" is an object or a nested list"));
  EXPECT_THAT(error_of("d.json", "[\n" + good + good + "]"),
              HasSubstr("d.json:3: not valid JSON: expected ','"));
  EXPECT_THAT(error_of("d.json", "[\n" + good + ", 5]"),
              HasSubstr("d.json:3: expected an object in the array"));
  EXPECT_THAT(error_of("d.json", "[\n" + good + ", {\"text\": "),
              HasSubstr("d.json:3: the file ends inside the array"));
  EXPECT_THAT(error_of("d.json", "[" + good + "]\n5"),
              HasSubstr("d.json:3: not valid JSON: text after the end"));
  // Found by fuzzing: the name that the JSON library gives to its exceptions is for programmers.
  EXPECT_THAT(error_of("d.jsonl", "{\"text\": 1e999 b}\n"),
              AllOf(HasSubstr("d.jsonl:1: not valid JSON"), Not(HasSubstr("[json"))));
  EXPECT_THAT(error_of("d.json", "{\n\"data\": []}"), HasSubstr("d.json: holds no rows"));
}

TEST(ReaderErrors, NameTheLineOfAMissingLabel) {
  EXPECT_THAT(error_of("d.csv", "text,label\na,x\nb,\n"),
              HasSubstr("d.csv:3: no label (column \"label\" is empty)"));
  EXPECT_THAT(error_of("d.csv", "text,label\na,x\nb,  \n"), HasSubstr("d.csv:3: no label"));
  EXPECT_THAT(error_of("d.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\"}\n"),
              HasSubstr("d.jsonl:2: no label"));
}

TEST(ReaderErrors, NameColumnsThatOccurTwice) {
  EXPECT_THAT(error_of("d.csv", "text,label,text\na,x,b\n"),
              HasSubstr("d.csv:1: 2 columns are called \"text\""));
  EXPECT_EQ(error_of("d.csv", "text,label,id,id\na,x,1,2\n"), "");
}

TEST(ReaderErrors, RefuseWideTextSayingHowToConvert) {
  std::string wide;
  for (const char character : "text,label\nsome words,x\n"s) wide += {character, '\0'};
  EXPECT_THAT(error_of("d.csv", wide), HasSubstr("is UTF-16LE text; convert it: iconv -f UTF-16LE -t UTF-8"));
  EXPECT_THAT(error_of("d.csv", "\0"s + wide.substr(0, wide.size() - 1)), HasSubstr("is UTF-16BE text"));
  EXPECT_THAT(error_of("d.csv", "text,label\ra,x\rb,y\r"), HasSubstr("CR alone"));
}

TEST(ReaderErrors, RefuseOtherFormatsByName) {
  EXPECT_THAT(error_of("d.csv.bz2", "BZh91AY"), HasSubstr("is bzip2-compressed; unpack it first"));
  EXPECT_THAT(error_of("d.csv", "PK\x03\x04 xl/workbook.xml"),
              HasSubstr("is an Excel workbook; save it as CSV"));
  EXPECT_THAT(error_of("d.xlsx", "PK\x03\x04"), HasSubstr("is an Excel workbook"));
  EXPECT_THAT(error_of("d.zip", "PK\x03\x04 d.csv"), HasSubstr("is a zip archive"));
  EXPECT_THAT(error_of("d.parquet", "PAR1...."), HasSubstr("is a Parquet file"));
  EXPECT_THAT(error_of("d.parquet", "PAR1...."), HasSubstr("convert the file: python3 -c"));
  EXPECT_THAT(error_of("d.csv", "version https://git-lfs.github.com/spec/v1\n"),
              HasSubstr("Git LFS pointer"));
  EXPECT_THAT(error_of("d.csv", "<!DOCTYPE html><p>"), HasSubstr("is a web page"));
}

TEST(ReaderErrors, RefuseImpossibleDelimiters) {
  ReadOptions options;
  options.delimiter = '"';
  EXPECT_THAT(error_of("d.csv", "text,label\na,x\n", options), HasSubstr("delimiter"));
}

}  // namespace
}  // namespace bertune::data::testing
