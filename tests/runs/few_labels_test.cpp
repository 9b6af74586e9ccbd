// Learning from few labels by the public header: what each method leaves, and what is refused.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/predictor.h"
#include "bertune/trainer.h"
#include "core/file.h"
#include "core/json.h"
#include "runs/method_choice.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::message_of;

class FewLabels : public ::testing::Test {
 protected:
  FewLabels() {
    testing::write_tiny_checkpoint(files_.path() / "model");
    files_.write("train.csv", testing::tiny_dataset(32));
    files_.write("test.csv", testing::tiny_dataset(40, 200));
  }

  TrainOptions options(const std::string& output, Method method) const {
    TrainOptions options;
    options.model = files_.path() / "model";
    options.train = files_.path() / "train.csv", options.test = files_.path() / "test.csv";
    options.method = method;
    options.arguments.output_dir = files_.path() / output;
    options.arguments.learning_rate = 2e-3, options.arguments.max_steps = 20;
    options.arguments.precision = Precision::fp32;
    return options;
  }

  Json json(const std::string& file) const { return parse_json(files_.read(file), file); }

  testing::TemporaryDirectory files_;
};

TEST_F(FewLabels, FrozenTakesNoStep) {
  TrainOptions options = this->options("frozen", Method::frozen);
  const TrainResult result = fine_tune(options);
  EXPECT_EQ(result.steps, 0);
  EXPECT_FALSE(result.validation);  // nothing is chosen on rows that are held out
  EXPECT_GT(result.test->value("accuracy"), 0.6);
  EXPECT_EQ(json("frozen/bertune.json").at("method"), "frozen");
  EXPECT_EQ(json("frozen/config.json").at("architectures").front(), "BertForSequenceClassification");
  EXPECT_EQ(json("frozen/config.json").at("num_hidden_layers"), 3);
}

TEST_F(FewLabels, LeavesTheFindingsForTheReport) {
  TrainOptions options = this->options("frozen", Method::frozen);
  options.test = options.train;
  const TrainResult result = fine_tune(options);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_EQ(json("frozen/data_check.json").at("findings").size(), result.findings.size());
}

TEST_F(FewLabels, ContrastiveIsBetterAndIsReadByAPredictor) {
  const TrainResult frozen = fine_tune(options("frozen", Method::frozen)),
                    result = fine_tune(options("contrastive", Method::contrastive));
  EXPECT_EQ(result.steps, 20);
  EXPECT_GT(result.test->value("accuracy"), 0.9);
  EXPECT_GE(result.test->value("accuracy"), frozen.test->value("accuracy"));
  const Predictor predictor(result.folder);
  for (const auto& [text, label] :
       {std::pair{"the soup was very good b", "positive"}, std::pair{"the plot was poor", "negative"}})
    EXPECT_EQ(std::get<Label>(predictor.predict({.text = text})).label, label) << text;
}

TEST_F(FewLabels, SeveralLabels) {
  std::string rows;
  for (int i = 0; i < 48; ++i) {
    const std::string labels = i % 3 == 0 ? R"("good", "film")" : i % 3 == 1 ? R"("food")" : "";
    const std::string text = i % 3 == 0 ? "good film" : i % 3 == 1 ? "the food" : "very poor";
    rows += R"({"text": ")" + text + " " + std::string(1, static_cast<char>('a' + i / 3)) +
            R"(", "labels": [)" + labels + "]}\n";
  }
  files_.write("train.jsonl", rows);
  for (const Method method : {Method::frozen, Method::contrastive}) {
    TrainOptions options = this->options("several" + std::string(to_string(method)), method);
    options.train = options.test = files_.path() / "train.jsonl";
    EXPECT_GT(fine_tune(options).test->value("f1_micro"), 0.95) << to_string(method);
  }
}

TEST_F(FewLabels, AutoComparesAndSaysWhatItFound) {
  TrainOptions options = this->options("auto", Method::automatic);
  std::string notes;
  options.on_event = [&](const Event& event) {
    if (const auto* note = std::get_if<Note>(&event)) notes += note->text + "\n";
  };
  const TrainResult result = fine_tune(options);
  const Json choice = json("auto/method.json");
  ASSERT_EQ(choice.at("method"), "contrastive");
  EXPECT_THAT(
      notes,
      HasSubstr("`method=auto` takes contrastive: with about 16 rows a label, the accuracy on 11 rows in "
                "a cross-validation was: contrastive "));
  EXPECT_THAT(notes, HasSubstr("; fine-tune would have 20 steps, too few to be compared\n"));
  EXPECT_EQ(choice.at("rows"), 11);  // of 32: contrastive leads after the first of three parts
  EXPECT_EQ(choice.at("scores").size(), 2U);
  for (const auto& entry :
       std::filesystem::directory_iterator(result.folder))  // the comparison leaves nothing
    EXPECT_FALSE(entry.path().filename().string().starts_with("checkpoint"));
}

