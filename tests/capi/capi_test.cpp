// The C interface gives what the library and the program give, and lets nothing else out.
#include "bertune/bertune.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "predict/asked_models.h"
#include "support/program.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

bertune_text c_text(const std::string& text) { return {text.c_str(), text.size()}; }

// An input and the arrays that it points to.
struct CInput {
  explicit CInput(const Input& from) : input(from) {
    std::memset(&c, 0, sizeof c);
    c.struct_size = sizeof c;
    c.text = c_text(input.text);
    if (input.text_pair) c.text_pair = c_text(*input.text_pair);
    c.question = c_text(input.question), c.context = c_text(input.context);
    for (const std::string& word : input.words) words.push_back(c_text(word));
    for (const std::string& choice : input.choices) choices.push_back(c_text(choice));
    c.words = words.data(), c.word_count = words.size();
    c.choices = choices.data(), c.choice_count = choices.size();
  }
  CInput(const CInput&) = delete;

  Input input;
  std::vector<bertune_text> words, choices;
  bertune_input c;
};

// Predictions for one input each, as JSON.
std::vector<std::string> answers(const bertune_model* model, const std::vector<Input>& inputs) {
  std::vector<std::string> lines;
  for (const Input& input : inputs) {
    const CInput one(input);
    bertune_predictions* predictions = nullptr;
    if (bertune_predict(model, &one.c, 1, &predictions) != BERTUNE_OK) {
      lines.emplace_back(bertune_last_error());
      continue;
    }
    lines.emplace_back(bertune_prediction_json(predictions, 0));
    bertune_predictions_free(predictions);
  }
  return lines;
}

bertune_model* loaded(const std::filesystem::path& folder, const std::vector<const char*>& options = {}) {
  std::vector<const char*> all = options;
  all.push_back(nullptr);
  bertune_model* model = nullptr;
  EXPECT_EQ(bertune_load(folder.c_str(), all.data(), &model), BERTUNE_OK) << bertune_last_error();
  return model;
}

TEST(CInterface, EveryHeadAnswersAsThePredictor) {
  const testing::TemporaryDirectory files;
  for (const testing::AskedHead& head : testing::asked_heads()) {
    const auto folder = testing::write_model(files.path() / head.name, head);
    const Predictor predictor(folder);
    bertune_model* model = loaded(folder);
    const std::vector<Input> inputs = testing::inputs_for(head, 6);
    std::vector<std::string> expected;
    for (const Input& input : inputs)
      expected.push_back(to_json(predictor.predict(input), predictor.labels()));
    EXPECT_EQ(answers(model, inputs), expected) << head.name;
    const Json info = Json::parse(bertune_model_info(model));
    EXPECT_EQ(info.at("architecture"), to_string(head.architecture));
    EXPECT_EQ(info.at("labels").size(), predictor.labels().size());
    bertune_model_free(model);
  }
}

TEST(CInterface, PartsOfAPredictionAreThoseOfItsJson) {
  const testing::TemporaryDirectory files;
  for (const testing::AskedHead& head : testing::asked_heads()) {
    bertune_model* model = loaded(testing::write_model(files.path() / head.name, head), {"top", "2"});
    const CInput one(testing::inputs_for(head, 2)[1]);
    bertune_predictions* all = nullptr;
    ASSERT_EQ(bertune_predict(model, &one.c, 1, &all), BERTUNE_OK) << bertune_last_error();
    const Json json = Json::parse(bertune_prediction_json(all, 0));
    if (json.contains("score")) {
      EXPECT_EQ(bertune_prediction_score(all, 0), json.at("score")) << head.name;
    }
    if (json.contains("label")) {
      EXPECT_EQ(bertune_prediction_label(all, 0), json.at("label"));
    }
    std::size_t count = 0;
    const double* scores = bertune_prediction_scores(all, 0, &count);
    EXPECT_EQ(count, json.contains("scores") && head.name != "tags" ? json.at("scores").size() : 0);
    if (count > 0) {
      EXPECT_EQ(scores[0], json.at("scores").begin().value());
    }
    const char* const list = head.name == "tags" ? "tokens" : json.contains("n_best") ? "n_best" : "entities";
    EXPECT_EQ(bertune_prediction_span_count(all, 0), json.contains(list) ? json.at(list).size() : 0);
    for (std::size_t i = 0; json.contains("entities") && i < json.at("entities").size(); ++i) {
      bertune_span span;
      span.struct_size = sizeof span;
      ASSERT_EQ(bertune_prediction_span(all, 0, i, &span), BERTUNE_OK);
      const Json& entity = json.at("entities")[i];
      EXPECT_EQ((Json{span.label, span.text, span.score, span.begin, span.end_byte}),
                (Json{entity.at("label"), entity.at("text"), entity.at("score"), entity.at("start"),
                      entity.at("end_byte")}));
    }
    bertune_predictions_free(all);
    bertune_model_free(model);
  }
}

