// Rows of JSON in all the forms in which files have them.
#include <gmock/gmock.h>

#include <sstream>

#include "data/files/bad_rows.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/python_literal.h"
#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Strings = std::vector<std::string>;

// The texts of the rows.
Strings rows_of(std::string_view text) {
  JsonRows rows("t");
  Strings found;
  for (JsonRow row; rows.next(text, true, row) == Parse::record;) found.emplace_back(trim_blanks(row.text));
  return found;
}

TEST(JsonRows, AreFoundInEveryForm) {
  const Strings two = {R"({"text":"a"})", R"({"text":"b"})"};
  EXPECT_EQ(rows_of("{\"text\":\"a\"}\n\n{\"text\":\"b\"}"), two);
  EXPECT_EQ(rows_of(R"([{"text":"a"}, {"text":"b"}])"), two);
  EXPECT_EQ(rows_of(R"({"version": "1", "data": [{"text":"a"}, {"text":"b"}], "more": {"k": [1]}})"), two);
  EXPECT_EQ(rows_of(R"({"rasa_nlu_data": {"common_examples": [{"text":"a"}, {"text":"b"}]}})"), two);
  EXPECT_EQ(rows_of(R"({"text": {"0": "a", "1": "b"}})"), two);
  EXPECT_EQ(rows_of(R"({"0": {"text": "a"}, "1": {"text": "b"}})"), two);
  EXPECT_EQ(rows_of(R"({"columns": ["text"], "index": [0, 1], "data": [["a"], ["b"]]})"), two);
  EXPECT_EQ(rows_of(R"({"schema": {"fields": []}, "data": [{"text":"a"}, {"text":"b"}]})"), two);
  EXPECT_THAT(rows_of("{\n \"text\":\"a\"\n}\n{\n \"text\":\"b\"\n}\n"),
              ElementsAre("{\n \"text\":\"a\"\n}", "{\n \"text\":\"b\"\n}"));
  EXPECT_THAT(rows_of(R"({"text": ["a", "b"], "label": [0, 1]})"),
              ElementsAre(R"({"text":"a","label":0})", R"({"text":"b","label":1})"));
  EXPECT_THAT(rows_of("[\"a\", 0]\n[\"b\", 1]\n"), ElementsAre("[\"a\", 0]", "[\"b\", 1]"));
  EXPECT_THAT(rows_of(R"([["a", 0], ["b", 1]])"), ElementsAre("[\"a\", 0]", "[\"b\", 1]"));
}

TEST(JsonRows, OfWhichOneIsAlikeAContainerAreRows) {
  for (const char* row :
       {R"({"tokens": ["a", "b"], "ner_tags": ["O", "O"]})", R"({"text": "a", "entities": [{"k": 1}]})",
        R"({"question": "?", "choices": [{"text": "x"}]})",
        R"({"context": "c", "qas": [{"question": "?"}]})"}) {
    EXPECT_THAT(rows_of(row), ElementsAre(row));
  }
  // Two of them are rows for certain.
  EXPECT_EQ(rows_of("{\"data\": [{\"a\": 1}]}\n{\"data\": []}").size(), 2U);
}

TEST(JsonRows, OfAListOnOneLineAreNumbered) {
  std::string_view text = R"([{"a": 1}, {"a": 2}])", lines = "[{\"a\": 1},\n{\"a\": 2}]";
  JsonRows rows("t"), on_lines("t");
  JsonRow row;
  rows.next(text, true, row);
  rows.next(text, true, row);
  EXPECT_EQ(place_in("t", row.line), "t: row 2");
  on_lines.next(lines, true, row);
  on_lines.next(lines, true, row);
  EXPECT_EQ(place_in("t", row.line), "t:2");
}

TEST(JsonRows, OfJsonLinesAreLinesWhateverListsTheyHold) {
  const std::string commented =
      R"({"comment":"a great film was seen","annotations":[{"text":"great","label":"pos"}]})";
  const std::string review = R"({"review":"hi there","items":["a","b"]})";
  const TemporaryDirectory files;
  ReadOptions options{.text_column = "comment", .labels_required = false};
  EXPECT_THAT(texts(read_dataset(files.write("d.jsonl", commented), options)),
              ElementsAre("a great film was seen"));
  options.format = Format::jsonl, options.text_column = "review";
  EXPECT_THAT(texts(read_dataset(files.write("d", review + "\n"), options)), ElementsAre("hi there"));
  EXPECT_THAT(rows_of(commented), ElementsAre(R"({"text":"great","label":"pos"})"));
}

