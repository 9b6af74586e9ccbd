// Questions with choices as they are published.
#include <gmock/gmock.h>

#include "data/choices/multiple_choice.h"
#include "data/helpers.h"

namespace bertune::data::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

MultipleChoiceDataset parse(std::string_view text, Format format = Format::jsonl,
                            const MultipleChoiceReadOptions& options = {}) {
  return parse_multiple_choice(text, "q", format, options);
}

std::vector<std::string> choices(const MultipleChoiceDataset& dataset, std::int64_t question = 0) {
  const auto views = dataset.choices_of(question);
  return {views.begin(), views.end()};
}

TEST(ChoiceForms, OfObjectsWithinObjects) {
  for (
      const char* text :
      {// CommonsenseQA and ARC, as their authors have them.
       R"({"answerKey": "B", "id": "1", "question": {"stem": "S", "choices": [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]}})",
       // The same on the hub.
       R"({"id": "1", "question": "S", "choices": {"label": ["A", "B"], "text": ["x", "y"]}, "answerKey": "B"})",
       // OpenBookQA.
       R"({"id": "1", "question_stem": "S", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"})",
       R"({"id": "1", "question": "S", "options": {"A": "x", "B": "y"}, "answer": "B"})",
       R"({"id": "1", "question": "S", "choices": ["x", "y"], "answer": "y"})"}) {
    const MultipleChoiceDataset dataset = parse(text);
    EXPECT_THAT(choices(dataset), ElementsAre("x", "y")) << text;
    EXPECT_EQ(dataset.questions[0].question, "S") << text;
    EXPECT_EQ(dataset.questions[0].label, 1) << text;
    EXPECT_EQ(dataset.questions[0].id, "1") << text;
  }
}

TEST(ChoiceForms, OfRaceAsPublished) {
  const MultipleChoiceDataset dataset = parse(
      R"({"answers": ["B", "A"], "options": [["a", "b"], ["c", "d"]], "questions": ["P _", "Q"], "article": "T", "id": "h.txt"})",
      Format::json);
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(dataset.first_text(1), "T");
  EXPECT_THAT(choices(dataset, 1), ElementsAre("c", "d"));
  EXPECT_EQ(dataset.questions[0].label, 1);
  EXPECT_EQ(dataset.questions[1].label, 0);
}

TEST(ChoiceForms, OfColumnsByOtherNames) {
  struct Case {
    std::string header, row, question, first;
    std::int32_t label;
  };
  for (const Case& of :
       {Case{"context,question,answerA,answerB,answerC,label", "c,q,x,y,z,3", "q", "c", 2},  // SocialIQA
        Case{"goal,sol1,sol2,label", "q,x,y,1", "q", "q", 1},                                // PIQA
        Case{"premise,choice1,choice2,question,label", "c,x,y,cause,0", "cause", "c", 0},    // COPA
        Case{"sentence,option1,option2,answer", "the _ is,x,y,2", "the _ is", "the _ is", 1},
        Case{"question,opa,opb,opc,opd,cop", "q,x,y,z,w,3", "q", "q", 3},  // MedMCQA
        Case{"question,A,B,C,D,answer", "q,x,y,z,w,D", "q", "q", 3},
        Case{"context,question,answer0,answer1,answer2,answer3,label", "c,q,x,y,z,w,2", "q", "c", 2}}) {
    const MultipleChoiceDataset dataset = parse(of.header + "\n" + of.row + "\n", Format::csv);
    EXPECT_EQ(dataset.questions[0].question, of.question) << of.header;
    EXPECT_EQ(dataset.first_text(0), of.first) << of.header;
    EXPECT_EQ(choices(dataset)[0], "x") << of.header;
    EXPECT_EQ(dataset.questions[0].label, of.label) << of.header;
  }
  EXPECT_TRUE(has_note(parse("goal,sol1,sol2,label\nq,x,y,1\n", Format::csv).notes,
                       "columns detected: question = \"goal\", choices = \"sol1\" to \"sol2\""));
  const MultipleChoiceDataset hellaswag = parse(
      R"({"ind": 4, "ctx_a": "A.", "ctx_b": "she", "ctx": "A. she", "endings": ["x", "y"], "label": 1})");
  EXPECT_EQ(hellaswag.first_text(0), "A.");
  EXPECT_EQ(hellaswag.second_text(0, 1), "she y");
  EXPECT_THAT(choices(parse("question,choices,label\n?,\"['x', \"\"it's\"\"]\",0\n", Format::csv)),
              ElementsAre("x", "it's"));
}

TEST(ChoiceForms, CountRowsThatCannotBeRead) {
  const std::string text = "question,choice0,choice1,label\n?,a,b,0\n?,a,,1\n?,a,b\n?,a,b,7\n?,a,b,1\n";
  EXPECT_THAT(message_of([&] { parse(text, Format::csv); }),
              AllOf(HasSubstr("q:3: choice 1 of 2 is empty"), HasSubstr("q:4: 3 fields"),
                    HasSubstr("2 of 5 questions cannot be used")));
  const MultipleChoiceDataset dataset = parse(text, Format::csv, {.max_bad_rows = 2});
  EXPECT_EQ(dataset.size(), 2);
  EXPECT_EQ(dataset.questions[1].line, 6);
  EXPECT_EQ(dataset.questions[1].label, 1);
  EXPECT_THAT(message_of([&] {
                parse("question,choice0,choice1,label\n?,\"a,b,0\n", Format::csv, {.max_bad_rows = 9});
              }),
              HasSubstr("a quote opens here and never closes"));
}

TEST(ChoiceForms, AFewOfAnotherNumberAreLeftOut) {
  std::string text;
  for (int i = 0; i < 20; ++i)
    text += R"({"question": "?", "choices": ["x", "y"], "answer": "A"})"
            "\n";
  const std::string three = R"({"question": "?", "choices": ["x", "y", "z"], "answer": "C"})"
                            "\n";
  const MultipleChoiceDataset dataset = parse(text + three);
  EXPECT_EQ(dataset.size(), 20);
  EXPECT_TRUE(has_note(dataset.notes, "1 of 21 questions have another number of choices and are left out"));
  EXPECT_THAT(message_of([&] { parse(text + three + three); }),
              HasSubstr("2 of 22 questions cannot be used"));
}

TEST(ChoiceForms, AreSeenInTheContent) {
  const TemporaryDirectory files;
  const auto look = [&](const std::string& name, const std::string& text) {
    return looks_like_multiple_choice(files.write(name, text));
  };
  EXPECT_TRUE(
      look("a.json",
           R"([{"question": {"stem": "?", "choices": [{"label": "A", "text": "x"}]}, "answerKey": "A"}])"));
  EXPECT_TRUE(
      look("a.txt", R"({"article": "a", "questions": ["?"], "options": [["x", "y"]], "answers": ["A"]})"));
  EXPECT_TRUE(look("a.csv", "goal,sol1,sol2,label\nq,x,y,1\n"));
  EXPECT_FALSE(look("b.csv", "question,answer,label\nq,x,1\n"));
  EXPECT_FALSE(look("c.csv", "text,label\nq,x\n"));
}

}  // namespace
}  // namespace bertune::data::testing
