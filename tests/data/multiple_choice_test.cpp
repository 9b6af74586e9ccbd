#include "data/choices/multiple_choice.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "data/choices/choice_texts.h"
#include "data/helpers.h"
#include "data/splits/split.h"
#include "data/splits/subset.h"

namespace bertune::data::testing::multiple_choice_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

MultipleChoiceDataset parse(std::string_view text, Format format = Format::jsonl,
                            const MultipleChoiceReadOptions& options = {}) {
  return parse_multiple_choice(text, "q", format, options);
}

std::vector<std::int32_t> labels_of(const MultipleChoiceDataset& dataset) {
  std::vector<std::int32_t> labels;
  for (const MultipleChoiceQuestion& question : dataset.questions) labels.push_back(question.label);
  return labels;
}

// Hugging Face's swag, "regular", as its to_csv writes it.
constexpr std::string_view kSwag =
    "video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,ending2,ending3,label\n"
    "v1,1,A man sits. He,A man sits.,He,gold,stands up.,\"says \"\"no\"\", and goes.\",eats.,sleeps.,1\n"
    "v2,2,Rain. It,Rain.,It,gold,stops.,starts.,floods.,burns.,3\n";

TEST(MultipleChoiceReader, ReadsSwagAsRunSwagDoes) {
  const MultipleChoiceDataset dataset = parse(kSwag, Format::csv);
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_EQ(dataset.num_choices, 4);
  EXPECT_EQ(dataset.context_name, "sent1");
  EXPECT_EQ(dataset.question_name, "sent2");
  EXPECT_EQ(dataset.first_text(0), "A man sits.");
  EXPECT_EQ(dataset.second_text(0, 1), "He says \"no\", and goes.");
  EXPECT_EQ(dataset.second_text(1, 3), "It burns.");
  EXPECT_THAT(labels_of(dataset), ElementsAre(1, 3));
  EXPECT_EQ(dataset.where(1), "q:3");
  EXPECT_THAT(dataset.notes, IsEmpty());
}

TEST(MultipleChoiceReader, ReadsRaceAndFillsBlanks) {
  const MultipleChoiceDataset dataset = parse(
      R"({"id": "middle1", "article": "It rained.", "question": "The day was _ .", "options": ["wet", "dry"], "answer": "A"}
{"id": "middle2", "article": "It rained.", "question": "Was it wet?", "options": ["Yes", "No"], "answer": "b"}
{"id": "middle3", "article": "It rained.", "question": "_ and _", "options": ["x", "y"], "answer": "A"})");
  EXPECT_EQ(dataset.first_text(0), "It rained.");
  EXPECT_EQ(dataset.second_text(0, 0), "The day was wet .");
  EXPECT_EQ(dataset.second_text(1, 1), "Was it wet? No");
  EXPECT_EQ(dataset.second_text(2, 1), "y and y");  // str.replace, as the scripts have it
  EXPECT_THAT(labels_of(dataset), ElementsAre(0, 1, 0));
  EXPECT_EQ(dataset.questions[0].id, "middle1");
  EXPECT_EQ(dataset.questions[0].context.data(), dataset.questions[2].context.data());  // one copy
  EXPECT_TRUE(has_note(dataset.notes, "labels are letters from A"));
}

TEST(MultipleChoiceReader, ReadsOtherQuestions) {
  const MultipleChoiceDataset dataset = parse(
      R"([{"question": "Two and _?", "choices": ["two", 4, true], "label": 1},
 {"label": 0, "choices": ["é", "b", "c"], "question": "A letter", "text": "Of the alphabet"}])",
      Format::json);
  EXPECT_EQ(dataset.first_text(0), "Two and _?");  // no context
  EXPECT_EQ(dataset.second_text(0, 1), "4");
  EXPECT_EQ(dataset.first_text(1), "Of the alphabet");
  EXPECT_EQ(dataset.second_text(1, 0), "A letter é");
  EXPECT_EQ(dataset.context_name, "text");
  EXPECT_EQ(dataset.where(1), "q:2");
}

TEST(MultipleChoiceReader, BlanksAreFilledInArticlesOnly) {
  const MultipleChoiceDataset dataset =
      parse(R"({"context": "C", "question": "a _ b", "choice0": "x", "choice1": "y", "label": 0})");
  EXPECT_EQ(dataset.second_text(0, 1), "a _ b y");
}

TEST(MultipleChoiceReader, ReadsTables) {
  for (const auto& [text, format] :
       {std::pair<std::string_view, Format>{"question,choices,answer\nWhich?,\"[\"\"a\"\", \"\"b\"\"]\",1\n",
                                            Format::csv},
        {"question;choice0;choice1;label\nWhich?;a;b;1.0\n", Format::csv},
        {"\xEF\xBB\xBFquestion\toption0\toption1\tlabel\r\nWhich?\ta\tb\tB\r\n", Format::tsv},
        {"question\toptions\tlabel\nWhich?\t[\"a\", \"b\"]\tb\n", Format::tsv}}) {
    const MultipleChoiceDataset dataset = parse(text, format);
    ASSERT_EQ(dataset.size(), 1) << text;
    EXPECT_THAT(dataset.choices, ElementsAre("a", "b")) << text;
    EXPECT_EQ(dataset.first_text(0), "Which?") << text;
    EXPECT_THAT(labels_of(dataset), ElementsAre(1)) << text;
  }
}

