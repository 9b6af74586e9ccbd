#include "bertune/predictor.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <numeric>
#include <span>
#include <thread>

#include "bertune/error.h"
#include "predict/asked_models.h"

namespace bertune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

class EveryHead : public ::testing::TestWithParam<testing::AskedHead> {
 protected:
  testing::TemporaryDirectory files;
  Predictor predictor{testing::write_model(files.path() / "model", GetParam())};
};

INSTANTIATE_TEST_SUITE_P(Heads, EveryHead, ::testing::ValuesIn(testing::asked_heads()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(EveryHead, EightThreadsGiveTheBitsOfOne) {
  const std::vector<Input> inputs = testing::inputs_for(GetParam());
  const std::vector<std::string> expected = testing::json_of(predictor, predictor.predict(inputs));
  ASSERT_THAT(expected, SizeIs(inputs.size()));
  std::vector<std::vector<std::string>> given(8);
  {
    std::vector<std::jthread> callers;
    for (std::vector<std::string>& own : given) {
      callers.emplace_back([&] {
        for (int i = 0; i < 3; ++i) own = testing::json_of(predictor, predictor.predict(inputs));
      });
    }
  }
  for (const std::vector<std::string>& own : given) EXPECT_EQ(own, expected);
}

TEST_P(EveryHead, AnInputAloneIsAnsweredAsAmongOthers) {
  const std::vector<Input> inputs = testing::inputs_for(GetParam(), 5);
  const std::vector<Prediction> together = predictor.predict(inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_EQ(predictor.predict(inputs[i]).index(), together[i].index());
}

TEST_P(EveryHead, NothingIsAskedAndNothingAnswered) {
  EXPECT_THAT(predictor.predict(std::vector<Input>()), IsEmpty());
}

TEST_P(EveryHead, MovesWithItsAnswers) {
  const std::vector<Input> inputs = testing::inputs_for(GetParam(), 3);
  const std::vector<std::string> before = testing::json_of(predictor, predictor.predict(inputs));
  const Predictor moved = std::move(predictor);
  EXPECT_EQ(testing::json_of(moved, moved.predict(inputs)), before);
}

class Asked : public ::testing::Test {
 protected:
  Predictor predictor_for(const std::string& name, const PredictorOptions& options = {}) {
    for (const testing::AskedHead& head : testing::asked_heads())
      if (head.name == name) return Predictor(testing::write_model(files.path() / name, head), options);
    throw Error("there is no head " + name);
  }

  testing::TemporaryDirectory files;
};

TEST_F(Asked, AClassHasTheScoresOfAll) {
  const Predictor predictor = predictor_for("classes");
  const auto label = std::get<Label>(predictor.predict({.text = "the film was good"}));
  EXPECT_THAT(predictor.labels(), ElementsAre("bad", "fine", "good"));
  ASSERT_THAT(label.scores, SizeIs(3));
  EXPECT_NEAR(std::accumulate(label.scores.begin(), label.scores.end(), 0.0), 1, 1e-9);
  const auto best = std::ranges::max_element(label.scores);
  EXPECT_EQ(label.score, *best);
  EXPECT_EQ(label.label, predictor.labels()[static_cast<std::size_t>(best - label.scores.begin())]);
}

TEST_F(Asked, TheThresholdDecidesWhichLabelsCount) {
  const Input input{.text = "very good food"};
  const auto labels = [&](double threshold) {
    return std::get<Labels>(predictor_for("several_labels", {.threshold = threshold}).predict(input)).labels;
  };
  EXPECT_THAT(labels(0), ElementsAre("bad", "fine", "good"));
  EXPECT_THAT(labels(1), IsEmpty());
  EXPECT_THROW(labels(1.5), UsageError);
}

TEST_F(Asked, EntitiesAndTagsLieInTheText) {
  const Input input{.text = "Zoë, the good film. Not poor food."};
  const Predictor entities = predictor_for("entities"), tags = predictor_for("tags");
  const auto found = std::get<Entities>(entities.predict(input));
  ASSERT_FALSE(found.entities.empty());  // these random weights find some
  for (const Entity& entity : found.entities) {
    const Span bytes = entity.place->bytes;
    EXPECT_EQ(entity.text, input.text.substr(bytes.begin, bytes.end - bytes.begin));
  }
  const auto tagged = std::get<Tags>(tags.predict(input));
  EXPECT_EQ(tagged.words.front().text, "Zoë");
  EXPECT_EQ(tagged.words.at(1).place->code_points, (Span{3, 4}));  // of ",", after two letters and "ë"
  EXPECT_EQ(tagged.words.at(1).place->bytes, (Span{4, 5}));
}

TEST_F(Asked, WordsInPlaceOfATextKeepTheirNumber) {
  const Predictor predictor = predictor_for("tags");
  const Input input{.text = "", .text_pair = {}, .words = {"good food", "was", "\x01"}};
  const auto tagged = std::get<Tags>(predictor.predict(input));
  ASSERT_THAT(tagged.words, SizeIs(3));
  EXPECT_EQ(tagged.words[0].text, "good food");
  EXPECT_FALSE(tagged.words[0].place.has_value());
  EXPECT_EQ(tagged.words[2].score, 0);  // a control character gives no token
}

TEST_F(Asked, AnAnswerIsAPartOfItsContextAndCandidatesAreThoseAskedFor) {
  const Predictor predictor = predictor_for("answers", {.top = 3});
  Input input;
  input.question = "was it good", input.context = "Zoë: the film was very good. The food was poor.";
  const auto answer = std::get<Answer>(predictor.predict(input));
  const Span bytes = answer.place.bytes;
  EXPECT_EQ(answer.text, input.context.substr(bytes.begin, bytes.end - bytes.begin));
  ASSERT_THAT(answer.candidates, SizeIs(3));
  EXPECT_EQ(answer.candidates[0].text, answer.text);
  EXPECT_GE(answer.candidates[0].score, answer.candidates[1].score);
  EXPECT_THAT(std::get<Answer>(predictor_for("answers").predict(input)).candidates, IsEmpty());
}

TEST_F(Asked, MasksAreGuessedInOrderTheBestFirst) {
  const Predictor predictor = predictor_for("masks", {.top = 4});
  const auto words = std::get<Words>(predictor.predict({.text = "the [MASK] was [MASK]"}));
  ASSERT_THAT(words.masks, SizeIs(2));
  ASSERT_THAT(words.masks[0], SizeIs(4));
  for (const std::vector<WordGuess>& guesses : words.masks)
    EXPECT_TRUE(std::ranges::is_sorted(guesses, std::ranges::greater(), &WordGuess::score));
}

TEST_F(Asked, WhatIsCutIsCounted) {
  const Predictor predictor = predictor_for("classes", {.max_length = 5});
  const std::vector<Input> inputs = {{.text = "the film"}, {.text = "the film was not very good"}};
  Truncated truncated;
  predictor.predict(inputs, &truncated);
  EXPECT_EQ(truncated.inputs, 1);
  EXPECT_EQ(truncated.tokens, 3);  // of six, beside [CLS] and [SEP]
}

TEST_F(Asked, TheSizeOfAnInputIsWhatIsReadOfIt) {
  const Predictor cut = predictor_for("classes", {.max_length = 5});
  const InputSize size = cut.size_of({.text = "the film was not very good"});
  EXPECT_EQ(size.tokens, 5);
  EXPECT_EQ(size.truncated_tokens, 3);
  EXPECT_EQ(size.windows, 1);
  std::string text = "the film";
  for (int word = 0; word < 60; ++word) text += " was";
  const InputSize windows = predictor_for("entities").size_of({.text = text});
  EXPECT_GT(windows.windows, 1);
  EXPECT_EQ(windows.truncated_tokens, 0);
  EXPECT_THROW(predictor_for("answers").size_of({.text = text}), UsageError);
}

TEST_F(Asked, InputsWithoutWhatTheHeadReadsAreRefused) {
  const Input text{.text = "the film"};
  EXPECT_THAT([&] { predictor_for("answers").predict(text); },
              ThrowsMessage<UsageError>(HasSubstr("input 0 has no context")));
  EXPECT_THAT([&] { predictor_for("choices").predict(text); },
              ThrowsMessage<UsageError>(HasSubstr("input 0 has no choices")));
  EXPECT_THAT([&] { predictor_for("masks").predict(text); },
              ThrowsMessage<UsageError>(HasSubstr("holds no [MASK]")));
  EXPECT_THAT([&] { predictor_for("next_sentence").predict(text); },
              ThrowsMessage<UsageError>(HasSubstr("input 0 has no second text")));
  const std::vector<Input> mixed = {{.text = "good"}, {.text = "good", .text_pair = "bad"}};
  EXPECT_THAT([&] { predictor_for("classes").predict(mixed); },
              ThrowsMessage<UsageError>(HasSubstr("input 1 is a pair")));
}

TEST_F(Asked, AModelOfPretrainingPredictsNothing) {
  const auto folder = testing::write_model(files.path() / "both", {"both", Architecture::pretraining});
  EXPECT_THROW(Predictor{folder}, Error);
  EXPECT_EQ(Predictor(folder, {.architecture = Architecture::masked_lm}).architecture(),
            Architecture::masked_lm);
}

// The weights are there once. A caller beside the first needs a workspace of its own.
TEST(PredictorMemory, ASecondCallerCostsAWorkspaceAndNoModel) {
  const char* cache = std::getenv("BERTUNE_CACHE");
  const std::filesystem::path model =
      std::filesystem::path(cache != nullptr ? cache : BERTUNE_SOURCE_DIR "/.cache") / "all-MiniLM-L6-v2";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "there is no " << model;
  const testing::TemporaryDirectory files;
  BertPreTrainedModel::from_pretrained(model, Architecture::sequence_classification)
      .save_weights(files.path());
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "vocab.txt"})
    std::filesystem::copy(model / name, files.path() / name);
  const Predictor predictor(files.path());
  const std::vector<Input> inputs(64, Input{.text = "where is my parcel, which was to be here on Friday?"});
  predictor.predict(inputs);
  const std::size_t workspace = predictor.workspace_bytes(), weights = predictor.weights_bytes();
  EXPECT_GT(workspace, 0U);
  EXPECT_LE(static_cast<double>(workspace), 0.25 * static_cast<double>(weights + workspace));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) callers.emplace_back([&] { predictor.predict(inputs); });
  }
  EXPECT_EQ(predictor.weights_bytes(), weights);
  EXPECT_LE(predictor.workspace_bytes(), 4 * workspace);
}

}  // namespace
}  // namespace bertune
