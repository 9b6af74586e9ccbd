// The program's predictions are those of the library.
#include <gtest/gtest.h>

#include "predict/asked_models.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using Value = nlohmann::json;

Value asked(const testing::AskedHead& head, const Input& input) {
  switch (head.architecture) {
    case Architecture::question_answering:
      return {{"question", input.question}, {"context", input.context}};
    case Architecture::multiple_choice:
      return {{"question", input.question}, {"context", input.context}, {"choices", input.choices}};
    default:
      return {{"text", input.text}};
  }
}

class ProgramAndLibrary : public testing::ProgramTest,
                          public ::testing::WithParamInterface<testing::AskedHead> {};

INSTANTIATE_TEST_SUITE_P(Heads, ProgramAndLibrary, ::testing::ValuesIn(testing::asked_heads()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(ProgramAndLibrary, AgreeToTheLastBit) {
  const testing::AskedHead& head = GetParam();
  const std::filesystem::path model = testing::write_model(files.path() / "model", head);
  const Predictor predictor(model);
  const std::vector<Input> inputs = testing::inputs_for(head, 12);
  const std::vector<Prediction> predictions = predictor.predict(inputs);
  if (head.architecture == Architecture::next_sentence_prediction) {
    const auto run = testing::run(
        {"next-sentence", "--json", "--model", model.string(), inputs[3].text, *inputs[3].text_pair});
    EXPECT_EQ(Value::parse(run.out), Value::parse(to_json(predictor.predict(inputs[3]), {})));
    return;
  }
  if (head.architecture == Architecture::masked_lm) {
    const auto run =
        testing::run({"fill-mask", "--json", "--top", "1", "--model", model.string(), inputs[3].text});
    Value line = Value::parse(to_json(predictor.predict(inputs[3]), {}));
    line["text"] = inputs[3].text;
    EXPECT_EQ(Value::parse(run.out), line);
    return;
  }
  if (head.architecture == Architecture::sentence_embedding) {
    std::string file;
    for (const Input& input : inputs) file += input.text + "\n";
    const auto run =
        testing::run({"embed", "--model", model.string(), files.write("texts.txt", file).string()});
    const std::vector<Value> lines = testing::json_lines(run.out);
    ASSERT_EQ(lines.size(), inputs.size()) << run.err;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].at("embedding").get<std::vector<float>>(),
                std::get<Embedding>(predictions[i]).embedding);
      EXPECT_EQ(Value::parse(to_json(predictions[i], {})).at("embedding"), lines[i].at("embedding"));
    }
    return;
  }
  std::string file;
  for (const Input& input : inputs) file += asked(head, input).dump() + "\n";
  files.write("asked.jsonl", file);
  const auto run = testing::run({"predict", "--model", model.string(), path("asked.jsonl")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<Value> lines = testing::json_lines(run.out);
  ASSERT_EQ(lines.size(), inputs.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Value predicted = Value::parse(to_json(predictions[i], predictor.labels()));
    for (const auto& [name, value] : predicted.items()) EXPECT_EQ(lines[i].at(name), value) << name;
  }
}

}  // namespace
}  // namespace bertune
