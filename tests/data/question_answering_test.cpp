#include "data/questions/question_answering.h"

#include <gmock/gmock.h>

#include <string>

#include "data/helpers.h"
#include "data/questions/answer_places.h"

namespace bertune::data::testing::question_answering_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr QuestionAnsweringReadOptions kForPrediction{.answers_required = false};

QuestionAnsweringDataset parse(std::string_view text, Format format = Format::json,
                               const QuestionAnsweringReadOptions& options = {}) {
  return parse_question_answering(text, "q", format, options);
}

template <typename Exception = Error>
std::string error_of(std::string_view text, Format format = Format::json,
                     const QuestionAnsweringReadOptions& options = {}) {
  return message_of<Exception>([&] { parse(text, format, options); });
}

// One paragraph of SQuAD's form about "Café Ana is in Rome. Rome is old." with these questions.
std::string squad(const std::string& questions) {
  return R"({"version": "2.0", "data": [{"title": "T", "paragraphs": [{"qas": [)" + questions +
         R"(], "context": "Café Ana is in Rome. Rome is old."}]}]})";
}

std::string question(const std::string& more) { return R"({"question": "Where?", "id": "x", )" + more + "}"; }

TEST(QuestionAnsweringReader, ReadsSquad) {
  const QuestionAnsweringDataset dataset = parse(squad(R"({"id": "a", "question": " Where is it?",
                      "answers": [{"text": "Rome", "answer_start": 15}, {"text": "in Rome", "answer_start": 12}]},
                     {"id": "b", "question": "Who?", "answers": [], "is_impossible": true,
                      "plausible_answers": [{"text": "Ana", "answer_start": 5}]})"));
  ASSERT_THAT(dataset.examples, SizeIs(2));
  const QuestionAnsweringExample& first = dataset.examples[0];
  EXPECT_EQ(first.id, "a");
  EXPECT_EQ(first.question, " Where is it?");
  EXPECT_EQ(first.context, "Café Ana is in Rome. Rome is old.");
  ASSERT_THAT(first.answers, SizeIs(2));
  EXPECT_EQ(first.answers[0].text, "Rome");
  EXPECT_EQ(first.answers[0].start, 15);
  EXPECT_EQ(first.answers[0].byte_start, 16);  // é is two bytes
  EXPECT_FALSE(first.is_impossible);
  EXPECT_EQ(first.where, "q: data[0].paragraphs[0].qas[0] (id \"a\")");
  EXPECT_TRUE(dataset.examples[1].is_impossible);
  EXPECT_TRUE(dataset.has_answers);
  EXPECT_TRUE(dataset.has_impossible);
  EXPECT_THAT(dataset.notes, IsEmpty());
  EXPECT_EQ(first.context.data(), dataset.examples[1].context.data());  // one copy
  EXPECT_THAT(dataset.contexts, SizeIs(1));
}

TEST(QuestionAnsweringReader, CopiesOutliveTheText) {
  QuestionAnsweringDataset copy;
  {
    std::string text = squad(question(R"("answers": [{"text": "old", "answer_start": 29}])"));
    const QuestionAnsweringDataset dataset = parse(text);
    copy = dataset;
    text.assign(text.size(), 'x');
  }
  EXPECT_EQ(copy.examples[0].answers[0].text, "old");
  EXPECT_EQ(copy.contexts[0], copy.examples[0].context);
}

TEST(QuestionAnsweringReader, ReadsRowsOfEveryFormat) {
  const std::string row = R"({"id": 7, "title": "t", "context": "a b c", "question": "q?",
      "answers": {"text": ["b"], "answer_start": [2]}})";
  std::string line = row;
  line.erase(line.find('\n'), 1);
  const std::string csv =
      "id,question,context,answers\n7,q?,a b c,\"{\"\"text\"\": [\"\"b\"\"], \"\"answer_start\"\": [2]}\"\n";
  const std::string tsv = "context\tquestion\tanswer\tanswer_start\tid\na b c\tq?\tb\t2\t7\n";
  const std::pair<Format, std::string> files[] = {{Format::json, "[" + row + "]"},
                                                  {Format::json, R"({"version": 1, "data": [)" + row + "]}"},
                                                  {Format::json, line + "\n"},
                                                  {Format::jsonl, "\n" + line},
                                                  {Format::csv, csv},
                                                  {Format::tsv, tsv}};
  for (const auto& [format, text] : files) {
    SCOPED_TRACE(text);
    const QuestionAnsweringDataset dataset = parse(text, format);
    ASSERT_THAT(dataset.examples, SizeIs(1));
    EXPECT_EQ(dataset.examples[0].id, "7");
    EXPECT_EQ(dataset.examples[0].question, "q?");
    ASSERT_THAT(dataset.examples[0].answers, SizeIs(1));
    EXPECT_EQ(dataset.examples[0].answers[0].start, 2);
    EXPECT_THAT(dataset.notes, IsEmpty());
  }
  EXPECT_EQ(parse(csv, Format::csv).examples[0].where, "q:2 (id \"7\")");
  EXPECT_EQ(parse("[" + row + "]").examples[0].where, "q: [0] (id \"7\")");
}

