// Files cut into shards: every record is in one of them, read as in the whole file.
#include "data/files/shard.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::HasSubstr;

struct Form {
  std::string name, content;
};

std::vector<std::string> rows_of(RowStream stream) {
  std::vector<std::string> rows;
  for (Row row; stream.next(row);) rows.push_back(std::to_string(row.line) + ": " + std::string(row.text));
  return rows;
}

// Rows of many sizes; some have what makes it hard to find where they end.
std::string csv_with_line_breaks() {
  std::string text = "id,text,label\r\n";
  for (int i = 0; i < 60; ++i) {
    text += std::to_string(i);
    if (i % 3 == 0) text += ",\"a quoted text,\nwith \"\"line\"\" ends\n\nin it\",x\n";
    if (i % 3 == 1) text += ",a 5\" pipe and a 6\" one,y\r\n";
    if (i % 3 == 2) text += "," + std::string(static_cast<std::size_t>(i), 'w') + " plain,z\n";
    if (i % 10 == 0) text += "\n";
  }
  return text + "60,the last,x";
}

class Shards : public ::testing::TestWithParam<Form> {};

INSTANTIATE_TEST_SUITE_P(
    Forms, Shards,
    ::testing::Values(
        Form{"a.csv", csv_with_line_breaks()}, Form{"b.csv", "\xef\xbb\xbf" + csv_with_line_breaks()},
        Form{"c.csv", "sep=;\ntext;label\n\"one;\ntwo\";x\nthree;y\nfour;x\n"},
        Form{"d.tsv", "text\tlabel\na \"quote\tx\n\nb\ty\nlonger than the others\tx\nd\ty\n"},
        Form{"e.jsonl",
             "{\"text\": \"one\"}\n\n{\"text\": \"two\\nlines\"}\n{\"text\": \"three\"}\n{\"text\": \"4\"}"},
        Form{"f.txt", "one\ntwo three\n\n\nfive is longer than the others are\nsix"},
        Form{"g.txt", "one line"}));

TEST_P(Shards, HoldTheRowsOfTheFileOnceAndInOrder) {
  const TemporaryDirectory directory;
  const auto path = directory.write(GetParam().name, GetParam().content);
  ReadOptions options;
  options.labels_required = false;
  const std::vector<std::string> whole = rows_of(RowStream(path, options));
  ASSERT_FALSE(whole.empty());
  for (const std::int64_t count : {1, 2, 3, 5, 16, 100}) {
    std::vector<std::string> rows;
    for (std::int64_t index = 0; index < count; ++index)
      for (std::string& row : rows_of(RowStream(path, options, {index, count})))
        rows.push_back(std::move(row));
    EXPECT_EQ(rows, whole) << count;
  }
}

TEST(ShardText, GivesLinesAndSentencesOnce) {
  const TemporaryDirectory directory;
  std::string text = "\xef\xbb\xbf-DOCSTART- O\n\n";
  for (int i = 0; i < 40; ++i)
    text += std::string(static_cast<std::size_t>(i % 7 + 1), 'w') + " O\nx B-PER\n\n";
  const auto path = directory.write("a.conll", text);
  for (const Cut cut : {Cut::lines, Cut::sentences}) {
    for (const std::int64_t count : {1, 4, 23}) {
      std::string all;
      std::int64_t lines = 0;
      for (std::int64_t index = 0; index < count; ++index) {
        ShardText shard(path, {index, count}, cut);
        EXPECT_EQ(shard.lines_before(), lines);
        for (std::string part = shard.next(); !part.empty(); part = shard.next()) {
          all += part;
          if (cut == Cut::sentences) {
            EXPECT_THAT(part, ::testing::EndsWith("\n\n"));
          }
        }
        lines = shard.lines_before();
        shard.go_before();
        std::string before;
        for (std::string part = shard.next(); !part.empty(); part = shard.next()) before += part;
        EXPECT_THAT(all, ::testing::StartsWith(before));
      }
      EXPECT_EQ(all, text.substr(3));
    }
  }
}

TEST(ShardText, RefusesWhatCannotBeCut) {
  const TemporaryDirectory directory;
  const auto open = [&](const char* name, const std::string& content) {
    const auto path = directory.write(name, content);
    ReadOptions options;
    options.labels_required = false;
    return message_of([&] { RowStream(path, options, {0, 2}); });
  };
  EXPECT_THAT(open("a.json", "[{\"text\": \"a\"},\n {\"text\": \"b\"}]"),
              HasSubstr("a.json: its rows are not lines, so that it cannot be cut into shards"));
  EXPECT_THAT(open("b.csv", std::string("\xff\xfet\0e\0x\0t\0\n\0a\0\n\0", 14)), HasSubstr("is UTF-16 text"));
  EXPECT_THAT(open("c.csv", "text,label\nsch\xf6n ist es,x\nf\xfcr mich,y\n"), HasSubstr("is CP1252 text"));
  EXPECT_THAT(open("d.csv", "text,label\n\"a quote,x\nb,y\n"), HasSubstr("never closes"));
}

TEST(ShardText, LeavesNoByteOut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{99}, std::size_t{1} << 45}) {
    EXPECT_EQ(left_at(size, 0, 7), size);
    EXPECT_EQ(left_at(size, 7, 7), 0U);
    for (int i = 0; i < 7; ++i) EXPECT_LE(left_at(size, i + 1, 7), left_at(size, i, 7));
  }
}

}  // namespace
}  // namespace bertune::data::testing
