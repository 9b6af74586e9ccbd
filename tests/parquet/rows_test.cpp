// The rows of a Parquet file are the JSON Lines that it was made of.
#include <fmt/format.h>

#include "parquet/helpers.h"

namespace bertune::testing {
namespace {

using arrow::int64;
using arrow::list;
using arrow::utf8;
using ::testing::HasSubstr;

const Fields kTexts = {field("text", utf8()), field("label", int64())};

TEST_F(Parquet, GivesTheRowsOfAllRowGroups) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += fmt::format("{{\"text\":\"row {}\",\"label\":{}}}\n", i, i % 3);
  for (const auto compression :
       {parquet::Compression::UNCOMPRESSED, parquet::Compression::SNAPPY, parquet::Compression::ZSTD}) {
    const auto path = write(lines, kTexts, {.group_rows = 300, .compression = compression});
    EXPECT_EQ(whole(path), lines);
    EXPECT_EQ(streamed(path), lines);
  }
}

TEST_F(Parquet, GivesMoreThanABlockAsAStream) {
  std::string lines;
  for (int i = 0; i < 300; ++i)
    lines += fmt::format("{{\"text\":\"{} {}\",\"label\":{}}}\n", i, std::string(10'000, 'x'), i);
  const auto path = write(lines, kTexts);
  EXPECT_EQ(streamed(path), lines);
  EXPECT_EQ(whole(path), lines);
}

TEST_F(Parquet, EscapesTextsAndKeepsNulls) {
  const std::string lines =
      "{\"text\":\"quotes \\\" and \\\\, lines\\n\\u000d\\u0009, nothing\\u0000, ümläuts "
      "日本\",\"label\":1}\n"
      "{\"text\":null,\"label\":null}\n"
      "{\"text\":\"\",\"label\":-7}\n";
  EXPECT_EQ(whole(write(lines, kTexts)), lines);
}

TEST_F(Parquet, GivesNumbersAndBooleans) {
  const std::string lines =
      "{\"whole\":9223372036854775807,\"part\":1.0,\"short\":0.1,\"yes\":true}\n"
      "{\"whole\":-1,\"part\":-2.5e-08,\"short\":null,\"yes\":false}\n";
  EXPECT_EQ(whole(write(lines, {field("whole", int64()), field("part", arrow::float64()),
                                field("short", arrow::float32()), field("yes", arrow::boolean())})),
            lines);
}

TEST_F(Parquet, GivesListsAndStructs) {
  const auto answers = arrow::struct_({field("text", list(utf8())), field("answer_start", list(int64()))});
  const std::string lines =
      "{\"words\":[\"a\",\"b\"],\"answers\":{\"text\":[\"x\",\"y\"],\"answer_start\":[3,4]}}\n"
      "{\"words\":[],\"answers\":{\"text\":[],\"answer_start\":null}}\n"
      "{\"words\":null,\"answers\":null}\n"
      "{\"words\":[null,\"c\"],\"answers\":{\"text\":[\"z\"],\"answer_start\":[5]}}\n";
  for (const std::int64_t group_rows : {1, 3, 100}) {
    const Fields fields = {field("words", list(utf8())), field("answers", answers)};
    EXPECT_EQ(whole(write(lines, fields, {.group_rows = group_rows})), lines);
  }
}

TEST_F(Parquet, GivesWhatDictionariesStandFor) {
  arrow::StringDictionary32Builder values;
  for (const char* value : {"x", "y", "x"}) ASSERT_TRUE(values.Append(value).ok());
  ASSERT_TRUE(values.AppendNull().ok());
  const std::shared_ptr<arrow::Array> column = values.Finish().ValueOrDie();
  const auto path = files.path() / "dictionary.parquet";
  write_parquet(path, arrow::Table::Make(arrow::schema({field("a", column->type())}), {column}));
  EXPECT_EQ(whole(path), "{\"a\":\"x\"}\n{\"a\":\"y\"}\n{\"a\":\"x\"}\n{\"a\":null}\n");
}

TEST_F(Parquet, GivesLargeStrings) {
  const std::string lines = "{\"a\":\"x\"}\n{\"a\":null}\n";
  EXPECT_EQ(whole(write(lines, {field("a", arrow::large_utf8())})), lines);
}

TEST_F(Parquet, GivesTimesAsIsoText) {
  const std::string lines = "{\"day\":\"2024-02-29\",\"at\":\"1969-12-31T23:59:59.000250\"}\n";
  arrow::Date32Builder days;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  ASSERT_TRUE(days.Append(19782).ok() && times.Append(-999'750).ok());
  const auto table = arrow::Table::Make(
      arrow::schema({field("day", arrow::date32()), field("at", arrow::timestamp(arrow::TimeUnit::MICRO))}),
      {days.Finish().ValueOrDie(), times.Finish().ValueOrDie()});
  write_parquet(files.path() / "times.parquet", table);
  EXPECT_EQ(whole(files.path() / "times.parquet"), lines);
}

TEST_F(Parquet, NamesTheClassesOfHuggingFace) {
  const std::string features = R"({
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["negative", "\"positive\""], "_type": "ClassLabel"},
    "tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "length": -1, "_type": "Sequence"},
    "parts": {"feature": {"kind": {"names": ["k0", "k1"], "_type": "ClassLabel"}}, "_type": "Sequence"}})";
  const auto parts = arrow::struct_({field("kind", list(int64()))});
  const Fields fields = {field("text", utf8()), field("label", int64()), field("tags", list(int64())),
                         field("parts", parts)};
  const std::string numbers =
      "{\"text\":\"a\",\"label\":0,\"tags\":[0,1],\"parts\":{\"kind\":[1]}}\n"
      "{\"text\":\"b\",\"label\":1,\"tags\":[],\"parts\":null}\n"
      "{\"text\":\"c\",\"label\":-1,\"tags\":[2],\"parts\":{\"kind\":[]}}\n"
      "{\"text\":\"d\",\"label\":2,\"tags\":null,\"parts\":{\"kind\":[0]}}\n";
  EXPECT_EQ(whole(write(numbers, fields)), numbers);
  EXPECT_EQ(
      whole(write(numbers, fields, {.features = features})),
      "{\"text\":\"a\",\"label\":\"negative\",\"tags\":[\"O\",\"B-PER\"],\"parts\":{\"kind\":[\"k1\"]}}\n"
      "{\"text\":\"b\",\"label\":\"\\\"positive\\\"\",\"tags\":[],\"parts\":null}\n"
      "{\"text\":\"c\",\"label\":null,\"tags\":[null],\"parts\":{\"kind\":[]}}\n"
      "{\"text\":\"d\",\"label\":null,\"tags\":null,\"parts\":{\"kind\":[\"k0\"]}}\n");
}

TEST_F(Parquet, IgnoresFeaturesThatAreNoJson) {
  const std::string lines = "{\"text\":\"a\",\"label\":1}\n";
  for (const char* features : {"{", "[]", "7", R"({"label": {"_type": "ClassLabel", "names": [1]}})",
                               R"({"label": {"_type": "ClassLabel", "names": "a"}})"})
    EXPECT_EQ(whole(write(lines, kTexts, {.features = features})), lines) << features;
}

TEST_F(Parquet, KeepsBytesThatAreNotUtf8) {
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append("caf\xe9").ok());
  const auto table =
      arrow::Table::Make(arrow::schema({field("text", utf8())}), {texts.Finish().ValueOrDie()});
  const auto path = files.path() / "bytes.parquet";
  write_parquet(path, table);
  EXPECT_EQ(whole(path), "{\"text\":\"caf\xe9\"}\n");
  EXPECT_EQ(streamed(path), whole(path));
  EXPECT_EQ(data::TextFile(path, "latin-1").text(), "{\"text\":\"café\"}\n");
}

TEST_F(Parquet, RefusesColumnsThatAreNotTextByName) {
  const auto image = arrow::struct_({field("bytes", arrow::binary()), field("path", utf8())});
  const auto path = write("", {field("text", utf8()), field("image", image)});
  EXPECT_THAT(error_of(path), HasSubstr("rows.parquet: is a Parquet file that cannot be read: column "
                                        "\"image\" holds values of the type binary"));
}

}  // namespace
}  // namespace bertune::testing
