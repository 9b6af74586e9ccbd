// Files of tagged sentences that are as they should be, or odd in a way that a note tells.
#include "data/tagged/tagged.h"

#include <gmock/gmock.h>

#include "data/tagged/tag_labels.h"
#include "data/tagged_helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Tagged, ConllWithTabs) {
  const TaggedDataset dataset = read_tagged_text("a.conll", "New York\tB-LOC\n's\tO\n\t\nHi\tO\n");
  EXPECT_EQ(dataset.format, TagFormat::conll);
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("New York", "'s"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("B-LOC", "O"));
  EXPECT_EQ(dataset.sentences[1].line, 4);
  EXPECT_EQ(dataset.where(dataset.sentences[0], 1), "a.conll:2");
  EXPECT_THAT(dataset.tags, ElementsAre("B-LOC", "O"));
  EXPECT_EQ(dataset.scheme, TagScheme::iob2);
  EXPECT_TRUE(dataset.has_tags);
  EXPECT_EQ(dataset.words(), 3);
  EXPECT_TRUE(has_note(dataset.notes, "the tag column 2 of 2"));
}

TEST(Tagged, Conll2003) {
  const std::string text =
      "-DOCSTART- -X- O O\r\n\r\nEU NNP I-NP I-ORG\r\nrejects VBZ I-VP O\r\n  \r\n-DOCSTART- -X- O O\r\n# "
      "SYM I-NP O";
  const TaggedDataset last = read_tagged_text("eng.train", text);
  ASSERT_THAT(last.sentences, SizeIs(2));
  EXPECT_THAT(last.sentences[0].tags, ElementsAre("I-ORG", "O"));
  EXPECT_THAT(last.sentences[1].words, ElementsAre("#"));
  EXPECT_EQ(last.scheme, TagScheme::iob1);
  EXPECT_TRUE(has_note(last.notes, "the tag column 4 of 4 (the last; change with `label_column`)"));
  const TaggedDataset second = read_tagged_text("eng.train", text, {.label_column = "2"});
  EXPECT_THAT(second.sentences[0].tags, ElementsAre("NNP", "VBZ"));
  EXPECT_EQ(second.scheme, TagScheme::none);
}

TEST(Tagged, ConlluSkipsRangesAndEmptyNodes) {
  const TaggedDataset dataset =
      read_tagged_text("a.conllu",
                       "# sent_id = 1\n# text = I "
                       "don't.\n1\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
                       "2\tdo\tdo\tAUX\tVBP\tMood=Ind\t0\tx\t_\t_\n3\tn't\tnot\tPART\tRB\t_\t0\tx\t_\t_\n"
                       "3.1\tgo\tgo\tVERB\t_\t_\t_\t_\t_\t_\n4\t.\t.\tPUNCT\t.\t_\t0\tx\t_\t_\n\n"
                       "# text = other\n1\t#\t#\tSYM\t#\t_\t0\troot\t_\t_\n\n");
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("I", "do", "n't", "."));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("PRON", "AUX", "PART", "PUNCT"));
  EXPECT_EQ(dataset.sentences[0].text, "I don't.");
  EXPECT_THAT(dataset.sentences[0].spans, ElementsAre(Span{0, 1}, Span{2, 4}, Span{4, 7}, Span{7, 8}));
  EXPECT_EQ(dataset.where(dataset.sentences[0], 3), "a.conllu:8");
  EXPECT_EQ(dataset.sentences[1].text, "");
  EXPECT_THAT(dataset.sentences[1].spans, IsEmpty());
}

TEST(Tagged, ConlluByTheNameOfAColumn) {
  const std::string text = "1\tI\ti\tPRON\tPRP\tCase=Nom\t0\troot\t_\t_\n\n";
  EXPECT_THAT(read_tagged_text("a.conllu", text, {.label_column = "xpos"}).sentences[0].tags,
              ElementsAre("PRP"));
  EXPECT_THAT(read_tagged_text("a.conllu", text, {.label_column = "FEATS"}).sentences[0].tags,
              ElementsAre("Case=Nom"));
  EXPECT_THAT(read_tagged_text("a.conllu", text, {.label_column = "3"}).sentences[0].tags, ElementsAre("i"));
}

