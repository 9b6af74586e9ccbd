// Random data with a fixed seed: what is written is read back, and damage is an Error and never worse.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/helpers.h"
#include "data/texts/labels.h"

namespace bertune::data::testing {
namespace {

std::string random_field(Random& random) {
  static const std::vector<std::string> kPieces = {
      "a",  "b c", "\"",           "\"\"", ",", "\n", "\r\n", "\t",  "\xc3\xa9", ";",
      "  ", "\\",  "\xe2\x80\xa8", "word", "'", "\r", "|",    "x,y", "\"q\"\n,", "\xf0\x9f\x98\x80"};
  std::string field;
  for (std::uint64_t i = random.below(8); i > 0; --i) field += kPieces[random.below(kPieces.size())];
  return field;
}

std::string in_quotes(const std::string& field) {
  std::string text = "\"";
  for (const char character : field) text += character == '"' ? "\"\"" : std::string(1, character);
  return text + "\"";
}

TEST(CsvRoundTrip, GivesBackWhatWasWritten) {
  Random random(2024, 1);
  const TemporaryDirectory directory;
  for (int trial = 0; trial < 40; ++trial) {
    const std::string end = random.below(2) == 0 ? "\n" : "\r\n";
    std::string csv = "text,id,label" + end;
    std::vector<std::string> fields;
    const std::uint64_t rows = 1 + random.below(200);
    for (std::uint64_t i = 0; i < rows; ++i) {
      fields.push_back(random_field(random));
      const bool plain = fields.back().find_first_of("\",\r\n") == std::string::npos;
      csv += (plain && random.below(2) == 0 ? fields.back() : in_quotes(fields.back())) + ",\"7\"," +
             in_quotes("l" + std::to_string(i));
      if (i + 1 < rows || random.below(2) == 0) csv += end;
    }
    const auto path = directory.write("d.csv", csv);
    EXPECT_EQ(texts(read_dataset(path)), fields);
    RowStream stream(path, ReadOptions());
    Row row;
    for (std::uint64_t i = 0; i < rows; ++i) {
      ASSERT_TRUE(stream.next(row));
      EXPECT_EQ(row.text, fields[i]);
      EXPECT_EQ(row.label, "l" + std::to_string(i));
    }
    EXPECT_FALSE(stream.next(row));
  }
}

std::string damage(std::string text, Random& random) {
  static const std::string kNasty("\0\"\n\r,\t{}[]\\:\xff\xc3\xef\xbb\xbf", 16);
  for (std::uint64_t i = 1 + random.below(6); i > 0 && !text.empty(); --i) {
    const std::uint64_t place = random.below(text.size());
    switch (random.below(4)) {
      case 0:
        text[place] = static_cast<char>(random.below(256));
        break;
      case 1:
        text[place] = kNasty[random.below(kNasty.size())];
        break;
      case 2:
        text.erase(place, 1 + random.below(10));
        break;
      default:
        text.insert(place, 1, kNasty[random.below(kNasty.size())]);
        break;
    }
  }
  return text;
}

// What either way of reading gave: the rows, or that it was refused.
std::string outcome(const std::vector<Row>& rows) {
  std::string all;
  for (const Row& row : rows) {
    all += std::string(row.text) + "\x1f" + std::string(row.text_pair) + "\x1f" + std::string(row.label) +
           "\x1e";
  }
  return all;
}

std::string read_whole(const std::filesystem::path& path, const ReadOptions& options) {
  try {
    return outcome(read_dataset(path, options).rows);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()), "");
    return "refused";
  }
}

std::string read_streamed(const std::string& text, const std::string& name, const ReadOptions& options) {
  try {
    std::istringstream input(text);
    RowStream stream(input, name, options);
    std::vector<Row> rows;
    std::string all;
    while (stream.next_batch(3, rows)) all += outcome(rows);
    return all;
  } catch (const Error&) {
    return "refused";
  }
}

TEST(ReaderFuzz, DamageIsAnErrorAtWorst) {
  const std::vector<std::pair<Format, std::string>> seeds = {
      {Format::csv, "text,label\n\"a \"\"quoted\"\" text\",x\nplain,y\n\"two\nlines\",x\n"},
      {Format::csv, "sentence1,sentence2,score\r\na,b,1.5\r\n\"c,d\",e,2\r\n"},
      {Format::tsv, "index\tquestion\tsentence\tlabel\n0\ta\tb\tx\n1\tc\td\ty\n"},
      {Format::jsonl, "{\"text\": \"a\\u00e9\", \"label\": 1}\n{\"text\": \"b\", \"label\": [\"x\", 2]}\n"},
      {Format::json,
       "[{\"text\": \"a\", \"label\": null}, {\"text\": \"b\\n\", \"label\": true, \"m\": {\"k\": []}}]"},
      {Format::text, "one line\nanother line\n\nlast"}};
  Random random(7, 2);
  const TemporaryDirectory directory;
  for (int trial = 0; trial < 4000; ++trial) {
    const auto& [format, seed] = seeds[random.below(seeds.size())];
    const std::string text = damage(seed, random);
    ReadOptions options;
    options.format = format;
    options.encoding = "utf-8";  // of a file, and not of a stream, it would be guessed
    options.header = random.below(4) != 0;
    options.labels_required = random.below(2) == 0;
    const std::string streamed = read_streamed(text, "d", options);
    if (trial % 4 != 0) continue;  // files are slow
    const std::string whole = read_whole(directory.write("d", text), options);
    const bool empty = whole == "refused" && streamed.empty();
    EXPECT_TRUE(whole == streamed || empty) << "trial " << trial;
  }
}

TEST(ReaderFuzz, NoiseIsAnErrorAtWorst) {
  Random random(11, 3);
  const TemporaryDirectory directory;
  for (int trial = 0; trial < 500; ++trial) {
    std::string noise(random.below(300), '\0');
    for (char& byte : noise) byte = static_cast<char>(random.below(256));
    ReadOptions options;
    options.format = static_cast<Format>(random.below(5));
    options.header = random.below(2) == 0;
    options.labels_required = false;
    options.text_column = options.header ? "" : "1";
    read_whole(directory.write("d", noise), options);
    message_of([&] { split_labels(noise, '\0', "d:1"); });
    parse_number(noise);
  }
}

}  // namespace
}  // namespace bertune::data::testing