TEST(CInterface, WhatIsAskedForWronglyIsAnErrorWithItsOption) {
  const testing::TemporaryDirectory files;
  const auto folder = testing::write_model(files.path() / "m", testing::asked_heads().front());
  bertune_model* model = nullptr;
  const auto refusal = [&](std::vector<const char*> options) {
    options.push_back(nullptr);
    EXPECT_EQ(bertune_load(folder.c_str(), options.data(), &model), BERTUNE_USAGE);
    return std::string(bertune_last_error_option()) + ": " + bertune_last_error();
  };
  EXPECT_THAT(refusal({"batchsize", "2"}),
              HasSubstr("batchsize: bertune predict has no option `batchsize`; did you "
                        "mean `batch-size`?"));
  EXPECT_THAT(refusal({"batch_size", "two"}),
              HasSubstr("batch_size: `batch_size` is \"two\"; it must be a whole number"));
  EXPECT_THAT(refusal({"batch-size", "1", "batch_size", "1"}), HasSubstr("are one option"));
  EXPECT_THAT(refusal({"batch_size"}), HasSubstr("has no value"));
  EXPECT_THAT(refusal({"precision", "fp8"}), HasSubstr("precision: `precision` is \"fp8\""));
  EXPECT_THAT(refusal({"min_confidence", "7"}), HasSubstr("min_confidence: `min_confidence` is 7"));
  EXPECT_EQ(bertune_load("nowhere/at-all/here", nullptr, &model), BERTUNE_ERROR);
  EXPECT_EQ(bertune_load(nullptr, nullptr, &model), BERTUNE_USAGE);
  EXPECT_EQ(bertune_predict(nullptr, nullptr, 1, nullptr), BERTUNE_USAGE);
  EXPECT_EQ(model, nullptr);
  model = loaded(folder);
  EXPECT_STREQ(bertune_last_error(), "");
  float vector[32];
  const bertune_text text = {"a", 0};
  EXPECT_EQ(bertune_embed(model, &text, 1, vector, 32), BERTUNE_USAGE);
  EXPECT_STREQ(bertune_last_error_option(), "architecture");
  bertune_model_free(model);
}

// Programs were compiled with these; what is added stands behind them (tests/capi/abi_1.txt has the
// functions).
TEST(CInterface, TheLayoutIsThatOfVersion1) {
  ASSERT_EQ(BERTUNE_ABI_VERSION, 1);
  EXPECT_EQ(sizeof(bertune_text), 16);
  EXPECT_EQ(offsetof(bertune_input, text), 8);
  EXPECT_EQ(offsetof(bertune_input, text_pair), 24);
  EXPECT_EQ(offsetof(bertune_input, question), 40);
  EXPECT_EQ(offsetof(bertune_input, context), 56);
  EXPECT_EQ(offsetof(bertune_input, words), 72);
  EXPECT_EQ(offsetof(bertune_input, word_count), 80);
  EXPECT_EQ(offsetof(bertune_input, choices), 88);
  EXPECT_EQ(offsetof(bertune_input, choice_count), 96);
  EXPECT_EQ(offsetof(bertune_span, label), 8);
  EXPECT_EQ(offsetof(bertune_span, score), 24);
  EXPECT_EQ(offsetof(bertune_span, end_byte), 56);
  EXPECT_EQ(
      (std::vector<int>{BERTUNE_OK, BERTUNE_ERROR, BERTUNE_USAGE, BERTUNE_ALREADY_DONE, BERTUNE_INTERRUPTED}),
      (std::vector<int>{0, 1, 2, 3, 130}));
}

