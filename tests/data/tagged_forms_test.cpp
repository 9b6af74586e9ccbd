// Tagged words as published corpora and other programs have them.
#include <gmock/gmock.h>

#include "data/tagged/tagged.h"
#include "data/tagged/tagged_form.h"
#include "data/tagged_helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TaggedColumns, OfGermEvalAreCountedAndNested) {
  const TaggedDataset dataset = read_tagged_text(
      "a.tsv",
      "#\thttp://de.example.org\t[2009]\n1\tDie\tO\tO\n2\tUni\tB-ORG\tO\n3\tBonn\tI-ORG\tB-LOC\n"
      "4\tlehrt\tO\tO\n\n#\thttp://x\t[2010]\n1\tBonn\tB-LOC\tO\n2\truft\tO\tO\n");
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("Die", "Uni", "Bonn", "lehrt"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "B-ORG", "I-ORG", "O"));
  EXPECT_TRUE(has_note(dataset.notes,
                       "the word is column 2, the tag column 3 of 4 (detected: the first numbers the "
                       "words, and the last holds entities within"));
  EXPECT_TRUE(has_note(dataset.notes, "a line that begins with # is a comment (2 times"));
}

TEST(TaggedColumns, OfConll2012HaveBrackets) {
  const auto line = [](const std::string& number, const std::string& word, const std::string& entity) {
    return "bc/x 0 " + number + " " + word + " NN (TOP(NP*) - - - A " + entity + " * -\n";
  };
  const TaggedDataset dataset = read_tagged_text(
      "a.conll", "#begin document (bc/x); part 000\n" + line("0", "New", "(GPE*") + line("1", "York", "*)") +
                     line("2", "is", "*") + line("3", "IBM", "(ORG)") + "\n#end document\n");
  ASSERT_THAT(dataset.sentences, SizeIs(1));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("New", "York", "is", "IBM"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("B-GPE", "I-GPE", "O", "B-ORG"));
}

TEST(TaggedColumns, OfWikiAnnLoseTheirLanguage) {
  const TaggedDataset dataset = read_tagged_text("train", "en:Rome\tB-LOC\nen:::\tO\n\nen:a\tO\n");
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("Rome", "::"));
  EXPECT_TRUE(has_note(dataset.notes, "every word begins with \"en:\""));
}

TEST(TaggedColumns, CommentsHaveNoWord) {
  const TaggedDataset dataset =
      read_tagged_text("a.txt", "# id = 7\nRome B-LOC\n#tag O\n# O\n\n# id = 8\nis O\n");
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("Rome", "#tag", "#"));
}

TEST(TaggedScheme, OfTypesAloneIsIo) {
  const TaggedDataset dataset =
      read_tagged_text("a.conll", "Anna\tPER\nLee\tPER\nwent\tO\nto\tO\nParis\tLOC\nnow\tO\n");
  EXPECT_EQ(dataset.scheme, TagScheme::io);
  EXPECT_THAT(entities(dataset.sentences[0].tags, dataset.scheme),
              ElementsAre(Entity{"PER", 0, 2}, Entity{"LOC", 4, 5}));
  EXPECT_EQ(entities(dataset.sentences[0].tags, dataset.scheme, EntityReading::strict).size(), 2U);
  EXPECT_TRUE(has_note(dataset.notes, "types without B- and I-"));
  EXPECT_EQ(read_tagged_text("b.conll", "a\tNN\nb\tO\nc\tNN\n").scheme,
            TagScheme::none);  // "O" is not the usual one
}

TEST(TaggedScheme, Iob1IsDecidedByMost) {
  std::string text = "Paris B-LOC\n";
  for (int i = 0; i < 5; ++i) text += "is O\nAnna I-PER\n";
  const TaggedDataset dataset = read_tagged_text("a.conll", text);
  EXPECT_EQ(dataset.scheme, TagScheme::iob1);
  EXPECT_TRUE(
      has_note(dataset.notes, "read as IOB1, in which an entity begins with I-: 5 do, and 1 begin with B-"));
}