TEST_F(FewLabels, AutoComparesFineTuningWithEnoughSteps) {
  TrainOptions options = this->options("enough", Method::automatic);
  options.arguments.max_steps = 50;
  fine_tune(options);
  const Json choice = json("enough/method.json");
  EXPECT_EQ(choice.at("fine_tuning_steps"), 50);
  ASSERT_EQ(choice.at("scores").size(), 3U);
  EXPECT_EQ(choice.at("scores").at(2).at("method"), "fine-tune");
}

// A learning rate with which contrastive learning unlearns what the model knows.
TEST_F(FewLabels, AutoTakesAnotherMethodAfterAllParts) {
  TrainOptions options = this->options("other", Method::automatic);
  options.arguments.learning_rate = 0.5;
  fine_tune(options);
  const Json choice = json("other/method.json");
  EXPECT_EQ(choice.at("method"), "frozen");
  EXPECT_EQ(choice.at("rows"), 32);
  EXPECT_GT(choice.at("scores").at(1).at("value"), choice.at("scores").at(0).at("value"));
  EXPECT_EQ(json("other/bertune.json").at("method"), "frozen");
}

TEST_F(FewLabels, AutoFineTunesWithManyRows) {
  files_.write("train.csv", testing::tiny_dataset(120));
  TrainOptions options = this->options("many", Method::automatic);
  const TrainResult result = fine_tune(options);
  EXPECT_TRUE(result.validation);  // a tenth is held out, as ever
  EXPECT_FALSE(std::filesystem::exists(result.folder / "method.json"));
}

TEST_F(FewLabels, InterruptedRunContinuesToTheSameWeights) {
  TrainOptions options = this->options("whole", Method::contrastive);
  fine_tune(options);
  options = this->options("stopped", Method::contrastive);
  std::stop_source source;
  options.stop = source.get_token();
  options.on_event = [&](const Event& event) {
    if (const auto* step = std::get_if<StepEvent>(&event); step != nullptr && step->step == 7)
      source.request_stop();
  };
  EXPECT_THROW(fine_tune(options), Interrupted);
  options.stop = {}, options.on_event = {};
  options.arguments.resume = true;
  fine_tune(options);
  EXPECT_EQ(files_.read("whole/model.safetensors"), files_.read("stopped/model.safetensors"));
}

TEST_F(FewLabels, RefusesWhatItIsNotFor) {
  const auto refusal = [&](const auto& change) {
    TrainOptions options = this->options("refused", Method::contrastive);
    change(options);
    return message_of<UsageError>([&] { fine_tune(options); });
  };
  files_.write("numbers.csv", "text,label\na good film,0.5\nbad food,1.25\n");
  EXPECT_THAT(
      refusal([&](TrainOptions& options) {
        options.train = files_.path() / "numbers.csv", options.test.clear();
        options.problem_type = "regression";
      }),
      HasSubstr("`method=contrastive` is for classes and for several labels, and the labels are numbers"));
  files_.write("tagged.conll", "good O\nfilm B-X\n\nbad O\nfood B-X\n");
  EXPECT_THAT(refusal([&](TrainOptions& options) {
                options.train = options.test = files_.path() / "tagged.conll";
                options.task = "token-classification";
              }),
              HasSubstr("is for texts with labels; the task here is token-classification"));
  EXPECT_THAT(refusal([](TrainOptions& options) { options.arguments.fine_tuning.lora = LoraConfig(); }),
              HasSubstr("trains no adapter"));
  EXPECT_THAT(refusal([](TrainOptions& options) { options.arguments.label_smoothing_factor = 0.1; }),
              HasSubstr("has a loss of its own"));
  EXPECT_THAT(message_of<UsageError>([&] { cross_validate(this->options("folds", Method::frozen)); }),
              HasSubstr("`method=frozen` and cross-validation cannot be combined"));
  EXPECT_EQ(message_of<UsageError>([] { method_from_string("best"); }),
            "`method` is \"best\"; it must be fine-tune, frozen, contrastive or auto");
}

// The first is the usual best: another must be better by more than its noise.
TEST(BestMethod, NeedsMoreThanNoise) {
  const std::vector<double> first = {1, 1, 0, 1, 0, 1, 0, 1}, hardly = {1, 0, 1, 1, 1, 1, 0, 1},
                            clearly = {1, 1, 1, 1, 1, 1, 1, 1};
  const auto best = [](const std::vector<double>& one, const std::vector<double>& two) {
    return runs::best_method(
        {{.method = Method::contrastive, .rows = one}, {.method = Method::frozen, .rows = two}});
  };
  EXPECT_EQ(best(first, hardly), 0U);
  EXPECT_EQ(best(first, clearly), 1U);
  EXPECT_EQ(best(clearly, first), 0U);
}

}  // namespace
}  // namespace bertune
