// Forms in which authors publish their sets, with other rows: each is read right without an option, or
// refused by name.
#include <gmock/gmock.h>

#include <ctime>

#include "data/choices/multiple_choice.h"
#include "data/helpers.h"
#include "data/questions/question_answering.h"
#include "data/questions/question_form.h"
#include "data/tagged/tagged.h"
#include "data/tagged/tagged_form.h"
#include "data/tagged_helpers.h"
#include "data/texts/labels.h"

namespace bertune::data::testing::published_forms_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

class PublishedForms : public ::testing::Test {
 protected:
  Dataset texts(const std::string& name, const std::string& text) {
    return read_dataset(files_.write(name, text));
  }
  bertune::testing::TemporaryDirectory files_;
};

TEST_F(PublishedForms, SeveralNumbersAfterATextWithoutAHeader) {
  std::string rows = "Oh ...\t1\nThe door is open !\t1, 4, 7\nCome in now .\t8, 1\nNever in my life !\t1\n";
  for (int i = 0; i < 8; ++i)
    rows += "He waits outside for " + std::to_string(i) + " days .\t" + (i % 2 == 0 ? "1, 3" : "1") + "\n";
  const Dataset dataset = texts("a.tsv", rows);
  EXPECT_EQ(dataset.size(), 12);
  EXPECT_EQ(dataset.rows[0].text, "Oh ...");
  EXPECT_EQ(guess_problem_type(dataset).type, ProblemType::multi_label_classification);
  EXPECT_THAT(build_label_map(dataset, {.multi_label = true}).id2label(),
              ElementsAre("1", "3", "4", "7", "8"));
  EXPECT_EQ(texts("b.tsv", "remark\t2\nyes\ta\nno\tb\nwell\ta\nnever\tb\n").size(), 4) << "a header";
}

TEST_F(PublishedForms, JsonLinesInAFileOfPlainText) {
  const std::string rows = R"({"text": "It works as they say", "label": "Uses", "metadata": [1, 2, 7]})"
                           "\n"
                           R"({"text": "We compare it, in part", "label": "Compares", "metadata": [3, 4, 7]})"
                           "\n";
  const Dataset dataset = texts("train.txt", rows);
  EXPECT_EQ(dataset.rows[1].label, "Compares");
  EXPECT_TRUE(has_note(dataset.notes, "lines are JSON objects (detected; change with `format=text`)"));
  std::string lines;
  for (int i = 0; i < 8; ++i)
    lines += "{a} remark " + std::to_string(i) + " of mine\t" + (i % 2 == 0 ? "x" : "y") + "\n";
  EXPECT_EQ(texts("a.txt", lines).rows[0].text, "{a} remark 0 of mine");
}

TEST_F(PublishedForms, AClaimBesideTitlesAndReasons) {
  const Dataset dataset = texts(
      "a.jsonl",
      R"({"label": "true", "claim": "Nobody else has built more of these", "title": "Mayor", "reason": "The records of the town hall show that this is so, and others agree with them."})"
      "\n"
      R"({"label": "false", "claim": "It costs twice as much as before", "title": "", "reason": "The price is what it was a year ago, as the lists of both years clearly show."})"
      "\n");
  EXPECT_EQ(dataset.columns.text.name, "claim");
}

TEST_F(PublishedForms, IntentsAreAList) {
  const Dataset dataset =
      texts("a.json", R"([{"text": "How long does a new card take?", "intents": ["card", "new"]},
    {"text": "good bye", "intents": ["end"], "slots": {"time": {"text": "noon", "span": [1, 5]}}}])");
  EXPECT_EQ(dataset.columns.label.name, "intents");
  EXPECT_EQ(guess_problem_type(dataset).type, ProblemType::multi_label_classification);
}

TEST_F(PublishedForms, ALabelThatIsAnObjectIsRefusedByName) {
  const std::string row =
      R"({"source": "web", "sentence1": "One text", "sentence2": "Another text", "labels": {"label": 4.9}})"
      "\n";
  EXPECT_THAT(message_of<UsageError>([&] { texts("a.jsonl", times(6, row)); }),
              HasSubstr("\"labels\" is an object or a nested list"));
}