TEST(TaggedTables, AreReadByWord) {
  const TaggedDataset first_rows = read_tagged_text(
      "a.csv",
      "Sentence #,Word,POS,Tag\nSentence: 1,Anna,NNP,B-per\n,met,VBD,O\n,\",\",\",\",O\nSentence: "
      "2,Bob,NNP,B-per\n");
  ASSERT_THAT(first_rows.sentences, SizeIs(2));
  EXPECT_EQ(first_rows.format, TagFormat::csv);
  EXPECT_THAT(first_rows.sentences[0].words, ElementsAre("Anna", "met", ","));
  EXPECT_THAT(first_rows.sentences[0].tags, ElementsAre("B-per", "O", "O"));
  EXPECT_EQ(first_rows.where(first_rows.sentences[0], 2), "a.csv:4");
  EXPECT_TRUE(has_note(first_rows.notes,
                       "\"Word\" is the word, \"Tag\" the tag, a sentence ends where \"Sentence #\""));
  const TaggedDataset all_rows =
      read_tagged_text("a.tsv", "sentence_id\twords\tlabels\n7\ta\tO\n7\tb\tB-X\n8\tc\tO\n");
  EXPECT_THAT(all_rows.sentences, SizeIs(2));
  EXPECT_THAT(
      read_tagged_text("a.csv", "Sentence #,Word,POS,Tag\ns,a,DT,O\ns,b,NN,B-x\n", {.label_column = "POS"})
          .tags,
      ElementsAre("DT", "NN"));
  const TaggedDataset bare = read_tagged_text("a.csv", "Anna,B-per\nmet,O\n\nBob,B-per\nleft,O\n");
  EXPECT_THAT(bare.sentences, SizeIs(2));
  EXPECT_THAT(read_tagged_text("a.csv", "word,tag\na,O\nb,B-X\n\nc,O\n").sentences, SizeIs(2));
}

TEST(TaggedTables, AreReadBySentence) {
  for (const std::string& row :
       {std::string("\"['Anna', 'met']\",\"['B-PER', 'O']\"\n"),
        std::string("\"['Anna' 'met']\",\"['B-PER' 'O']\"\n"),
        std::string("\"[\"\"Anna\"\", \"\"met\"\"]\",\"[\"\"B-PER\"\", \"\"O\"\"]\"\n"),
        std::string("Anna met,B-PER O\n")}) {
    const TaggedDataset dataset = read_tagged_text("a.csv", "tokens,ner_tags\n" + row + row);
    ASSERT_THAT(dataset.sentences, SizeIs(2)) << row;
    EXPECT_THAT(dataset.sentences[1].words, ElementsAre("Anna", "met")) << row;
    EXPECT_THAT(dataset.sentences[1].tags, ElementsAre("B-PER", "O")) << row;
  }
  const TaggedDataset numbers =
      read_tagged_text("a.csv", "tokens,ner_tags\n\"['a', 'b']\",[0 3]\n\"['a', 'b']\",[0 0]\n");
  EXPECT_THAT(numbers.tags, ElementsAre("0", "3"));
  EXPECT_TRUE(has_note(numbers.notes, "the tags are numbers, and nothing in the file names them"));
}

TEST(TaggedJson, OfOtherPrograms) {
  const std::string entities = "[[0, 4, \"PER\"]]";
  const std::vector<std::string> rows = {
      R"({"id": 1, "data": "Anna went", "label": )" + entities + "}",
      R"({"text": "Anna went", "entities": [{"id": 3, "label": "PER", "start_offset": 0, "end_offset": 4}]})",
      R"([["Anna went", {"entities": )" + entities + "}]]",
      R"([{"data": {"text": "Anna went"}, "annotations": [{"result": [{"value": {"start": 0, "end": 4,
           "text": "Anna", "labels": ["PER"]}}]}]}])",
      R"({"text": "Anna went", "tokens": [{"text": "Anna", "start": 0, "end": 4}],
          "spans": [{"start": 0, "end": 4, "label": "PER"}]})",
      R"({"tokens": [["Anna", "went"], ["it"]], "ner_tags": [["B-PER", "O"], ["O"]]})",
      "{\n  \"tokens\": [\"Anna\", \"went\"],\n  \"ner_tags\": [\"B-PER\", \"O\"]\n}\n"};
  for (const std::string& row : rows) {
    const TaggedDataset dataset = read_tagged_text("a.json", row);
    EXPECT_THAT(dataset.sentences[0].words, ElementsAre("Anna", "went")) << row;
    EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("B-PER", "O")) << row;
  }
}