TEST(QuestionAnsweringReader, RowsShareTheirContextAndGetNumbers) {
  const QuestionAnsweringDataset dataset =
      parse("question;context;answer\nq1;\"a \"\"b\"\"\";\"\"\"b\"\"\"\nq2;other b;b\nq3;\"a \"\"b\"\"\";\n",
            Format::csv);
  ASSERT_THAT(dataset.examples, SizeIs(3));
  EXPECT_THAT(dataset.contexts, ElementsAre("a \"b\"", "other b"));
  EXPECT_EQ(dataset.examples[2].context_index, 0);
  EXPECT_EQ(dataset.examples[0].answers[0].text, "\"b\"");
  EXPECT_EQ(dataset.examples[1].answers[0].start, 6);
  EXPECT_TRUE(dataset.examples[2].is_impossible);  // an empty answer
  EXPECT_EQ(dataset.examples[2].id, "3");
  EXPECT_TRUE(has_note(dataset.notes, "separated by ';' (detected)"));
}

TEST(QuestionAnsweringReader, ReadsQuestionsWithoutAnswersForPrediction) {
  const std::string text = "{\"question\": \"q\", \"context\": \"c\"}\n";
  EXPECT_THAT(error_of(text, Format::jsonl), HasSubstr("q:1: there is neither \"answers\" nor \"answer\""));
  const QuestionAnsweringDataset dataset = parse(text + text, Format::jsonl, kForPrediction);
  ASSERT_THAT(dataset.examples, SizeIs(2));
  EXPECT_FALSE(dataset.has_answers);
  EXPECT_FALSE(dataset.has_impossible);
  EXPECT_FALSE(dataset.examples[0].has_label);
  EXPECT_FALSE(dataset.examples[0].is_impossible);
  EXPECT_THAT(parse(text + text, Format::jsonl, {.max_questions = 1, .answers_required = false}).examples,
              SizeIs(1));
}

TEST(QuestionAnsweringReader, TakesTheNearestPlaceOfAMisplacedAnswer) {
  const auto start_of = [](int start) {
    const std::string answer = R"({"text": "Rome", "answer_start": )" + std::to_string(start) + "}";
    const QuestionAnsweringDataset dataset = parse(squad(question("\"answers\": [" + answer + "]")));
    EXPECT_TRUE(has_note(dataset.notes, "qas[0] (id \"x\"): the answer does not stand at its answer_start"));
    return dataset.examples[0].answers[0].start;
  };
  EXPECT_EQ(start_of(0), 15);
  EXPECT_EQ(start_of(16), 15);  // as if counted in bytes
  EXPECT_EQ(start_of(18), 15);  // a tie goes to the first
  EXPECT_EQ(start_of(19), 21);
  EXPECT_EQ(start_of(1000), 21);
}

TEST(QuestionAnsweringReader, CountsWhatIsOdd) {
  const std::string answers = R"("answers": [{"text": "Rome", "answer_start": 15}])";
  EXPECT_TRUE(has_note(parse(squad(question(answers + R"(, "is_impossible": true)"))).notes,
                       "\"is_impossible\" does not agree"));
  EXPECT_TRUE(
      has_note(parse(squad(R"({"id": "x", "question": " ", )" + answers + "}")).notes, "question is empty"));
  const QuestionAnsweringDataset twice =
      parse("question\tcontext\tanswer\nq\tb b\tb\nq\tb b\tb\n", Format::tsv);
  EXPECT_TRUE(has_note(twice.notes, "q:2: the answer occurs in its context more than once"));
  EXPECT_TRUE(has_note(twice.notes, "(2 times; this is the first)"));
  EXPECT_EQ(twice.examples[0].answers[0].start, 0);
  const QuestionAnsweringDataset bad = parse("question\tcontext\tanswer\nq\t\xff b\tb\n", Format::tsv);
  EXPECT_TRUE(has_note(bad.notes, "1 bytes that are not UTF-8"));
  EXPECT_EQ(bad.examples[0].answers[0].start, 2);
}