TEST_F(PublishedForms, ColumnsThatAlwaysSayTheSameAreNoLabels) {
  std::string rows;
  for (const char* text :
       {"He sees what they lift", "Ann knew the man", "Most of them remember it", "We left"})
    rows +=
        R"({"sentence": ")" + std::string(text) + R"(", "one": true, "two": false, "three": false})" + "\n";
  EXPECT_THAT(message_of<UsageError>([&] { texts("a.jsonl", rows); }),
              HasSubstr("which column holds the labels?"));
}

TEST(PublishedTags, OfCharactersWithBlanksAndCommentsOfTwoColumns) {
  const TaggedDataset dataset = read_tagged_text(
      "a.tsv",
      "## one : \\t\n## names : CHAR\tTAG\n## a-1\t<ab:PS> c\na\tB-PS\n \tI-PS\nb\tI-PS\n \tO\nc\tO\n\n"
      "## a-2\td\nd\tO\n");
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("a", "b", "c"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("B-PS", "I-PS", "O"));
  EXPECT_TRUE(has_note(dataset.notes, "a.tsv:5: a word that is a blank was left out (2 times"));
  EXPECT_TRUE(has_note(dataset.notes, "a.tsv:1: a line that begins with # is a comment (4 times"));
}

TEST(PublishedTags, InFrontOfTheirWords) {
  const std::string text = times(3, "O\tshow\nO\tme\nB-YEAR\t1980\nI-YEAR\ts\n\nO\tfilms\nB-NAME\tann\n\n");
  const TaggedDataset dataset = read_tagged_text("a.bio", text);
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("show", "me", "1980", "s"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "O", "B-YEAR", "I-YEAR"));
  EXPECT_TRUE(
      has_note(dataset.notes, "the word is column 2, the tag column 1 of 2 (detected: the first holds"));
  EXPECT_THAT(read_tagged_text("a.bio", text, {.label_column = "2"}).sentences[0].words,
              ElementsAre("O", "O", "B-YEAR", "I-YEAR"));
}

TEST(PublishedTags, InLayersOfWhichTheFirstIsTheOutermost) {
  const std::string layers =
      "the\tB-LOC\tO\tO\t\nhouse\tI-LOC\tO\tO\t\nof\tI-LOC\tO\tO\t\nmy\tI-LOC\tB-PER\tO\t\n"
      "aunt\tI-LOC\tI-PER\tO\t\nBob\tB-PER\tO\tO\t\nsings\tO\tO\tO\t\n\n";
  const TaggedDataset dataset = read_tagged_text("a.tsv", layers);
  EXPECT_THAT(dataset.sentences[0].tags,
              ElementsAre("B-LOC", "I-LOC", "I-LOC", "I-LOC", "I-LOC", "B-PER", "O"));
}

TEST(PublishedTags, BehindBarsInALineOfWords) {
  const std::string text =
      "In|IN|O Paris|NNP|I-LOC it|PRP|O rained|VBD|O .|.|O\n\nNo|RB|O |||SYM|O one|NN|O\n";
  EXPECT_THAT(looks_like_tagged_words("a.txt", text), HasSubstr("such as Paris|NNP|I-LOC"));
  const TaggedDataset dataset = read_tagged_text("a.txt", text);
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("In", "Paris", "it", "rained", "."));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "I-LOC", "O", "O", "O"));
  EXPECT_EQ(dataset.sentences[1].words[1], "|");
  EXPECT_EQ(dataset.sentences[1].line, 3);
  EXPECT_THAT(looks_like_tagged_words("a.txt", "a|b c|d\n"), IsEmpty());
}

TEST(PublishedTags, InFilesCalledConlluOfOtherColumns) {
  const TaggedDataset dataset =
      read_tagged_text("a.conllu", "0\tOn\tO\n1\tMars\tB-LOC\n\n0\tAnn\tB-PER\n1\twaits\tO\n2\t.\tO\n");
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("On", "Mars"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "B-LOC"));
}