TEST(JsonRows, OfColumnsAreFoundInLinearTime) {
  std::string texts, rows;
  for (int i = 0; i < 30'000; ++i) {
    texts += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"a\"";
    rows += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":{\"text\":\"a\"}";
  }
  // Time that grows with the square of the rows would be some ten seconds here.
  EXPECT_EQ(rows_of("{\"text\":{" + texts + "}}").size(), 30'000U);
  EXPECT_EQ(rows_of("{" + rows + "}").size(), 30'000U);
  EXPECT_THAT(message_of([] { rows_of(R"({"text":{"0":"a"},"label":{"1":"x"}})"); }),
              HasSubstr("the column \"label\" has the key \"1\" where the first has \"0\""));
  EXPECT_THAT(message_of([] { rows_of(R"({"text":{"0":"a"},"label":{"0":"x","1":"x"}})"); }),
              HasSubstr("the columns have 1 and 2 rows"));
  EXPECT_THAT(message_of([] { rows_of(R"({"text":{"0":nope}})"); }), HasSubstr("not valid JSON"));
}

TEST(JsonRows, ArriveInPieces) {
  for (const std::string& text : Strings{"{\"data\": [{\"text\": \"a\"}, {\"text\": \"b\"}]}",
                                         "{\n\"text\": \"a\"\n}\n{\n\"text\": \"b\"\n}\n",
                                         "[[\"a\"], [\"b\"]]", "{\"text\": {\"0\": \"a\", \"1\": \"b\"}}"}) {
    JsonRows rows("t");
    std::size_t count = 0, taken = 0;
    for (std::size_t end = 1; end <= text.size(); ++end) {
      std::string_view input = std::string_view(text).substr(taken, end - taken);
      JsonRow row;
      while (rows.next(input, end == text.size(), row) == Parse::record) ++count;
      taken = end - input.size();
    }
    EXPECT_EQ(count, 2U) << text;
  }
}

TEST(JsonRows, OfSplitsAreAskedForByName) {
  const TemporaryDirectory files;
  const auto path =
      files.write("d.json", R"({"train": [["a", "x"], ["b", "y"]], "val": [["c", "x"]], "oos_val": []})");
  EXPECT_THAT(
      message_of<UsageError>([&] { read_dataset(path); }),
      AllOf(HasSubstr("holds the splits \"train\", \"val\", \"oos_val\""), HasSubstr("d.json#train")));
  const Dataset val = read_dataset(path.string() + "#val", {.text_column = "1", .label_column = "2"});
  EXPECT_THAT(texts(val), ElementsAre("c"));
  EXPECT_THAT(labels(read_dataset(path.string() + "#train", {.text_column = "1", .label_column = "2"})),
              ElementsAre("x", "y"));
  EXPECT_THAT(message_of<UsageError>([&] { read_dataset(path.string() + "#dev"); }),
              HasSubstr("there is no \"dev\" in it; it holds \"train\", \"val\", \"oos_val\""));
  EXPECT_THAT(splits_of_json(R"({"version": 1, "data": [{"text": "train"}]})"), IsEmpty());
}

TEST(JsonRows, AreSaidWhereTheyWereFound) {
  const TemporaryDirectory files;
  const Dataset columns =
      read_dataset(files.write("d.json", R"({"text": {"5": "a", "7": "b"}, "label": {"5": 0, "7": 1}})"));
  EXPECT_THAT(texts(columns), ElementsAre("a", "b"));
  EXPECT_TRUE(has_note(columns.notes,
                       "d.json: the JSON object holds one column per key, as pandas writes it (detected)"));
  EXPECT_EQ(columns.where(columns.rows[1]), columns.path + ": row 2");
  const Dataset list =
      read_dataset(files.write("e.jsonl", R"([{"text": "a", "label": 0}, {"text": "b", "label": 1}])"));
  EXPECT_EQ(list.size(), 2);
  EXPECT_THAT(
      message_of([&] {
        read_dataset(files.write("f.json", R"([{"text": "a", "label": 0}, {"text": "b", "label": null}])"));
      }),
      HasSubstr("f.json: row 2: no label"));
}

TEST(JsonText, IsMendedWhereOthersWroteMore) {
  JsonMends mends;
  const std::string text =
      R"({"a": NaN, "b": [-Infinity, 1e999, 1e-999], "c": "\ud800 NaN \ud83d\ude00 \\ud800"})";
  const Json row = parse_json_row(text, "t:1", mends);
  EXPECT_TRUE(row["a"].is_null());
  EXPECT_EQ(row["b"].dump(), "[null,null,0.0]");
  EXPECT_EQ(row["c"], "\ufffd NaN \U0001F600 \\ud800");
  EXPECT_EQ(mends.surrogates, 1U);
  EXPECT_EQ(mends.numbers, 3U);
  const std::string wrong = message_of([&] { parse_json_row("{\"a\": nope}", "t:1", mends); });
  EXPECT_THAT(wrong, HasSubstr("t:1: not valid JSON"));
  EXPECT_EQ(wrong.find("json.exception"), std::string::npos);
  EXPECT_THAT(message_of([&] { parse_json_row(std::string(40, '[') + std::string(40, ']'), "t:1", mends); }),
              HasSubstr("t:1: JSON nested more than 32 deep"));
}

TEST(JsonText, OfUnusedKeysMayBeNoNumber) {
  const TemporaryDirectory files;
  const std::string good = "{\"text\": \"a\", \"label\": 0, \"year\": NaN}\n";
  const Dataset dataset =
      read_dataset(files.write("d.jsonl", good + "{\"text\": \"b \\udc00\", \"label\": 1, \"year\": 1}\n"));
  EXPECT_THAT(texts(dataset), ElementsAre("a", "b \ufffd"));
  EXPECT_TRUE(has_note(dataset.notes, "d.jsonl:2: half of a surrogate pair became U+FFFD"));
  EXPECT_THAT(
      message_of([&] { read_dataset(files.write("e.jsonl", good + "{\"text\": \"b\", \"label\": NaN}\n")); }),
      HasSubstr("e.jsonl:2: no label"));
}

TEST(PythonLiteral, IsReadAsJson) {
  EXPECT_EQ(parse_python_literal("['a', \"it's\", 'x\\'y\\n', 1, -2.5, True, None]")->dump(),
            R"(["a","it's","x'y\n",1,-2.5,true,null])");
  EXPECT_EQ(
      parse_python_literal("{'text': array(['a b'], dtype=object), 'answer_start': array([3])}")->dump(),
      R"({"answer_start":[3],"text":["a b"]})");
  EXPECT_EQ(parse_python_literal("('a', ('b',))")->dump(), R"(["a",["b"]])");
  EXPECT_EQ(parse_python_literal("['a' 'b']"), std::nullopt);
  EXPECT_EQ(parse_python_literal("['a' 'b'\n 'c']", true)->dump(), R"(["a","b","c"])");
  for (const char* wrong : {"", "[", "['a'", "{'a'}", "['a'] x", "word", "[1 2]", "['\\x']"})
    EXPECT_EQ(parse_python_literal(wrong), std::nullopt) << wrong;
  EXPECT_EQ(parse_python_literal(std::string(100'000, '[')), std::nullopt);
}

TEST(BadRows, AreCountedAndTheFirstNamed) {
  BadRows bad(1);
  EXPECT_TRUE(bad.reads([] {}));
  EXPECT_FALSE(bad.reads([] { throw Error("f:2: wrong"); }));
  Strings notes;
  bad.settle("f", 9, "rows", notes);
  EXPECT_THAT(notes,
              ElementsAre("f: 1 of 10 rows cannot be used and were left out (`max_bad_rows=1`); the first: "
                          "f:2: wrong"));
  for (int i = 3; i < 6; ++i) bad.add("f:" + std::to_string(i) + ": wrong");
  EXPECT_EQ(message_of([&] { bad.settle("f", 6, "rows", notes); }),
            "f:2: wrong\nf:3: wrong\nf:4: wrong\nf: 4 of 10 rows cannot be used (these are the first); mend "
            "them, or "
            "leave them out with `max_bad_rows=4`");
  EXPECT_THROW(bad.reads([] { throw UsageError("no column"); }), UsageError);
}

}  // namespace
}  // namespace bertune::data::testing