TEST(QuestionAnsweringErrors, SayWhatStandsWhereTheAnswerShould) {
  const auto of = [](const std::string& answer) {
    return error_of(squad(question("\"answers\": [" + answer + "]")));
  };
  EXPECT_THAT(
      of(R"({"text": "Bern", "answer_start": 3})"),
      AllOf(
          HasSubstr("q: data[0].paragraphs[0].qas[0] (id \"x\"): the answer \"Bern\" is not in the context"),
          HasSubstr("at its answer_start, 3, stands \"é An\"")));
  EXPECT_THAT(of(R"({"text": "Bern", "answer_start": 99})"),
              HasSubstr("the context of 33 characters has ended"));
  EXPECT_THAT(of(R"({"text": "Rome", "answer_start": -1})"), HasSubstr("\"answer_start\" is -1; it must be"));
  EXPECT_THAT(of(R"({"text": "Rome", "answer_start": "15"})"), HasSubstr("\"answer_start\" is \"15\""));
  EXPECT_THAT(of(R"({"text": "Rome", "answer_start": 1.5})"), HasSubstr("\"answer_start\" is 1.5"));
  EXPECT_THAT(of(R"({"text": "Rome", "answer_start": 1e300})"), HasSubstr("\"answer_start\" is 1e+300"));
  EXPECT_THAT(of(R"({"text": "Rome", "answer_start": [1]})"), HasSubstr("\"answer_start\" is array"));
  EXPECT_THAT(of(R"({"text": "", "answer_start": 0})"), HasSubstr("an answer's text is empty"));
  EXPECT_THAT(of(R"({"answer_start": 0})"), HasSubstr("there is no \"text\""));
  EXPECT_THAT(of(R"({"text": 5, "answer_start": 0})"), HasSubstr("\"text\" is of the type number"));
  EXPECT_THAT(of("7"), HasSubstr("an answer is no object"));
  EXPECT_THAT(of(R"({"text": ")" + std::string(70000, 'a') + R"(", "answer_start": 0})"),
              HasSubstr("an answer of 70000 bytes"));
  EXPECT_THAT(error_of("question\tcontext\tanswer\nq\tb\tc\n", Format::tsv),
              HasSubstr("q:2: the answer \"c\" is not in the context"));
}

TEST(QuestionAnsweringErrors, NameThePlaceInSquad) {
  const auto paragraph = [](const std::string& text) {
    return error_of(R"({"data": [{"paragraphs": []}, {"paragraphs": [)" + text + "]}]}");
  };
  EXPECT_THAT(paragraph(R"({"context": " ", "qas": []})"),
              HasSubstr("q: data[1].paragraphs[0]: the context is empty"));
  EXPECT_THAT(paragraph(R"({"qas": []})"), HasSubstr("data[1].paragraphs[0]: there is no \"context\""));
  EXPECT_THAT(paragraph(R"({"context": 5, "qas": []})"), HasSubstr("\"context\" is of the type number"));
  EXPECT_THAT(paragraph(R"({"context": "a"})"), HasSubstr("data[1].paragraphs[0]: \"qas\" must be a list"));
  EXPECT_THAT(paragraph(R"({"context": "a", "qas": [1]})"),
              HasSubstr("data[1].paragraphs[0].qas[0]: is no JSON"));
  EXPECT_THAT(paragraph("5"), HasSubstr("data[1]: \"paragraphs\" must be a list of objects"));
  EXPECT_THAT(paragraph(R"({"context": "a", "qas": []})"), HasSubstr("q: holds no questions"));
  const std::string good = R"("question": "?", "answers": [])";
  EXPECT_THAT(error_of(squad(R"({"id": [], )" + good + "}")), HasSubstr("\"id\" is of the type array"));
  EXPECT_THAT(error_of(squad(R"({"id": "a", )" + good + R"(}, {"id": "a", )" + good + "}")),
              HasSubstr("qas[1]: the id \"a\" occurs twice"));
  EXPECT_THAT(error_of(squad(R"({"id": "a", "answers": []})")),
              HasSubstr("(id \"a\"): there is no \"question\""));
  EXPECT_THAT(error_of(squad(R"({"id": "a", "question": "?", "answers": 5})")),
              HasSubstr("of the type number"));
  EXPECT_THAT(error_of(squad(question(R"("answers": {"text": ["a", "b"], "answer_start": [1]})"))),
              HasSubstr("two lists of one length"));
  EXPECT_THAT(error_of(squad(question(R"("answers": {"text": [5], "answer_start": [1]})"))),
              HasSubstr("no string"));
  EXPECT_THAT(error_of(squad(question(R"("answers": [], "is_impossible": "no")"))),
              HasSubstr("true or false"));
}

