#include "tasks/multiple_choice/prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tasks/token_fixtures.h"

namespace bertune::tasks {
namespace {

using data::MultipleChoiceDataset;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

MultipleChoiceDataset questions(bool with_labels = true) {
  return data::parse_multiple_choice(
      R"({"id": "x", "text": "the a b c d", "question": "play", "choices": ["a", "b c"], "label": 1}
{"text": "", "question": "played .", "choices": ["the", "d"], "label": 0})",
      "q", data::Format::jsonl, {.with_labels = with_labels});
}

std::unique_ptr<MultipleChoiceExamples> examples_of(const MultipleChoiceDataset& dataset,
                                                    std::int64_t max_length = 128, bool with_labels = true) {
  MultipleChoice task;
  task.max_length = max_length;
  return make_examples(dataset, testing::small_tokenizer(), task, with_labels);
}

TEST(MultipleChoiceExamples, ARowIsAQuestion) {
  const auto examples = examples_of(questions());
  ASSERT_EQ(examples->rows(), 2);
  EXPECT_EQ(examples->tokens_of_first(0), 0);
  EXPECT_EQ(examples->tokens_of_first(1), 10 + 11);
  EXPECT_EQ(examples->tokens_of_first(2), 10 + 11 + 7 + 7);
  Batch batch;
  examples->add_to(batch, 1);
  examples->add_to(batch, 0);
  EXPECT_EQ(batch.num_choices, 2);
  EXPECT_THAT(batch.cu_seqlens, ElementsAre(0, 7, 14, 24, 35));
  EXPECT_THAT(batch.labels, ElementsAre(0, 1));
  // [CLS] played . [SEP] the [SEP]: without a context, the question comes first.
  EXPECT_THAT(std::vector(batch.input_ids.begin(), batch.input_ids.begin() + 7),
              ElementsAre(2, 5, 7, 14, 3, 8, 3));
  EXPECT_THAT(std::vector(batch.token_type_ids.begin(), batch.token_type_ids.begin() + 7),
              ElementsAre(0, 0, 0, 0, 0, 1, 1));
  // [CLS] the a b c d [SEP] play b c [SEP]
  EXPECT_THAT(std::vector(batch.input_ids.begin() + 24, batch.input_ids.end()),
              ElementsAre(2, 8, 9, 10, 11, 12, 3, 5, 10, 11, 3));
}

TEST(MultipleChoiceExamples, TheLongerTextIsCutFirst) {
  const auto examples = examples_of(questions(), 8);
  Batch batch;
  examples->add_to(batch, 0);
  EXPECT_THAT(std::vector(batch.input_ids.begin(), batch.input_ids.begin() + 8),
              ElementsAre(2, 8, 9, 10, 3, 5, 9, 3));  // three of five, two of two
  EXPECT_THAT(std::vector(batch.input_ids.begin() + 8, batch.input_ids.end()),
              ElementsAre(2, 8, 9, 10, 3, 5, 10, 3));  // three of five, two of three
  EXPECT_THAT(examples->lengths, ElementsAre(10, 11, 7, 7));
}

TEST(MultipleChoiceExamples, WithoutLabelsThereAreNone) {
  const auto examples = examples_of(questions(false), 128, false);
  Batch batch;
  examples->add_to(batch, 0);
  EXPECT_THAT(batch.labels, IsEmpty());
}

TEST(MultipleChoiceExamples, FingerprintIsOfTokensLabelsAndGrouping) {
  const auto print = [](const std::string& more) {
    return examples_of(data::parse_multiple_choice(R"({"question": "a", "choices": )" + more + "}", "q",
                                                   data::Format::jsonl, {}))
        ->fingerprint();
  };
  const std::string one = print(R"(["b", "c"], "label": 0)");
  EXPECT_EQ(one, print(R"(["b", "c"], "label": "A")"));
  EXPECT_NE(one, print(R"(["b", "c"], "label": 1)"));
  EXPECT_NE(one, print(R"(["b", "d"], "label": 0)"));
  MultipleChoiceExamples pairs = *examples_of(questions()), whole = pairs;
  whole.num_choices = 4;
  EXPECT_NE(pairs.fingerprint(), whole.fingerprint());
}

// Numbers of torch.nn.functional.cross_entropy: log(1 + e^-2) and log(1 + e^3).
TEST(MultipleChoiceScorer, LossAndAccuracyAreOfQuestions) {
  const MultipleChoiceDataset dataset = questions();
  const auto examples = examples_of(dataset);
  const MultipleChoiceTask task;
  const auto scorer = task.scorer(*examples);
  EXPECT_EQ(scorer->result().value("accuracy"), 0);
  EXPECT_EQ(scorer->result().rows, 0);
  for (std::int64_t row = 0; row < 2; ++row) {
    Batch batch;
    examples->add_to(batch, row);
    const std::vector<float> logits = {row == 0 ? 0.0F : 1.0F, row == 0 ? 2.0F : 4.0F};
    ModelOutput output;
    output.logits = logits;
    scorer->add(row, batch, output);
  }
  const Metrics metrics = scorer->result();
  EXPECT_EQ(metrics.rows, 2);
  EXPECT_EQ(metrics.unit, "question");
  EXPECT_DOUBLE_EQ(metrics.value("accuracy"), 0.5);
  EXPECT_NEAR(metrics.value("loss"), (0.12692801104297263 + 3.048587351573742) / 2, 1e-12);
}

std::string choice_line(const MultipleChoiceDataset& dataset, std::int64_t question,
                        const std::vector<float>& logits) {
  return json_line(question_json(dataset, question, choose(dataset.choices_of(question), logits)));
}

TEST(MultipleChoicePrediction, LinesHoldTheQuestionAndTheChoice) {
  const MultipleChoiceDataset dataset = questions();
  const std::vector<float> logits = {0.0F, std::log(3.0F)}, equal = {1.0F, 1.0F};
  const std::string line = choice_line(dataset, 0, logits);
  EXPECT_TRUE(line.ends_with("}\n"));
  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object.at("id"), "x");
  EXPECT_EQ(object.at("context"), "the a b c d");  // its column is called "text"
  EXPECT_EQ(object.at("question"), "play");
  EXPECT_EQ(object.at("choice"), 1);
  EXPECT_EQ(object.at("text"), "b c");
  EXPECT_NEAR(object.at("score").get<double>(), 0.75, 1e-7);
  EXPECT_NEAR(object.at("scores").at(0).get<double>(), 0.25, 1e-7);
  EXPECT_EQ(object.size(), 7U);
  const auto second = nlohmann::json::parse(choice_line(dataset, 1, equal));
  EXPECT_EQ(second.at("choice"), 0);
  EXPECT_FALSE(second.contains("id"));
}

}  // namespace
}  // namespace bertune::tasks
