#include "data/files/records.h"

#include <gmock/gmock.h>

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

// The cells of the first record.
Strings cells(Format format, char delimiter, std::string_view text, Strings& notes) {
  Record record;
  const auto parser = make_parser("t", format, delimiter, text, notes);
  EXPECT_EQ(parser->next(text, true, record), Parse::record);
  Strings texts;
  for (const Cell& cell : record.cells) texts.push_back(cell_text(cell));
  return texts;
}

TEST(Records, FieldsAreSeparatedAsGivenOrAsTheFormatHasIt) {
  Strings notes;
  EXPECT_THAT(cells(Format::csv, '\0', "a,b;c\n", notes), ElementsAre("a", "b;c"));
  EXPECT_THAT(cells(Format::csv, ';', "a,b;c\n", notes), ElementsAre("a,b", "c"));
  EXPECT_THAT(cells(Format::tsv, '\0', "a,b\tc\n", notes), ElementsAre("a,b", "c"));
  EXPECT_THAT(cells(Format::tsv, ',', "a,b\tc\n", notes), ElementsAre("a", "b\tc"));
  EXPECT_THAT(cells(Format::text, '\0', "a,b\tc\n", notes), ElementsAre("a,b\tc"));
  EXPECT_THAT(cells(Format::text, ':', "a:b:c\n", notes), ElementsAre("a", "b:c"));
  EXPECT_THAT(cells(Format::jsonl, '\0', "{\"x\": \"a,b\"}\n", notes), ElementsAre("a,b"));
  EXPECT_THAT(cells(Format::json, '\0', "[{\"x\": \"a\"}]", notes), ElementsAre("a"));
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_THAT(cells(Format::csv, '\0', "a;b\n", notes), ElementsAre("a", "b"));
  EXPECT_THAT(cells(Format::csv, '\0', "a\tb\n", notes), ElementsAre("a", "b"));
  EXPECT_THAT(notes, ElementsAre("t: fields are separated by ';' (detected)",
                                 "t: fields are separated by tab (detected)"));
}

TEST(Records, JsonLinesGoOnCounting) {
  Strings notes;
  std::string_view text = "{}\n";
  Record record;
  make_parser("t", Format::jsonl, '\0', text, notes, 7)->next(text, true, record);
  EXPECT_EQ(record.line, 8);
}

TEST(Records, NamesAreWithoutBlanksAndValid) {
  const Cell cell = {.text = " \"\"a\"\" \xff\t", .kind = CellKind::doubled_quotes};
  EXPECT_EQ(cell_text(cell), " \"a\" \xff\t");
  EXPECT_EQ(cell_name(cell), "\"a\" \xEF\xBF\xBD");
  EXPECT_EQ(cell_name({}), "");
}

}  // namespace
}  // namespace bertune::data::testing
