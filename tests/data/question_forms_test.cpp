// Questions as other programs and published sets write them, and answers that their contexts do not hold.
#include <gmock/gmock.h>

#include "data/helpers.h"
#include "data/questions/question_answering.h"
#include "data/questions/question_form.h"

namespace bertune::data::testing::question_forms_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr QuestionAnsweringReadOptions kToLearn{.unplaced = UnplacedAnswers::leave_out},
    kToTest{.unplaced = UnplacedAnswers::keep};

QuestionAnsweringDataset parse(std::string_view text, Format format = Format::json,
                               const QuestionAnsweringReadOptions& options = kToTest) {
  return parse_question_answering(text, "q", format, options);
}

// Questions about "The kettle holds two litres." in SQuAD's form.
std::string squad(const std::string& questions) {
  return R"({"data": [{"paragraphs": [{"context": "The kettle holds two litres.", "qas": [)" + questions +
         "]}]}]}";
}
std::string question(const std::string& id, const std::string& answers) {
  return R"({"id": ")" + id + R"(", "question": "How much?", "answers": [)" + answers + "]}";
}
const std::string kGood = R"({"text": "two litres", "answer_start": 17})";

TEST(UnplacedAnswers, AreComparedByTheirTextAlone) {
  for (const char* other :
       {R"({"text": "2 l", "answer_start": -1})", R"({"text": "a lot", "answer_start": 3})"}) {
    const QuestionAnsweringDataset dataset = parse(squad(question("a", kGood + "," + other)));
    ASSERT_THAT(dataset.examples[0].answers, SizeIs(2));
    EXPECT_TRUE(dataset.examples[0].answers[0].has_place());
    EXPECT_FALSE(dataset.examples[0].answers[1].has_place());
    EXPECT_TRUE(has_note(dataset.notes, "qas[0] (id \"a\"): an answer is not in its context"));
  }
  const QuestionAnsweringDataset alone =
      parse(squad(question("a", R"({"text": "2 l", "answer_start": -1})")));
  EXPECT_FALSE(alone.examples[0].is_impossible);
  EXPECT_FALSE(alone.has_impossible);
}

TEST(UnplacedAnswers, AreNotLearntFrom) {
  const std::string lost = question("b", R"({"text": "2 l", "answer_start": -1})");
  const QuestionAnsweringDataset dataset =
      parse(squad(question("a", kGood) + "," + lost), Format::json, kToLearn);
  EXPECT_THAT(dataset.examples, SizeIs(1));
  EXPECT_TRUE(has_note(dataset.notes, "qas[1] (id \"b\"): the question has no other answer and is left out"));
  EXPECT_THAT(message_of([&] { parse(squad(lost), Format::json, kToLearn); }),
              HasSubstr("none of its 1 questions has an answer that its context holds"));
  EXPECT_THAT(message_of([&] { parse(squad(lost), Format::json, {}); }), HasSubstr("\"answer_start\" is -1"));
}

TEST(QuestionForms, LetBlanksAndEmptyTextsPass) {
  const QuestionAnsweringDataset blanks =
      parse(squad(question("a", R"({"text": " two  ", "answer_start": 16})")));
  EXPECT_EQ(blanks.examples[0].answers[0].text, "two");
  EXPECT_EQ(blanks.examples[0].answers[0].start, 17);
  EXPECT_TRUE(has_note(blanks.notes, "without the blanks around it"));
  const QuestionAnsweringDataset none = parse(squad(question("a", R"({"text": "", "answer_start": -1})")));
  EXPECT_TRUE(none.examples[0].is_impossible);
  EXPECT_TRUE(has_note(none.notes, "an answer's text is empty: it is taken for none"));
  const QuestionAnsweringDataset empty = parse("question,context,answer\na,,\nb,c,c\n", Format::csv);
  EXPECT_THAT(empty.examples, SizeIs(2));
  EXPECT_TRUE(has_note(empty.notes, "q:2: the context is empty"));
  EXPECT_TRUE(has_note(parse(squad(question("a", kGood) + "," + question("a", kGood))).notes,
                       "the id occurred before"));
}

TEST(QuestionForms, OfTablesAsPandasWritesThem) {
  const std::string answers =
      R"("{'text': array(['two litres'], dtype=object), 'answer_start': array([17])}")";
  for (const std::string& text :
       {"question,context,answers\n?,The kettle holds two litres.," + answers + "\n",
        std::string("Question,Passage,Answer,answer_start\n?,The kettle holds two litres.,two litres,17.0\n"),
        std::string("query,context_text,answer_text\n?,The kettle holds two litres.,two litres\n")}) {
    const QuestionAnsweringDataset dataset = parse(text, Format::csv);
    EXPECT_EQ(dataset.examples[0].answers[0].start, 17) << text;
  }
  EXPECT_TRUE(has_note(parse("query,context,answer\n?,a b,b\n", Format::csv).notes,
                       "the column \"query\" is taken for \"question\" (detected)"));
}

