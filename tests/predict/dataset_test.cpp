#include "bertune/dataset.h"

#include <gmock/gmock.h>

#include "bertune/error.h"
#include "predict/asked_models.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

class Files : public testing::ProgramTest {
 protected:
  std::filesystem::path model(const std::string& name) {
    for (const testing::AskedHead& head : testing::asked_heads())
      if (head.name == name) return testing::write_model(files.path() / name, head);
    throw Error("there is no head " + name);
  }
  // What `bertune evaluate` says.
  nlohmann::json evaluated(const std::filesystem::path& model, const std::filesystem::path& file) {
    const auto run = testing::run({"evaluate", "--json", "--model", model.string(), "--test", file.string()});
    return nlohmann::json::parse(run.out);
  }
  static std::vector<Prediction> predictions_for(const Predictor& predictor,
                                                 const std::vector<LabelledInput>& rows) {
    std::vector<Input> inputs;
    for (const LabelledInput& row : rows) inputs.push_back(row.input);
    return predictor.predict(inputs);
  }
};

TEST_F(Files, ClassesAreMeasuredAsTheProgramDoes) {
  const auto file = files.write("a.csv", "text,label\nthe film was good,good\nbad food,bad\nfine,good\n");
  const Predictor predictor(model("classes"));
  const std::vector<LabelledInput> rows = read_dataset(file, predictor.architecture());
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[1].input.text, "bad food");
  EXPECT_THAT(rows[1].labels, ElementsAre("bad"));
  EXPECT_THAT(rows[1].where, HasSubstr("a.csv:3"));
  const Metrics metrics = measure(predictions_for(predictor, rows), rows, predictor.labels());
  const nlohmann::json program = evaluated(files.path() / "classes", file);
  EXPECT_EQ(metrics.value("accuracy"), program.at("test_accuracy"));
  EXPECT_EQ(metrics.value("f1_macro"), program.at("test_f1_macro"));
  EXPECT_NEAR(metrics.value("loss"), program.at("test_loss").get<double>(), 1e-6);
}

TEST_F(Files, NumbersAreMeasuredAsTheProgramDoes) {
  const auto file = files.write("a.csv", "text,label\nthe film was good,0.5\nbad food,-1.25\nfine,2\n");
  const Predictor predictor(model("number"));
  const std::vector<LabelledInput> rows = read_dataset(file, predictor.architecture());
  const Metrics metrics = measure(predictions_for(predictor, rows), rows, predictor.labels());
  const nlohmann::json program = evaluated(files.path() / "number", file);
  for (const char* name : {"mse", "mae", "pearson"})
    EXPECT_NEAR(metrics.value(name), program.at(std::string("test_") + name).get<double>(), 1e-9) << name;
}

TEST_F(Files, AnUnknownLabelIsNamedWithItsPlace) {
  const auto file = files.write("a.csv", "text,label\nthe film,good\nbad food,goood\n");
  const Predictor predictor(model("classes"));
  const std::vector<LabelledInput> rows = read_dataset(file, predictor.architecture());
  EXPECT_THAT([&] { measure(predictions_for(predictor, rows), rows, predictor.labels()); },
              ThrowsMessage<Error>(::testing::AllOf(HasSubstr("a.csv:3"), HasSubstr("goood"))));
}

TEST_F(Files, OfEveryTaskHaveInputsAndLabels) {
  const auto tagged =
      read_dataset(files.write("a.conll", "Zoë B-FILM\nwas O\n\n"), Architecture::token_classification);
  ASSERT_THAT(tagged, SizeIs(1));
  EXPECT_THAT(tagged[0].input.words, ElementsAre("Zoë", "was"));
  EXPECT_THAT(tagged[0].labels, ElementsAre("B-FILM", "O"));

  const auto asked = read_dataset(
      files.write(
          "a.jsonl",
          R"({"question": "who", "context": "Zoë and Ida", "answers": {"text": [], "answer_start": []}}
{"question": "and", "context": "Zoë and Ida", "answers": {"text": ["Ida"], "answer_start": [8]}})"),
      Architecture::question_answering);
  ASSERT_THAT(asked, SizeIs(2));
  EXPECT_THAT(asked[0].labels, IsEmpty());
  EXPECT_EQ(asked[1].input.context, "Zoë and Ida");
  EXPECT_THAT(asked[1].labels, ElementsAre("Ida"));

  const auto choices =
      read_dataset(files.write("b.jsonl", R"({"question": "who", "choices": ["a", "b"], "label": 1})"),
                   Architecture::multiple_choice);
  ASSERT_THAT(choices, SizeIs(1));
  EXPECT_THAT(choices[0].input.choices, ElementsAre("a", "b"));
  EXPECT_THAT(choices[0].labels, ElementsAre("1"));

  EXPECT_THROW(read_dataset(files.path() / "a.jsonl", Architecture::masked_lm), UsageError);
}

TEST_F(Files, AColumnIsTakenAsItIsNamed) {
  const auto file = files.write("a.csv", "x,y\ngood,bad\n");
  const auto rows =
      read_dataset(file, Architecture::sequence_classification,
                   {.format = "csv", .text_column = "y", .text_pair_column = {}, .label_column = "x"});
  EXPECT_EQ(rows.at(0).input.text, "bad");
  EXPECT_THAT(rows.at(0).labels, ElementsAre("good"));
}

}  // namespace
}  // namespace bertune