TEST(MultipleChoiceReader, LabelsAreReadAllAlike) {
  const auto read = [](const std::string& first, const std::string& second) {
    const std::string begin = R"({"question": "?", "choices": )";
    return parse(begin + first + "}\n" + begin + second + "}\n");
  };
  // "1" would be a number, but "4" is one of the texts and no number of a choice.
  const MultipleChoiceDataset texts = read(R"(["3", "1"], "answer": "1")", R"(["4", "0"], "answer": "4")");
  EXPECT_THAT(labels_of(texts), ElementsAre(1, 0));
  EXPECT_TRUE(has_note(texts.notes, "labels are texts of choices"));
  const MultipleChoiceDataset doubtful = read(R"(["1", "0"], "answer": "0")", R"(["1", "0"], "answer": "1")");
  EXPECT_THAT(labels_of(doubtful), ElementsAre(0, 1));
  EXPECT_TRUE(has_note(doubtful.notes, "taken for numbers from 0, but could as well be texts of choices"));
  const MultipleChoiceDataset agreeing = read(R"(["0", "1"], "answer": "0")", R"(["0", "1"], "answer": "1")");
  EXPECT_THAT(agreeing.notes, IsEmpty());
}

TEST(MultipleChoiceReader, OptionsHold) {
  MultipleChoiceReadOptions options;
  options.max_questions = 1;
  EXPECT_EQ(parse(kSwag, Format::csv, options).size(), 1);
  options = {.label_column = "gold"};
  EXPECT_THAT(labels_of(parse(R"({"question": "?", "choices": ["a", "b"], "label": 7, "gold": 1})",
                              Format::jsonl, options)),
              ElementsAre(1));
  options = {.with_labels = false};
  const MultipleChoiceDataset unlabelled =
      parse(R"({"question": "?", "choices": ["a", "b"], "label": -1})", Format::jsonl, options);
  EXPECT_THAT(labels_of(unlabelled), ElementsAre(-1));
  EXPECT_EQ(parse("question,choice0,choice1\n?,a,b\n", Format::csv, options).size(), 1);
}

TEST(MultipleChoiceReader, BrokenBytesAreReplacedAndSaid) {
  const MultipleChoiceDataset dataset = parse("question,choice0,choice1,label\n?,a\xff,b,0\n", Format::csv);
  EXPECT_EQ(dataset.choices[0], "a\xEF\xBF\xBD");
  EXPECT_TRUE(has_note(dataset.notes, "1 bytes that are not UTF-8"));
}

TEST(MultipleChoiceReader, FilesAreRecognisedByTheirColumns) {
  const TemporaryDirectory files;
  const auto looks = [&](const std::string& name, std::string_view text) {
    return looks_like_multiple_choice(files.write(name, text));
  };
  EXPECT_TRUE(looks("swag.csv", kSwag));
  EXPECT_TRUE(looks("race.jsonl", R"({"article": "", "question": "", "options": [], "answer": "A"})"));
  EXPECT_TRUE(looks("a.json", R"([{"question": "", "choice0": "", "choice1": ""}])"));
  EXPECT_FALSE(looks("text.csv", "text,label\na,b\n"));
  EXPECT_FALSE(looks("pairs.csv", "question,answer,label\na,b,c\n"));
  EXPECT_FALSE(looks("survey.csv", "text,options,label\na,b,c\n"));
  EXPECT_FALSE(looks("one.csv", "question,choice0,label\na,b,c\n"));
  EXPECT_FALSE(looks("empty.csv", ""));
  EXPECT_FALSE(looks("broken.jsonl", "{\"question\": \"\", "));
  EXPECT_FALSE(looks("swag.txt", kSwag));
  EXPECT_FALSE(looks("swag.xyz", kSwag));
  EXPECT_FALSE(looks_like_multiple_choice(files.path() / "absent.csv"));
  EXPECT_FALSE(looks_like_multiple_choice("/dev/stdin"));
}

TEST(MultipleChoiceSplit, KeepsTheQuestionsOfAContextTogether) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += R"({"article": "A)" + std::to_string(i / 3) + R"(", "question": "Q)" + std::to_string(i) +
            R"(", "options": ["a", "b"], "answer": "A"})" + "\n";
  }
  const MultipleChoiceDataset dataset = parse(text);
  const Split split = stratified_split(contexts_of(dataset), 0.2, 42);
  EXPECT_THAT(split.validation, SizeIs(12));
  EXPECT_THAT(split.train, SizeIs(48));
  const MultipleChoiceDataset train = subset(dataset, split.train), held = subset(dataset, split.validation);
  std::set<std::string_view> articles;
  for (const MultipleChoiceQuestion& question : train.questions) articles.insert(question.context);
  for (const MultipleChoiceQuestion& question : held.questions)
    EXPECT_EQ(articles.count(question.context), 0U) << question.question;
  EXPECT_EQ(held.where(0), dataset.where(split.validation[0]));
  EXPECT_EQ(held.second_text(0, 1), dataset.second_text(split.validation[0], 1));
  EXPECT_EQ(stratified_split(contexts_of(dataset), 0.2, 42).validation, split.validation);
  EXPECT_NE(stratified_split(contexts_of(dataset), 0.2, 43).validation, split.validation);
}

}  // namespace
}  // namespace bertune::data::testing::multiple_choice_test