TEST(Tagged, FormatIsSeenInTheFirstLine) {
  const std::string conllu = "1\tI\ti\tPRON\tPRP\t_\t0\troot\t_\t_\n";
  EXPECT_EQ(read_tagged_text("a.conll", conllu).format, TagFormat::conllu);
  EXPECT_EQ(read_tagged_text("a.txt", "# newdoc id = x\n" + conllu).format, TagFormat::conllu);
  EXPECT_EQ(read_tagged_text("a.txt", R"({"tokens": ["a"], "tags": ["O"]})").format, TagFormat::jsonl);
  EXPECT_EQ(read_tagged_text("a.json", R"( {"tokens": ["a"], "tags": ["O"]})").format, TagFormat::jsonl);
  EXPECT_EQ(read_tagged_text("a.txt", "# O\nx O\n").format, TagFormat::conll);
  EXPECT_EQ(read_tagged_text("a.jsonl", "a O\n", {.format = TagFormat::conll}).format, TagFormat::conll);
  EXPECT_EQ(tag_format_from_string("conllu"), TagFormat::conllu);
}

TEST(Tagged, JsonOfTokens) {
  const TaggedDataset dataset = read_tagged_text(
      "a.jsonl",
      "{\"id\": 1, \"tokens\": [\"In\", \"Rome\", \"\"], \"ner_tags\": [\"O\", \"B-LOC\", \"O\"]}\n\n"
      "{\"words\": [\"no\"], \"text\": \" no\", \"labels\": [\"O\"]}\n");
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("In", "Rome", ""));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "B-LOC", "O"));
  EXPECT_EQ(dataset.where(dataset.sentences[1], 0), "a.jsonl:3");
  EXPECT_THAT(dataset.sentences[1].spans, ElementsAre(Span{1, 3}));
  EXPECT_TRUE(has_note(dataset.notes, "lists of tokens"));
}

TEST(Tagged, JsonTagsMayBeNumbersOrUnderAnotherKey) {
  const std::string row = R"({"tokens": ["a", "b"], "ner_tags": [0, 3], "pos": ["X", "Y"]})";
  EXPECT_THAT(read_tagged_text("a.jsonl", row).sentences[0].tags, ElementsAre("0", "3"));
  EXPECT_THAT(read_tagged_text("a.jsonl", row, {.label_column = "pos"}).sentences[0].tags,
              ElementsAre("X", "Y"));
}

TEST(Tagged, JsonOfTextAndEntities) {
  const TaggedDataset dataset = read_tagged_text(
      "a.jsonl",
      R"({"text": "é 😀 in New-York.", "entities": [{"start": 7, "end": 15, "label": "LOC"}, {"start": 0, "end": 1, "label": "X"}]})"
      "\n"
      R"({"text": "Rome Rome", "spans": [[0, 4, "LOC"], [5, 9, "LOC"]]})"
      "\n"
      R"({"text": "none", "entities": []})");
  const TaggedSentence& first = dataset.sentences[0];
  EXPECT_THAT(first.words, ElementsAre("é", "😀", "in", "New", "-", "York", "."));
  EXPECT_THAT(first.tags, ElementsAre("B-X", "O", "O", "B-LOC", "I-LOC", "I-LOC", "O"));
  EXPECT_EQ(first.spans[3], (Span{11, 14}));
  EXPECT_THAT(dataset.sentences[1].tags, ElementsAre("B-LOC", "B-LOC"));
  EXPECT_THAT(dataset.sentences[2].tags, ElementsAre("O"));
  EXPECT_TRUE(has_note(dataset.notes, "texts and their entities"));
}

TEST(Tagged, EntitiesThatCutWordsTakeThemWhole) {
  const TaggedDataset dataset = read_tagged_text(
      "a.jsonl",
      R"({"text": "3km  from Yorkshire", "entities": [[0, 1, "NUM"], [1, 3, "UNIT"], [3, 5, "GAP"], [10, 14, "LOC"]]})");
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("B-NUM", "O", "B-LOC"));
  EXPECT_TRUE(has_note(dataset.notes,
                       ":1: an entity begins or ends inside a word: the whole word was taken (2 times"));
  EXPECT_TRUE(has_note(dataset.notes, ":1: an entity without a word of its own was left out (2 times"));
}

TEST(Tagged, BrokenIobIsCountedAndReadAsABeginning) {
  const TaggedDataset dataset = read_tagged_text("a.conll", "a\tB-A\nb\tI-B\n\nc\tO\nd\tI-A\n");
  EXPECT_EQ(dataset.scheme, TagScheme::iob2);
  EXPECT_TRUE(
      has_note(dataset.notes, "a.conll:2: the tag is I- where no entity of its type continues (2 in all"));
  EXPECT_THAT(entities(dataset.sentences[0].tags, dataset.scheme),
              ElementsAre(Entity{"A", 0, 1}, Entity{"B", 1, 2}));
}