TEST(PublishedTags, OfConlluPlusWhoseFirstLineNamesTheColumns) {
  const std::string text =
      "# global.columns = ID FORM UPOS PARSEME:MWE\n# text = He gave up\n1\tHe\tPRON\t*\n2-3\tgaveup\t_\t*\n"
      "2\tgave\tVERB\t1:VPC\n3\tup\tADP\t1\n";
  const TaggedDataset dataset = read_tagged_text("a.cupt", text);
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("He", "gave", "up"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("PRON", "VERB", "ADP"));
  EXPECT_TRUE(has_note(dataset.notes, "CoNLL-U Plus: the tag is column 3 (UPOS)"));
  EXPECT_THAT(read_tagged_text("a.cupt", text, {.label_column = "parseme:mwe"}).sentences[0].tags,
              ElementsAre("*", "1:VPC", "1"));
  const TaggedDataset last =
      read_tagged_text("a.conllup", "# global.columns = FORM NER\nAnn\tB-PER\nsings\tO\n");
  EXPECT_THAT(last.sentences[0].tags, ElementsAre("B-PER", "O"));
  EXPECT_THAT(
      message_of<UsageError>([] { read_tagged_text("a.cupt", "# global.columns = ID UPOS\n1\tX\n"); }),
      HasSubstr("there is no FORM among its columns, ID, UPOS"));
}

TEST(PublishedTags, AsSegmentsOfATextAndByType) {
  const TaggedDataset segments = read_tagged_text(
      "a.json",
      R"({"Play": [{"data": [{"text": "play "}, {"text": "\u00fcber alles", "entity": "song"}, {"text": " now"}]}]})");
  EXPECT_THAT(segments.sentences[0].tags, ElementsAre("O", "B-song", "I-song", "O"));
  const TaggedDataset types = read_tagged_text(
      "a.jsonl", R"({"text": "Ann met Bob", "label": {"name": {"Ann": [[0, 2]], "Bob": [[8, 10]]}}})");
  EXPECT_THAT(types.sentences[0].tags, ElementsAre("B-name", "O", "B-name"));
}

TEST(PublishedChoices, OfATalkWithItsQuestions) {
  const std::string text =
      R"([[["M: Is it late?", "W: Nearly ten."], [{"question": "When?", "choice": ["Nine.", "Ten."], "answer": "Ten."},
          {"question": "Who asks?", "choice": ["A man.", "A woman."], "answer": "A man."}], "1-2"]])";
  const MultipleChoiceDataset dataset = parse_multiple_choice(text, "q", Format::json, {});
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(dataset.questions[0].context, "M: Is it late?\nW: Nearly ten.");
  EXPECT_EQ(dataset.questions[0].label, 1);
  EXPECT_EQ(dataset.questions[1].question, "Who asks?");
  EXPECT_EQ(dataset.questions[1].label, 0);
}

TEST(PublishedQuestions, WithThePlacesThatReadersMarked) {
  const std::string head = "story_id,story_text,question,answer_char_ranges\n";
  const std::string csv = head + "1,\"\xc3\x89ve left in May. She came back.\",When?,None|9:16|12:15\n" +
                          "1,\"\xc3\x89ve left in May. She came back.\",Why?,None|None\n";
  EXPECT_THAT(looks_like_questions("a.csv", csv), HasSubstr("rows hold a question"));
  const QuestionAnsweringDataset dataset = parse_question_answering(csv, "q", Format::csv, {});
  ASSERT_THAT(dataset.examples, SizeIs(2));
  ASSERT_THAT(dataset.examples[0].answers, SizeIs(2));
  EXPECT_EQ(dataset.examples[0].answers[0].text, "in May.");
  EXPECT_EQ(dataset.examples[0].answers[1].text, "May");
  EXPECT_TRUE(dataset.examples[1].is_impossible);
  EXPECT_THAT(
      message_of([&] { parse_question_answering(head + "1,short,When?,4:90\n", "q", Format::csv, {}); }),
      HasSubstr("q:2: \"answer_char_ranges\" holds \"4:90\", and no places of the context"));
}