TEST(QuestionForms, OfPublishedSets) {
  const auto start = [](std::string_view text, Format format) {
    const QuestionAnsweringDataset dataset = parse(text, format);
    return dataset.examples.at(0).answers.at(0).start;
  };
  // CMRC, MRQA, DuoRC, TriviaQA, and rows of pandas.
  EXPECT_EQ(start(R"([{"context_id": "T", "context_text": "a b", "qas": [{"query_text": "?", "query_id": "Q",
                      "answers": ["b", "b"]}]}])",
                  Format::json),
            2);
  EXPECT_EQ(start("{\"header\": {\"dataset\": \"x\"}}\n{\"context\": \"b a b\", \"qas\": [{\"qid\": \"1\", "
                  "\"question\": "
                  "\"?\", \"answers\": [\"B\"], \"detected_answers\": [{\"text\": \"b\", \"char_spans\": "
                  "[[4, 4]]}]}]}\n",
                  Format::jsonl),
            4);
  EXPECT_EQ(start(R"({"plot": "a b", "question": "?", "answers": ["b"], "no_answer": false})", Format::jsonl),
            2);
  EXPECT_EQ(start(R"({"context": "a b", "question": "?", "answer": {"value": "b", "aliases": ["b", "c"]}})",
                  Format::jsonl),
            2);
  EXPECT_EQ(start(R"({"context": {"0": "a b"}, "question": {"0": "?"}, "answer": {"0": "b"}})", Format::json),
            2);
}

TEST(QuestionForms, AreMended) {
  const QuestionAnsweringDataset dataset = parse(
      R"({"data": [{"score": NaN, "paragraphs": [{"context": "a \ud800 b", "qas": [{"question": "?", "id": "1",
          "answers": [{"text": "b", "answer_start": 4}]}]}]}]})");
  EXPECT_EQ(dataset.examples[0].context, "a \ufffd b");
  EXPECT_TRUE(has_note(dataset.notes, "1 halves of surrogate pairs became U+FFFD"));
}

TEST(QuestionForms, CountRowsThatCannotBeRead) {
  const std::string text =
      "{\"question\": \"?\", \"context\": \"a\", \"answer\": \"a\"}\n{\"question\": 5, \"context\": \"a\", "
      "\"answer\": \"a\"}\n{nothing\n{\"question\": \"?\", \"answer\": \"a\"}\n";
  EXPECT_THAT(message_of([&] { parse(text, Format::jsonl); }),
              AllOf(HasSubstr("q:2: \"question\" is of the type number"), HasSubstr("q:3: not valid JSON"),
                    HasSubstr("q: 3 of 4 questions cannot be used"), HasSubstr("`max_bad_rows=3`")));
  const QuestionAnsweringDataset dataset =
      parse(text, Format::jsonl, {.unplaced = UnplacedAnswers::keep, .max_bad_rows = 3});
  EXPECT_THAT(dataset.examples, SizeIs(1));
  EXPECT_TRUE(has_note(dataset.notes, "3 of 4 questions cannot be used and were left out"));
}

TEST(LooksLikeQuestions, ByContent) {
  EXPECT_THAT(looks_like_questions("a.json", R"({"data": [{"paragraphs": [{"context": ")" +
                                                 std::string(20000, 'x') + R"(", "qas": []}]}]})"),
              HasSubstr("SQuAD"));
  EXPECT_THAT(looks_like_questions("a.csv", "question,passage,answer_text\n?,a b,b\n"),
              HasSubstr("\"context\""));
  EXPECT_THAT(looks_like_questions("a.jsonl", R"({"question": "?", "passage": "a", "answer": true})"),
              IsEmpty());
  EXPECT_THAT(looks_like_questions("a.jsonl",
                                   R"({"article": "a", "question": "?", "options": ["x"], "answer": "A"})"),
              IsEmpty());
  EXPECT_THAT(looks_like_questions("a.csv", "question,answer,label\na,b,1\n"), IsEmpty());
  EXPECT_THAT(looks_like_questions("a.tsv", "text\tlabel\na\tb\n"), IsEmpty());
}

}  // namespace
}  // namespace bertune::data::testing::question_forms_test