TEST(Tagged, BytesThatAreNotUtf8AreReplacedAndCounted) {
  const TaggedDataset dataset = read_tagged_text("a.conll", "caf\xe9\tO\nx\tB-A\n\xff\tO\n");
  EXPECT_EQ(dataset.sentences[0].words[0], "caf\ufffd");
  EXPECT_TRUE(
      has_note(dataset.notes, "a.conll:1: bytes that are not UTF-8 were replaced by U+FFFD (2 times"));
  EXPECT_EQ(read_tagged_text("a.jsonl", "{\"tokens\": [\"\xe9\"], \"tags\": [\"O\"]}").sentences[0].words[0],
            "\ufffd");
}

TEST(Tagged, MarkAndMissingNewline) {
  EXPECT_THAT(read_tagged_text("a.conll",
                               "\xef\xbb\xbf"
                               "a O\nb O")
                  .sentences[0]
                  .words,
              ElementsAre("a", "b"));
}

TEST(Tagged, SentencesWithoutWords) {
  const std::string text = "{\"tokens\": [], \"tags\": []}\n{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n";
  const TaggedDataset labelled = read_tagged_text("a.jsonl", text);
  EXPECT_THAT(labelled.sentences, SizeIs(1));
  EXPECT_TRUE(has_note(labelled.notes, "a.jsonl:1: a sentence without words was left out"));
  EXPECT_THAT(read_tagged_text("a.jsonl", text, {.labels_required = false}).sentences, SizeIs(2));
}

TEST(Tagged, WithoutLabelsForPrediction) {
  const TaggedReadOptions options{.labels_required = false};
  const TaggedDataset words = read_tagged_text("a.txt", "one\ntwo\n\nthree\n", options);
  EXPECT_FALSE(words.has_tags);
  EXPECT_THAT(words.sentences[0].words, ElementsAre("one", "two"));
  EXPECT_FALSE(read_tagged_text("a.jsonl", R"({"text": "a b"})", options).has_tags);
  EXPECT_FALSE(read_tagged_text("a.conllu", "1\tI\ti\t_\tPRP\t_\t0\troot\t_\t_\n", options).has_tags);
  EXPECT_TRUE(read_tagged_text("a.conll", "a O\n", options).has_tags);
}

TEST(Tagged, MaxSentences) {
  EXPECT_THAT(read_tagged_text("a.conll", "a O\n\nb O\n\nbroken\n", {.max_sentences = 2}).sentences,
              SizeIs(2));
}

TEST(Tagged, SentencesOfTexts) {
  const std::string_view texts[] = {"Hi, Rome", ""};
  const std::vector<TaggedSentence> sentences = sentences_of(texts);
  EXPECT_THAT(sentences[0].words, ElementsAre("Hi", ",", "Rome"));
  EXPECT_THAT(sentences[0].spans, ElementsAre(Span{0, 2}, Span{2, 3}, Span{4, 8}));
  EXPECT_THAT(sentences[1].words, IsEmpty());
}

TEST(TaggedRealData, HasTheSentencesThatItsPublishersCount) {
  if (shared_data().empty()) GTEST_SKIP() << "the public datasets are not beside the project";
  const auto sentences = [](const char* name) { return read_tagged(shared_data() / name).size(); };
  EXPECT_EQ(sentences("wnut17/train.conll"), 3394);
  EXPECT_EQ(sentences("wnut17/dev.conll"), 1009);
  EXPECT_EQ(sentences("wnut17/test.conll"), 1287);
  EXPECT_EQ(sentences("ud_english_ewt/train.conllu"), 12544);
  EXPECT_EQ(sentences("ud_english_ewt/test.conllu"), 2077);
  const TaggedDataset dev = read_tagged(shared_data() / "ud_english_ewt/dev.conllu");
  EXPECT_EQ(dev.size(), 2001);
  EXPECT_THAT(dev.tags, SizeIs(17));
  std::int64_t with_text = 0;
  for (const TaggedSentence& sentence : dev.sentences) with_text += sentence.text.empty() ? 0 : 1;
  EXPECT_EQ(with_text, dev.size());
}

}  // namespace
}  // namespace bertune::data::testing
