// Files of tagged sentences that are refused: one message that says where and what.
#include <gmock/gmock.h>

#include "data/helpers.h"
#include "data/tagged/tag_labels.h"
#include "data/tagged/tagged.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Exception = Error>
std::string refusal(const std::string& name, std::string_view contents,
                    const TaggedReadOptions& options = {}) {
  const TemporaryDirectory directory;
  const auto path = directory.write(name, contents);
  return message_of<Exception>([&] { read_tagged(path, options); });
}

TEST(TaggedErrors, OfConllColumns) {
  EXPECT_THAT(refusal("a.conll", "a\tO\nb\n"), HasSubstr("a.conll:2: 1 column where line 1 has 2"));
  EXPECT_THAT(refusal("a.conll", "a\tO\nb O\n"), HasSubstr("a.conll:2: 1 column where line 1 has 2"));
  EXPECT_THAT(refusal("a.conll", "a O\nb NN O\n"), HasSubstr("a.conll:2: 3 columns where line 1 has 2"));
  EXPECT_THAT(refusal("a.conll", "a\tO\n\tO\n"), HasSubstr("a.conll:2: a tag without a word"));
  EXPECT_THAT(refusal("a.conll", "a\t\tO\nb\t\t\n"), HasSubstr("a.conll:2: 1 column where line 1 has 3"));
  EXPECT_THAT(refusal("a.conll", "a\t\tO\n", {.label_column = "2"}),
              HasSubstr("a.conll:1: a word without a tag"));
  EXPECT_THAT(refusal("a.conll", "\n\na\nb\n"), HasSubstr("a.conll:3: a single column: words without tags"));
}

TEST(TaggedErrors, OfLabelColumns) {
  for (const char* column : {"1", "3", "0", "-1", "x", "2x", "99999999999999999999"}) {
    EXPECT_THAT(refusal<UsageError>("a.conll", "a O\n", {.label_column = column}),
                AllOf(HasSubstr("a.conll:1"), HasSubstr("`label_column`")))
        << column;
  }
  const std::string conllu = "1\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n";
  EXPECT_THAT(refusal<UsageError>("a.conllu", conllu, {.label_column = "UPOSS"}),
              HasSubstr("no column \"UPOSS\""));
  EXPECT_THAT(refusal<UsageError>("a.conllu", conllu, {.label_column = "11"}), HasSubstr("no column \"11\""));
  EXPECT_THAT(refusal("a.jsonl", R"({"tokens": ["a"], "tags": ["O"]})", {.label_column = "ner"}),
              HasSubstr("a.jsonl:1: the key \"ner\" (`label_column`) is not there"));
}

TEST(TaggedErrors, OfConllu) {
  const std::string word = "1\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n";
  EXPECT_THAT(refusal("a.conllu", word + "2\tgo\tVERB\n"),
              HasSubstr("a.conllu:2: 3 columns, where CoNLL-U has 10"));
  EXPECT_THAT(refusal("a.conllu", word + word),
              HasSubstr("a.conllu:2: the word has the number \"1\" where 2"));
  EXPECT_THAT(refusal("a.conllu", "x\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n"),
              HasSubstr("the number \"x\" where 1"));
  EXPECT_THAT(refusal("a.conllu", "1\t\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n"),
              HasSubstr(":1: a tag without a word"));
  EXPECT_THAT(refusal("a.conllu", "1\tI\ti\t\tPRP\t_\t0\troot\t_\t_\n"),
              HasSubstr(":1: a word without a tag"));
  EXPECT_THAT(refusal("a.conllu", "1\tI\ti\t_\tPRP\t_\t0\troot\t_\t_\n"),
              HasSubstr("a.conllu:1: no word of the sentence has a tag (column 4, UPOS)"));
  EXPECT_THAT(refusal("a.conllu", "# text = nothing\n\n"), HasSubstr("has no sentence with words"));
}