TEST(PublishedQuestions, UnderTheirOwnName) {
  const std::string text =
      R"([{"plot": "A ship lands.", "questions": [{"question": "What lands?", "answers": ["A ship"]}]}])";
  EXPECT_THAT(looks_like_questions("a.json", text), HasSubstr("a context and its questions (\"questions\")"));
  EXPECT_EQ(parse_question_answering(text, "q", Format::json, {}).examples[0].answers[0].text, "A ship");
}

TEST_F(PublishedForms, LabelsInAFileOfTheirOwn) {
  const auto labels = files_.write("seq.out", "O O B-city\n\nO B-city\n");
  const auto words = files_.write("seq.in", "fly to Rome\n\nto Oslo\n");
  EXPECT_TRUE(are_tags_of_words("fly to Rome\n\nto Oslo\n", labels));
  EXPECT_FALSE(are_tags_of_words("fly to Rome now\n\nto Oslo\n", labels));
  const TaggedDataset dataset = read_tagged(words, {.labels_file = labels});
  ASSERT_THAT(dataset.sentences, SizeIs(2));
  EXPECT_THAT(dataset.sentences[0].words, ElementsAre("fly", "to", "Rome"));
  EXPECT_THAT(dataset.sentences[0].tags, ElementsAre("O", "O", "B-city"));
  EXPECT_EQ(dataset.sentences[1].line, 3);
  const auto fewer = files_.write("fewer.out", "O O B-city\n\nO\n");
  EXPECT_THAT(message_of([&] { read_tagged(words, {.labels_file = fewer}); }),
              HasSubstr("seq.in:3: 2 words, but 1 tags in the line of the labels"));
  EXPECT_THAT(message_of([&] { read_tagged(words, {.labels_file = files_.write("short.out", "O O O\n")}); }),
              HasSubstr("short.out: has 1 lines, and"));

  const auto questions =
      files_.write("q.jsonl", R"({"goal": "Dry a cup", "sol1": "in the sun", "sol2": "in a lake"})"
                              "\n"
                              R"({"goal": "Cut bread", "sol1": "with a song", "sol2": "with a knife"})"
                              "\n");
  const MultipleChoiceDataset choices =
      read_multiple_choice(questions, {.labels_file = files_.write("q.lst", "0\n1\n")});
  EXPECT_EQ(choices.questions[0].label, 0);
  EXPECT_EQ(choices.questions[1].label, 1);
  EXPECT_THAT(
      message_of([&] { read_multiple_choice(questions, {.labels_file = files_.write("q1.lst", "0\n")}); }),
      HasSubstr("has 1 lines, and"));

  ReadOptions options;
  options.labels_file = files_.write("pairs.lst", "1|3\n2\n");
  const Dataset pairs = read_dataset(
      files_.write("pairs.tsv", "sentence1\tsentence2\nA cup\tOne cup\nA man\tOne man\n"), options);
  EXPECT_TRUE(pairs.has_pairs);
  EXPECT_EQ(guess_problem_type(pairs).type, ProblemType::multi_label_classification);
  options.labels_file = files_.write("numbers.lst", "1.5\n2.25\n");
  EXPECT_EQ(read_dataset(files_.write("t.txt", "one\ntwo\n"), options).rows[1].label, "2.25");
}

TEST_F(PublishedForms, ColumnsOfPandasTakeATimeThatGrowsWithTheirRows) {
  const auto seconds = [&](int rows) {
    std::string text = R"({"text": {)", labels = R"("label": {)";
    for (int i = 0; i < rows; ++i) {
      const std::string key = (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\": ";
      text += key + "\"text " + std::to_string(i) + "\"", labels += key + (i % 2 == 0 ? "\"x\"" : "\"y\"");
    }
    const auto path = files_.write("a.json", text + "}, " + labels + "}}");
    const std::clock_t begin = std::clock();  // of the processor: other work on the machine does not count
    EXPECT_EQ(read_dataset(path).size(), rows);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  const double half = seconds(8000), all = seconds(16000);
  EXPECT_LT(all, 3 * half + 0.1) << "twice the rows take twice the time, and not four times";
}

}  // namespace
}  // namespace bertune::data::testing::published_forms_test