TEST(CInterface, InputsOfALaterHeaderAreReadWhereTheyAskForNothingNew) {
  const testing::TemporaryDirectory files;
  bertune_model* model = loaded(testing::write_model(files.path() / "m", testing::asked_heads().front()));
  struct Later {
    bertune_input known;
    const char* more;
  } inputs[2] = {};
  for (Later& one : inputs) one.known.struct_size = sizeof one, one.known.text = {"the film was good", 0};
  bertune_predictions* all = nullptr;
  ASSERT_EQ(bertune_predict(model, &inputs[0].known, 2, &all), BERTUNE_OK) << bertune_last_error();
  EXPECT_STREQ(bertune_prediction_json(all, 0), bertune_prediction_json(all, 1));
  bertune_predictions_free(all);
  inputs[1].more = "x";
  EXPECT_EQ(bertune_predict(model, &inputs[0].known, 2, &all), BERTUNE_USAGE);
  inputs[0].known.struct_size = 8;
  EXPECT_EQ(bertune_predict(model, &inputs[0].known, 1, &all), BERTUNE_USAGE);
  bertune_model_free(model);
}

TEST(CInterface, ATextMayContainZeroBytes) {
  const testing::TemporaryDirectory files;
  bertune_tokenizer* tokenizer = nullptr;
  testing::write_tiny_checkpoint(files.path() / "m");
  ASSERT_EQ(bertune_tokenizer_load((files.path() / "m").c_str(), nullptr, &tokenizer), BERTUNE_OK);
  const std::string text("good\0 film", 10);
  const bertune_text texts[] = {c_text(text), {"good film", 0}};
  bertune_encodings* all = nullptr;
  const char* const options[] = {"max_length", "3", nullptr};
  ASSERT_EQ(bertune_encode(tokenizer, texts, nullptr, 2, options, &all), BERTUNE_OK) << bertune_last_error();
  std::size_t count = 0;
  const int* ids = bertune_encoding_ids(all, 0, &count);
  EXPECT_EQ(count, 3);
  EXPECT_STREQ(bertune_token(tokenizer, ids[1]), "good");
  EXPECT_EQ(bertune_token(tokenizer, -7), nullptr);
  bertune_encodings_free(all);
  ASSERT_EQ(bertune_encode(tokenizer, texts, nullptr, 2, nullptr, &all), BERTUNE_OK);
  const std::vector<int> first(bertune_encoding_ids(all, 0, &count),
                               bertune_encoding_ids(all, 0, nullptr) + 4);
  EXPECT_EQ(first, std::vector<int>(bertune_encoding_ids(all, 1, &count),
                                    bertune_encoding_ids(all, 1, nullptr) + 4));
  EXPECT_EQ(bertune_encoding_offsets(all, 0, nullptr)[4], 6);
  char* decoded = nullptr;
  ASSERT_EQ(bertune_decode(tokenizer, first.data(), 4, 1, &decoded), BERTUNE_OK);
  EXPECT_STREQ(decoded, "good film");
  bertune_string_free(decoded);
  bertune_encodings_free(all);
  bertune_tokenizer_free(tokenizer);
}

TEST(CInterface, EmbeddingsAreThoseOfThePredictor) {
  const testing::TemporaryDirectory files;
  const auto folder = testing::write_model(files.path() / "m", testing::asked_heads().back());
  bertune_model* model = loaded(folder);
  const bertune_text texts[] = {{"the film", 0}, {"good food", 0}};
  std::vector<float> vectors(64), expected;
  ASSERT_EQ(bertune_embed(model, texts, 2, vectors.data(), vectors.size()), BERTUNE_OK)
      << bertune_last_error();
  const std::vector<Input> inputs = {{.text = "the film"}, {.text = "good food"}};
  for (const Prediction& one : Predictor(folder).predict(inputs))
    expected.insert(expected.end(), std::get<Embedding>(one).embedding.begin(),
                    std::get<Embedding>(one).embedding.end());
  EXPECT_EQ(vectors, expected);
  EXPECT_EQ(bertune_embed(model, texts, 2, vectors.data(), 63), BERTUNE_USAGE);
  bertune_model_free(model);
}

TEST(CInterface, ThreadsShareAModelAndAForkedChildHasItToo) {
  const testing::TemporaryDirectory files;
  const testing::AskedHead head = testing::asked_heads().front();
  bertune_model* model = loaded(testing::write_model(files.path() / "m", head));
  const std::vector<Input> inputs = testing::inputs_for(head, 10);
  const std::vector<std::string> expected = answers(model, inputs);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) wrong += answers(model, inputs) == expected ? 0 : 1;
    });
  }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr int kChildren = 0;  // the sanitizers' own memory does not survive a fork beside threads
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answers(model, inputs), expected);
#else
  constexpr int kChildren = 10;
#endif
  for (int i = 0; i < kChildren; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);  // a hang ends the child with SIGALRM
      ::_exit(answers(model, inputs) == expected ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  bertune_model_free(model);
}

}  // namespace
}  // namespace bertune
