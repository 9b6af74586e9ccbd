#include <gmock/gmock.h>

#include <sstream>
#include <string>

#include "data/helpers.h"
#include "support/pieces.h"

namespace bertune::data::testing::stream_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ReadOptions unlabeled(std::optional<Format> format = std::nullopt) {
  ReadOptions options;
  options.labels_required = false;
  options.format = format;
  return options;
}

std::vector<std::string> all_texts(RowStream& stream, std::int64_t batch) {
  std::vector<std::string> texts;
  std::vector<Row> rows;
  while (stream.next_batch(batch, rows)) {
    for (const Row& row : rows) texts.emplace_back(row.text);
  }
  return texts;
}

TEST(RowStream, ReadsATextALine) {
  std::istringstream input("one\n\nthree");
  RowStream stream(input, "standard input", unlabeled());
  EXPECT_THAT(all_texts(stream, 2), ElementsAre("one", "", "three"));
  EXPECT_TRUE(has_note(stream.notes(), "standard input:2: the text is empty"));
}

TEST(RowStream, OfNothingHasNoRows) {
  std::istringstream input("");
  RowStream stream(input, "standard input", unlabeled());
  Row row;
  EXPECT_FALSE(stream.next(row));
}

TEST(RowStream, GivesTheRowsOfTheDatasetWhateverTheFormat) {
  std::string csv = "text,label\n", jsonl, json = "[";
  for (int i = 0; i < 30000; ++i) {
    const std::string number = std::to_string(i);
    csv += "\"line " + number + "\n\"\"quoted\"\", and more words to fill the window\"," +
           std::to_string(i % 3) + "\r\n";
    const std::string object = "{\"text\": \"a\\n" + number + "\", \"label\": " + std::to_string(i % 3) + "}";
    jsonl += object + "\n";
    json += (i > 0 ? ",\n" : "") + object;
  }
  json += "]\n";
  const TemporaryDirectory directory;
  for (const auto& [name, contents] : {std::pair{"d.csv", csv}, {"d.jsonl", jsonl}, {"d.json", json}}) {
    const auto path = directory.write(name, contents);
    const Dataset dataset = read_dataset(path);
    RowStream stream(path, ReadOptions());
    std::vector<Row> rows;
    std::size_t place = 0;
    while (stream.next_batch(777, rows)) {
      for (const Row& row : rows) {
        ASSERT_LT(place, dataset.rows.size());
        const Row& expected = dataset.rows[place++];
        ASSERT_EQ(row.text, expected.text) << name;
        ASSERT_EQ(row.label, expected.label) << name;
        ASSERT_EQ(row.line, expected.line) << name;
      }
    }
    EXPECT_EQ(place, 30000U) << name;
  }
}

TEST(RowStream, HoldsARecordLargerThanItsWindow) {
  const std::string text(3 << 20, 'x');
  std::istringstream input("text\n\"" + text + "\"\nshort\n");
  RowStream stream(input, "standard input", unlabeled(Format::csv));
  const auto texts = all_texts(stream, 1);
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[0], text);
}

TEST(RowStream, StopsAtMaxRows) {
  std::istringstream input("a\nb\nc\n");
  ReadOptions options = unlabeled();
  options.max_rows = 2;
  RowStream stream(input, "standard input", options);
  EXPECT_THAT(all_texts(stream, 10), ElementsAre("a", "b"));
}

TEST(RowStream, NamesTheLineOfAnError) {
  std::istringstream input("text,label\na,x\nb\n");
  RowStream stream(input, "standard input", unlabeled(Format::csv));
  EXPECT_THAT(message_of([&] { all_texts(stream, 10); }), HasSubstr("standard input:3: 1 fields"));
}

TEST(RowStream, RefusesFoldersAndMissingFiles) {
  const TemporaryDirectory directory;
  EXPECT_THAT(message_of([&] { RowStream(directory.path(), unlabeled(Format::csv)); }),
              HasSubstr("is a folder"));
  EXPECT_THAT(message_of([&] { RowStream(directory.path() / "no.csv", unlabeled()); }),
              HasSubstr("no.csv: cannot read"));
}

TEST(Stream, AnswersWhatHasArrived) {
  bertune::testing::Pieces pieces({"first\n", "second\nthi", "rd\n", "last"});
  std::istream input(&pieces);
  RowStream stream(input, "standard input", {.labels_required = false});
  std::vector<Row> rows;
  std::vector<std::vector<std::string>> batches;
  std::vector<std::size_t> reads;
  while (stream.next_batch(1000, rows)) {
    batches.emplace_back();
    for (const Row& row : rows) batches.back().emplace_back(row.text);
    reads.push_back(pieces.read());
  }
  EXPECT_EQ(batches, (std::vector<std::vector<std::string>>{{"first"}, {"second"}, {"third"}, {"last"}}));
  EXPECT_EQ(reads.front(), 1U) << "the first row waited for the second";
}

}  // namespace
}  // namespace bertune::data::testing::stream_test