TEST(TaggedErrors, OfJsonTokens) {
  const auto row = [](const std::string& text) {
    return refusal("a.jsonl", "{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n" + text);
  };
  EXPECT_THAT(row(R"({"tokens": ["a", "b"], "tags": ["O"]})"), HasSubstr("a.jsonl:2: 2 tokens but 1 tags"));
  EXPECT_THAT(row(R"({"tokens": ["a", 2], "tags": ["O", "O"]})"),
              HasSubstr("a.jsonl:2: token 2 is not a string"));
  EXPECT_THAT(row(R"({"tokens": "a", "tags": ["O"]})"), HasSubstr("a.jsonl:2: \"tokens\" is not a list"));
  EXPECT_THAT(row(R"({"tokens": ["a"], "tags": "O"})"), HasSubstr("a.jsonl:2: the tags are not a list"));
  for (const char* tag : {"null", "0.5", "true", "[]", "\"\""}) {
    EXPECT_THAT(row(std::string(R"({"tokens": ["a"], "tags": [)") + tag + "]}"),
                HasSubstr("a.jsonl:2: tag 1 is neither a name nor a whole number"));
  }
  EXPECT_THAT(row(R"({"tokens": ["a"]})"), HasSubstr("a.jsonl:2: no tags: none of the keys \"ner_tags\""));
  EXPECT_THAT(row(R"({"tags": ["O"]})"), HasSubstr("a.jsonl:2: neither \"tokens\" nor \"text\""));
  EXPECT_THAT(row("[1]"), HasSubstr("a.jsonl:2: not a JSON object"));
  EXPECT_THAT(row(R"({"tokens": ["a")"), HasSubstr("a.jsonl:2: not valid JSON"));
  EXPECT_THAT(row(std::string(100'000, '[')), HasSubstr("a.jsonl:2: nested more than 200 levels deep"));
  EXPECT_THAT(refusal("a.json", "[{\"tokens\": []}]"), HasSubstr("a.json:1: no tags"));
}

TEST(TaggedErrors, OfJsonEntities) {
  const auto row = [](const std::string& entities) {
    return refusal("a.jsonl", R"({"text": "Rome is old", "entities": )" + entities + "}");
  };
  EXPECT_THAT(row("[[0, 4, \"A\"], [3, 7, \"B\"]]"),
              HasSubstr("a.jsonl:1: the entities \"Rome\" (A) and \"e is\" (B) overlap"));
  EXPECT_THAT(row("[[0, 4, \"A\"], [0, 4, \"A\"]]"), HasSubstr("overlap"));
  for (const char* span : {"[8, 12, \"A\"]", "[-1, 4, \"A\"]", "[4, 4, \"A\"]", "[5, 4, \"A\"]",
                           "[0, 18446744073709551615, \"A\"]", "[-9223372036854775808, 3, \"A\"]"}) {
    EXPECT_THAT(row(std::string("[") + span + "]"), HasSubstr("does not lie in the text of 11 characters"))
        << span;
  }
  for (const char* span : {"[0, 4]", "[0, 4.5, \"A\"]", "[\"0\", 4, \"A\"]", "[0, 4, \"\"]", "[0, 4, 7]", "3",
                           "{}", R"({"start": 0, "end": 4})", "[0, 1e300, \"A\"]"}) {
    EXPECT_THAT(row(std::string("[") + span + "]"), HasSubstr("a.jsonl:1: an entity is not {\"start\""))
        << span;
  }
  EXPECT_THAT(row("7"), HasSubstr("a.jsonl:1: the entities are not a list"));
  EXPECT_THAT(refusal("a.jsonl", R"({"text": "a"})"), HasSubstr("a.jsonl:1: no tags"));
  EXPECT_THAT(refusal("a.jsonl", R"({"text": 7, "entities": []})"),
              HasSubstr("neither \"tokens\" nor \"text\""));
}

TEST(TaggedErrors, OfEmptyAndForeignFiles) {
  for (const char* name : {"a.conll", "a.conllu", "a.jsonl", "a"}) {
    EXPECT_THAT(refusal(name, ""), HasSubstr("is empty"));
    EXPECT_THAT(refusal(name, "\n \t\n"), HasSubstr("is empty"));
  }
  EXPECT_THAT(refusal("a.conll", "-DOCSTART- O\n"), HasSubstr("has no sentence with words"));
  EXPECT_THAT(refusal("a.jsonl", R"({"tokens": [], "tags": []})"), HasSubstr("has no sentence with words"));
  EXPECT_THAT(refusal("a.conll", "\x1f\x8b"), HasSubstr("gzip"));
  EXPECT_THAT(message_of<UsageError>([] { tag_format_from_string("xml"); }),
              HasSubstr("conll, conllu, jsonl or csv"));
}

TEST(TaggedErrors, OfAbsurdSizes) {
  std::string words;
  for (int i = 0; i < 100'001; ++i) words += "a O\n";
  EXPECT_THAT(refusal("a.conll", words),
              AllOf(HasSubstr("a.conll:1: a sentence of 100001 words"), HasSubstr("blank lines")));
  EXPECT_THAT(refusal("a.conll", "x O\n" + std::string(10'001, 'a') + " O\n"),
              HasSubstr("a.conll:2: a word of 10001 bytes"));
}

class TagLabels : public ::testing::Test {
 protected:
  TaggedDataset read(std::string_view contents) { return read_tagged(directory_.write("a.conll", contents)); }
  TemporaryDirectory directory_;
};

TEST_F(TagLabels, AreSorted) {
  EXPECT_THAT(build_tag_map(read("a O\nb I-X\nc B-X\n")).id2label(), ElementsAre("B-X", "I-X", "O"));
  const TaggedDataset numbers = read("a 10\nb 9\nc 10\n");
  const LabelMap map = build_tag_map(numbers);
  EXPECT_THAT(map.id2label(), ElementsAre("9", "10"));
  EXPECT_THAT(tag_ids(numbers, map), ElementsAre(1, 0, 1));
}

TEST_F(TagLabels, MayBeGivenByAModel) {
  const TaggedDataset dataset = read("a O\nb B-X\n");
  EXPECT_THAT(build_tag_map(dataset, {"O", "B-X"}).id2label(), ElementsAre("O", "B-X"));
  EXPECT_THAT(build_tag_map(dataset, {"LABEL_0", "LABEL_1"}).id2label(), ElementsAre("B-X", "O"));
}

TEST_F(TagLabels, UnknownOnesAreNamedWithTheNearest) {
  const LabelMap map = build_tag_map(read("a O\nb B-person\n"));
  EXPECT_THAT(message_of([&] { tag_ids(read("x O\n\ny O\nz B-preson\n"), map); }),
              AllOf(HasSubstr("a.conll:4: the label \"B-preson\" is not one of those trained on"),
                    HasSubstr("did you mean \"B-person\"?")));
}

TEST_F(TagLabels, OfTheWrongColumn) {
  EXPECT_THAT(message_of([&] { build_tag_map(read("a O\nb O\n")); }),
              HasSubstr("all 2 words have the tag \"O\""));
  std::string text;
  for (int i = 0; i < 200; ++i) text += "a tag" + std::to_string(i) + "\n";
  EXPECT_THAT(message_of([&] { build_tag_map(read(text)); }), HasSubstr("200 different tags on 200 words"));
}

TEST_F(TagLabels, OfWordsWithoutTags) {
  const TaggedDataset words = read_tagged(directory_.write("b.txt", "a\nb\n"), {.labels_required = false});
  EXPECT_THAT(message_of([&] { build_tag_map(words); }), HasSubstr("no word has a tag"));
  EXPECT_THAT(message_of([&] {
                tag_ids(words, LabelMap({"O", "X"}));
              }),
              HasSubstr("b.txt:1: the words have no tags"));
}

}  // namespace
}  // namespace bertune::data::testing