TEST(QuestionAnsweringErrors, NameDocumentsThatAreNone) {
  EXPECT_THAT(error_of(""), HasSubstr("q: is empty"));
  EXPECT_THAT(error_of(" \n"), HasSubstr("q: is empty"));
  EXPECT_THAT(error_of("[]"), HasSubstr("q: holds no questions"));
  EXPECT_THAT(error_of("{}"), HasSubstr("q: there is no \"data\""));
  EXPECT_THAT(error_of("5"), HasSubstr("q: there is no \"data\""));
  EXPECT_THAT(error_of("[1]"), HasSubstr("q: the list must be a list of objects"));
  EXPECT_THAT(error_of(R"({"data": {}})"), HasSubstr("\"data\" must be a list of objects"));
  EXPECT_THAT(error_of(R"({"data": [[{"paragraphs": []}]]})"),
              HasSubstr("\"data\" must be a list of objects"));
  EXPECT_THAT(error_of(R"({"data": [{"paragraphs": {"a": {"context": "c"}}}]})"),
              HasSubstr("\"paragraphs\" must be a list"));
  EXPECT_THAT(error_of(R"({"data": [{"title": "a"}]})"), HasSubstr("q: data[0]: there is no \"context\""));
  EXPECT_THAT(error_of(R"({"data": [)"), HasSubstr("q: not valid JSON at byte"));
  EXPECT_THAT(error_of(R"({"data": 1e999})"), HasSubstr("\"data\" must be a list of objects"));
  EXPECT_THAT(error_of(R"({"data": "\ud800"})"), HasSubstr("\"data\" must be a list of objects"));
  EXPECT_THAT(error_of("{\"question\": \"a\", \"context\": \"b\"}\n5", Format::jsonl, kForPrediction),
              HasSubstr("q:2: expected a JSON object"));
  EXPECT_THAT(error_of<UsageError>("a", Format::text), HasSubstr("plain text cannot hold questions"));
  EXPECT_THAT(error_of("PK\x03\x04"), HasSubstr("zip archive"));
}

TEST(QuestionAnsweringErrors, RefuseDeepNesting) {
  for (const std::string deep : {"[", "{\"data\":[", "{\"a\":"}) {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += deep;
    EXPECT_THAT(error_of(text), HasSubstr("nested more than")) << deep;
    EXPECT_THAT(error_of(text, Format::jsonl), HasSubstr("nested more than")) << deep;
  }
  const std::string list(100000, '[');
  EXPECT_THAT(error_of("question\tcontext\tanswers\nq\tc\t" + list + "\n", Format::tsv),
              HasSubstr("\"answers\" must hold JSON"));
}

TEST(QuestionAnsweringErrors, NameWhatATableLacks) {
  EXPECT_THAT(error_of<UsageError>("question,title\na,b\n", Format::csv),
              HasSubstr("q:1: there is no column \"context\" for question answering; the columns are"));
  EXPECT_THAT(error_of<UsageError>("question,context,question\na,b,c\n", Format::csv),
              HasSubstr("more than one"));
  EXPECT_THAT(error_of("question,context,answer\na,b\n", Format::csv),
              HasSubstr("q:2: 2 fields where the header has 3"));
  EXPECT_THAT(error_of("question,context,answers\na,b,{'text' ['b']}\n", Format::csv),
              HasSubstr("q:2: the column \"answers\" must hold JSON"));
  EXPECT_THAT(error_of("question,context,answer,answer_start\na,b,b,x\n", Format::csv),
              HasSubstr("q:2: \"answer_start\" is \"x\""));
  EXPECT_THAT(error_of("question,context,answer\na,,b\n", Format::csv),
              HasSubstr("q:2: the context is empty"));
  EXPECT_THAT(error_of("question,context,answer\n", Format::csv), HasSubstr("q: holds no questions"));
}

TEST(AnswerPlaces, CountCodePoints) {
  const std::string text = "aé中\xf0\x9f\x98\x80z";
  const CodePointIndex index(text);
  EXPECT_EQ(index.size(), 5);
  for (const auto& [number, byte] :
       std::vector<std::pair<std::int64_t, std::size_t>>{{0, 0}, {1, 1}, {2, 3}, {3, 6}, {4, 10}, {5, 11}}) {
    EXPECT_EQ(index.byte_of(number), byte);
    EXPECT_EQ(index.number_at(byte), number);
  }
  EXPECT_EQ(CodePointIndex("abc").byte_of(3), 3U);
  EXPECT_EQ(nearest_occurrence("abcabc", CodePointIndex("abcabc"), "x", 2), std::nullopt);
  EXPECT_EQ(nearest_occurrence("abcabc", CodePointIndex("abcabc"), "c", 4), 5U);
}

}  // namespace
}  // namespace bertune::data::testing::question_answering_test