TEST(TaggedJson, NeedsNoLabelsToPredict) {
  const TaggedReadOptions options{.labels_required = false};
  for (const char* row :
       {R"({"tokens": ["a"], "ner_tags": [["O"]]})", R"({"text": "a", "label": "x"})",
        R"({"text": "a", "entities": {"k": 1}})", R"({"tokens": ["a"], "tags": ["O", "O"]})"}) {
    EXPECT_THAT(read_tagged_text("a.jsonl", row, options).sentences[0].words, ElementsAre("a")) << row;
  }
}

TEST(TaggedRows, ThatAreBadAreCounted) {
  const std::string text = "a O\nb\n\nc B-X\nd O\n\ne\nf\n\n";
  const TemporaryDirectory files;
  EXPECT_THAT(message_of([&] { read_tagged(files.write("a.conll", text)); }),
              AllOf(HasSubstr("a.conll:2: 1 column where line 1 has 2"), HasSubstr("a.conll:7: 1 column"),
                    HasSubstr("2 of 3 sentences cannot be used")));
  const TaggedDataset dataset = read_tagged_text("a.conll", text, {.max_bad_rows = 2});
  ASSERT_THAT(dataset.sentences, SizeIs(1));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("c", "d"));
  EXPECT_THAT(
      read_tagged_text(
          "a.jsonl", "{\"tokens\": [\"a\"], \"tags\": []}\n{\"tokens\": [\"b\"], \"tags\": [\"O\"]}\n{\"tok",
          {.max_bad_rows = 2})
          .sentences,
      SizeIs(1));
}

TEST(LooksLikeTaggedWords, ByContent) {
  const auto look = [](const std::string& name, const std::string& text) {
    return looks_like_tagged_words(name, text);
  };
  const std::string words = "Anna\tB-per\nmet\tO\n\nBob\tB-per\nleft\tO\n";
  for (const char* name : {"a.tsv", "a.txt", "a.csv", "a"})
    EXPECT_THAT(look(name, words), HasSubstr("a word and a tag such as B-per, and blank lines")) << name;
  EXPECT_THAT(look("a.txt", "a person-actor\nb O\n"), IsEmpty());
  EXPECT_THAT(look("a.txt", "it\tO\nis\tO\nAnna\tperson\n\nit\tO\nis\tO\nBob\tperson\n"),
              HasSubstr("a single word"));
  EXPECT_THAT(look("a.tsv", "text\tlabel\ngood film\tpos\nbad film\tneg\n"), IsEmpty());
  EXPECT_THAT(look("a.csv", "word,label\nhello,en\nbonjour,fr\n"), IsEmpty());
  EXPECT_THAT(look("a.csv", "text,label\nI met O,x\nI met B-X,y\n"), IsEmpty());
  EXPECT_THAT(
      look("a.csv", "tokens,ner_tags\n\"['a', 'b']\",\"['O', 'B-X']\"\n\"['a', 'b']\",\"['O', 'O']\"\n"),
      HasSubstr("words of a sentence (\"tokens\")"));
  EXPECT_THAT(look("a.txt", "I like the film O\nand this one too O\n"), IsEmpty());
  EXPECT_THAT(look("a.json", R"([{"tokens": ["a"], "ner_tags": [3]}])"), HasSubstr("as many \"ner_tags\""));
  EXPECT_THAT(
      look("a.jsonl", "{\"text\": \"a\", \"label\": []}\n{\"text\": \"a b\", \"label\": [[0, 1, \"X\"]]}\n"),
      HasSubstr("the places of \"label\""));
  EXPECT_THAT(look("a.jsonl", R"({"text": "a", "labels": ["x", "y"]})"), IsEmpty());
  EXPECT_THAT(look("a.jsonl", R"({"text": "a", "label": []})"), IsEmpty());
}

}  // namespace
}  // namespace bertune::data::testing
