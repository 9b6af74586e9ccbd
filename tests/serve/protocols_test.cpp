// What is answered: every head in every protocol, and what is refused.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "bertune/error.h"
#include "serve/inputs.h"
#include "serve/served.h"

namespace bertune {
namespace {

using testing::asked;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using testing::head_named;
using ::testing::Not;
using testing::post;
using testing::Served;
using ::testing::StartsWith;
using testing::Value;

class EveryServedHead : public ::testing::TestWithParam<testing::AskedHead> {
 protected:
  Served served{{GetParam().name}};
  const std::string model = (served.files.path() / GetParam().name).string();
};

INSTANTIATE_TEST_SUITE_P(Heads, EveryServedHead, ::testing::ValuesIn(testing::asked_heads()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(EveryServedHead, AnswersWhatTheLibraryAnswersToTheLastDigit) {
  const Predictor predictor(model, {.top = GetParam().name == "masks" ? 5 : 1});
  for (const Input& input : testing::inputs_for(GetParam(), 6)) {
    const Value answer = served.json("/v1/predict", {{"inputs", asked(GetParam(), input)}});
    const Value expected = Value::parse(to_json(predictor.predict(input), predictor.labels()));
    const Value& result = answer.at("results").at(0);
    for (const auto& [name, value] : expected.items()) EXPECT_EQ(result.at(name), value) << name;
    EXPECT_EQ(result.at("num_tokens"), predictor.size_of(input).tokens);
    EXPECT_EQ(answer.at("model").at("name"), GetParam().name);
  }
}

TEST_P(EveryServedHead, ManyInputsAreAnsweredInOrderAndABadOneFailsAlone) {
  const Predictor predictor(model);
  Value inputs = Value::array();
  const std::vector<Input> all = testing::inputs_for(GetParam(), 7);
  for (const Input& input : all) inputs.push_back(asked(GetParam(), input));
  const Value results = served.json("/v1/predict", {{"inputs", inputs}}).at("results");
  ASSERT_EQ(results.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(results[i].at("num_tokens"), predictor.size_of(all[i]).tokens) << i;
}

TEST_P(EveryServedHead, DescribesItself) {
  const Value description = Value::parse(served.ask(get("/openapi.json")).body);
  const Value& body = description.at("paths").at("/v1/predict").at("post").at("requestBody");
  EXPECT_TRUE(body.at("content").at("application/json").at("schema").at("properties").contains("inputs"));
  EXPECT_EQ(Value::parse(served.ask(get("/info")).body).at("models").at(0).at("head"), GetParam().name);
}

TEST(NativeProtocol, ABadRowFailsAlone) {
  Served served({"masks"});
  const Value results =
      served.json("/v1/predict", {{"inputs", {"the [MASK] was good", "the film was [MASK]"}}}).at("results");
  EXPECT_TRUE(results[0].contains("masks"));
  EXPECT_THAT(served.error("/v1/predict", {{"inputs", {"the film", "the [MASK]"}}}, 422),
              HasSubstr("inputs[0] holds no [MASK]"));
  std::string far = "the film";
  for (int i = 0; i < 60; ++i) far += " was";
  const Value mixed = served.json("/v1/predict", {{"inputs", {far + " [MASK]", "the [MASK]"}}}).at("results");
  EXPECT_THAT(mixed[0].at("error").at("message").get<std::string>(), HasSubstr("in its first 40 tokens"));
  EXPECT_TRUE(mixed[1].contains("masks"));
}

TEST(NativeProtocol, TruncationIsSaidOrRefused) {
  Served served({"classes"}, {}, {.max_length = 5});
  const Value inputs = {"the film", "the film was not very good"};
  const serve::HttpResponse response = served.ask(post("/v1/predict", {{"inputs", inputs}}));
  const Value results = Value::parse(response.body).at("results");
  EXPECT_EQ(results[0].at("truncated"), false);
  EXPECT_EQ(results[1].at("truncated"), true);
  EXPECT_THAT(response.headers,
              ::testing::Contains(std::pair<std::string, std::string>("x-bertune-truncated", "1")));
  const Value refused =
      served.json("/v1/predict", {{"inputs", inputs}, {"options", {{"truncate", false}}}}).at("results");
  EXPECT_TRUE(refused[0].contains("label"));
  EXPECT_THAT(refused[1].at("error").at("message").get<std::string>(),
              HasSubstr("3 tokens longer than the 5"));
}

TEST(NativeProtocol, OptionsChooseHowMuchIsSaid) {
  Served classes({"classes"}), answers({"answers"}), masks({"masks"});
  const Value one =
      classes.json("/v1/predict", {{"inputs", "good"}, {"options", {{"top_k", 1}, {"min_confidence", 1}}}});
  EXPECT_EQ(one.at("results")[0].at("scores").size(), 1U);
  EXPECT_EQ(one.at("results")[0].at("label"), nullptr);
  EXPECT_EQ(one.at("results")[0].at("abstained"), true);
  Served careful({"classes"}, {}, {.min_confidence = 1});
  EXPECT_EQ(careful.json("/v1/predict", {{"inputs", "good"}}).at("results")[0].at("abstained"), true);
  const Value asked_for =
      careful.json("/v1/predict", {{"inputs", "good"}, {"options", {{"min_confidence", 0}}}});
  EXPECT_EQ(asked_for.at("results")[0].at("abstained"), false);
  const Value question = {{"question", "was it good"},
                          {"context", "the film was very good. the food was poor."}};
  const Value best = answers.json("/v1/predict", {{"inputs", question}, {"options", {{"top_k", 3}}}});
  const Predictor predictor((answers.files.path() / "answers").string(), {.top = 3});
  Input input;
  input.question = question["question"], input.context = question["context"];
  EXPECT_EQ(best.at("results")[0].at("n_best"),
            Value::parse(to_json(predictor.predict(input), {})).at("n_best"));
  const Value words = masks.json("/v1/predict", {{"inputs", "[MASK]"}, {"options", {{"top_k", 2}}}});
  EXPECT_EQ(words.at("results")[0].at("masks")[0].size(), 2U);
}

TEST(NativeProtocol, AThresholdChoosesTheLabelsThatCount) {
  Served served({"several_labels"}), classes({"classes"});
  const auto labels = [&](double threshold) {
    return served.json("/v1/predict", {{"inputs", "good"}, {"options", {{"threshold", threshold}}}})
        .at("results")[0];
  };
  const Value all = labels(0), none = labels(1);
  EXPECT_EQ(all.at("labels"), Value({"bad", "fine", "good"}));
  EXPECT_TRUE(none.at("labels").empty());
  EXPECT_EQ(all.at("scores"), none.at("scores"));
  EXPECT_THAT(classes.error("/v1/predict", {{"inputs", "good"}, {"options", {{"threshold", 0.5}}}}, 422),
              HasSubstr("\"threshold\", which is not known"));
}

TEST(NativeProtocol, WindowsAndLengthsOfAnswersAreTheRequests) {
  Served served({"answers"});
  Value question = {{"question", "was it good"}, {"context", "the film"}};
  std::string context = "the film";
  for (int i = 0; i < 40; ++i) context += i % 3 == 0 ? " was not" : " good food.";
  question["context"] = context;
  Input input;
  input.question = question["question"], input.context = context;
  const auto folder = served.files.path() / "answers";
  const auto expected = [&](const PredictorOptions& options) {
    const Predictor predictor(folder, options);
    return std::pair(Value::parse(to_json(predictor.predict(input), {})), predictor.size_of(input).windows);
  };
  const auto [usual, usual_windows] = expected({});
  const auto [special, special_windows] = expected({.doc_stride = 18, .max_answer_length = 2});
  ASSERT_NE(usual_windows, special_windows);
  ASSERT_NE(usual.at("answer"), special.at("answer"));
  const Value options = {{"doc_stride", 18}, {"max_answer_length", 2}};
  for (int i = 0; i < 2; ++i) {  // the one does not change what the other is answered
    const Value plain = served.json("/v1/predict", {{"inputs", question}}).at("results")[0];
    EXPECT_EQ(plain.at("answer"), usual.at("answer"));
    EXPECT_EQ(plain.at("windows"), usual_windows);
    const Value asked =
        served.json("/v1/predict", {{"inputs", question}, {"options", options}}).at("results")[0];
    EXPECT_EQ(asked.at("answer"), special.at("answer"));
    EXPECT_EQ(asked.at("windows"), special_windows);
  }
  const Value hub =
      served.json("/", {{"inputs", question}, {"parameters", {{"doc_stride", 18}, {"max_answer_len", 2}}}});
  EXPECT_EQ(hub.at("answer"), special.at("answer"));
  EXPECT_THAT(served.error("/", {{"inputs", question}, {"parameters", {{"doc_stride", 300}}}}, 422),
              HasSubstr("doc_stride is 300, and the most is 18"));
}

TEST(NativeProtocol, InfoNamesLabelsAndTheMask) {
  const auto facts = [](const std::string& head) {
    Served served({head});
    return Value::parse(served.ask(get("/info")).body);
  };
  const Value entities = facts("entities");
  EXPECT_EQ(entities.at("models")[0].at("labels"), Value({"B-FILM", "I-FILM", "O"}));
  EXPECT_EQ(entities.at("model_type").at("classifier").at("id2label").at("0"), "B-FILM");
  EXPECT_EQ(facts("masks").at("models")[0].at("mask_token"), "[MASK]");
  EXPECT_FALSE(facts("classes").at("models")[0].contains("mask_token"));
}

TEST(NativeProtocol, SeveralModelsGoByName) {
  Served served({"classes", "entities"});
  const auto model_of = [&](const Value& body) {
    return served.json("/v1/predict", body).at("model").at("name");
  };
  EXPECT_EQ(model_of({{"inputs", "good"}}), "classes");
  EXPECT_EQ(model_of({{"inputs", "good"}, {"model", "entities"}}), "entities");
  EXPECT_THAT(served.error("/v1/predict", {{"inputs", "good"}, {"model", "other"}}, 404),
              HasSubstr("no model \"other\""));
}

TEST(NativeProtocol, WrongRequestsAreToldWhatIsWrong) {
  Served served({"classes"});
  const auto refused = [&](const Value& body) { return served.error("/v1/predict", body, 422); };
  EXPECT_EQ(refused(Value::object()), "the body has no \"inputs\"");
  EXPECT_EQ(refused({{"inputs", 1}}), "inputs must be a text or an object or a list, and is a number");
  EXPECT_EQ(refused({{"inputs", {"good", 1}}}), "inputs[1] must be a text or an object, and is a number");
  EXPECT_THAT(refused({{"inputs", {{"txt", "good"}}}}), HasSubstr("inputs has no \"text\""));
  EXPECT_THAT(refused({{"inputs", "good"}, {"input", "bad"}}),
              HasSubstr("has \"input\", which is not known"));
  EXPECT_THAT(refused({{"inputs", "good"}, {"options", {{"top_k", 0}}}}), HasSubstr("options.top_k is 0"));
  EXPECT_EQ(refused({{"inputs", Value::array()}}), "inputs has 0 items, and the least is 1");
  EXPECT_THAT(served.error("/v1/predict", "{\"inputs\": ", 400), HasSubstr("the body: not valid JSON"));
  EXPECT_THAT(served.error("/v1/predict", std::string(300, '[') + std::string(300, ']'), 400),
              HasSubstr("nested"));
  EXPECT_EQ(served.error("/v1/predict", "{\"inputs\": \"\xff\"}", 400), "the body is not valid UTF-8");
  EXPECT_EQ(served.status(get("/v1/predict")), 405);
  EXPECT_EQ(served.status(get("/elsewhere")), 404);
}

TEST(NativeProtocol, TokensHaveTheirPlaces) {
  Served served({"classes"});
  const Value answer = served.json("/v1/tokenize", {{"inputs", {"Zoë, good", ""}}});
  const Value results = answer.at("results"), tokens = results[0].at("tokens");
  EXPECT_EQ(answer.at("max_length"), 40);
  EXPECT_EQ(results[0].at("count"), tokens.size());
  EXPECT_EQ(results[0].at("truncated"), false);
  EXPECT_EQ(results[1].at("count"), 2);
  EXPECT_EQ(tokens[0].at("text"), "[CLS]");
  EXPECT_EQ(tokens[0].at("special"), true);
  EXPECT_EQ(tokens[tokens.size() - 2].at("text"), "good");
  EXPECT_EQ(tokens[tokens.size() - 2].at("start"), 5);
  EXPECT_EQ(tokens[tokens.size() - 2].at("end"), 9);
}

TEST(HuggingFaceProtocol, ClassesAreAListOfListsAndNumbersOne) {
  Served classes({"classes"}), number({"number"});
  const Value all = classes.json("/", {{"inputs", "good film"}});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0].size(), 3U);
  EXPECT_GE(all[0][0].at("score"), all[0][1].at("score"));
  EXPECT_EQ(
      classes.json("/invocations", {{"inputs", {"good", "bad"}}, {"parameters", {{"top_k", 1}}}})[1].size(),
      1U);
  EXPECT_THAT(
      classes.error("/", {{"inputs", "good"}, {"parameters", {{"function_to_apply", "sigmoid"}}}}, 422),
      HasSubstr("must be one of softmax"));
  EXPECT_EQ(number.json("/", {{"inputs", "good"}})[0][0].at("label"), "LABEL_0");
}

TEST(HuggingFaceProtocol, WordsAndGroupsOfThem) {
  Served served({"entities"});
  const Predictor predictor(served.files.path() / "entities");
  const std::string text = "Zoë, the good film. Not poor food.";
  const auto found = std::get<Entities>(predictor.predict({.text = text}));
  ASSERT_FALSE(found.entities.empty());
  const Value groups =
      served.json("/", {{"inputs", text}, {"parameters", {{"aggregation_strategy", "simple"}}}});
  ASSERT_EQ(groups.size(), found.entities.size());
  EXPECT_EQ(groups[0].at("entity_group"), found.entities[0].label);
  EXPECT_EQ(groups[0].at("start"), found.entities[0].place->code_points.begin);
  EXPECT_EQ(groups[0].at("word"), found.entities[0].text);
  const Value words = served.json("/", {{"inputs", text}});
  EXPECT_TRUE(words[0].at("entity").get<std::string>().ends_with("-FILM"));
}

TEST(HuggingFaceProtocol, AnswersAndGuesses) {
  Served answers({"answers"}), masks({"masks"});
  const Value question = {{"question", "was it good"}, {"context", "the film was very good"}};
  EXPECT_TRUE(answers.json("/", {{"inputs", question}}).contains("answer"));
  EXPECT_EQ(answers.json("/", {{"inputs", question}, {"parameters", {{"top_k", 2}}}}).size(), 2U);
  const Value guesses = masks.json("/", {{"inputs", "the [MASK] was good"}});
  ASSERT_EQ(guesses.size(), 5U);
  const std::string word = guesses[0].at("token_str");
  EXPECT_EQ(guesses[0].at("sequence"), "the " + word + " was good");
  EXPECT_EQ(masks.json("/", {{"inputs", "[MASK] was [MASK]"}}).size(), 2U);
}

TEST(HuggingFaceProtocol, GuessesStandInWhatTheModelReads) {
  Served masks({"masks"});
  std::string text = "the [MASK] was [MASK]";
  for (int word = 0; word < 60; ++word) text += " good";
  const Value guesses = masks.json("/", {{"inputs", text}});
  ASSERT_EQ(guesses.size(), 2U);
  const std::string second = guesses[1][0].at("sequence"), word = guesses[1][0].at("token_str");
  EXPECT_THAT(second, StartsWith("[CLS] the [MASK] was " + word + " good"));
  EXPECT_EQ(std::count(second.begin(), second.end(), ' '), 39) << "of 40 tokens: " << second;
}

// Each of these requests is small, and would take gigabytes or hours.
TEST(EveryProtocol, RefusesASmallRequestForALotOfWork) {
  Served masks({"masks"}), embeddings({"embeddings"}), choices({"choices"}), entities({"entities"});
  std::string all_masks, long_text;
  for (int word = 0; word < 38; ++word) all_masks += "[MASK] ";
  for (int word = 0; word < 20'000; ++word) long_text += "good ";
  const Value parameters = {{"top_k", 64}}, texts = std::vector<std::string>(200, "good");
  EXPECT_THAT(masks.error("/", {{"inputs", std::vector(60, all_masks)}, {"parameters", parameters}}, 413),
              HasSubstr("repeats each text for each guess"));
  EXPECT_EQ(masks.json("/", {{"inputs", all_masks}, {"parameters", parameters}}).size(), 38U);
  EXPECT_THAT(embeddings.error("/rerank", {{"query", long_text}, {"texts", texts}}, 413),
              HasSubstr("makes more than 16 MB to read"));
  EXPECT_THAT(
      embeddings.error("/", {{"inputs", {{"source_sentence", long_text}, {"sentences", texts}}}}, 413),
      HasSubstr("makes more than 16 MB to read"));
  const Value question = {
      {"question", "was it"}, {"context", long_text}, {"choices", std::vector<std::string>(64, "good")}};
  EXPECT_THAT(choices.error("/v1/predict", {{"inputs", std::vector(3, question)}}, 413),
              HasSubstr("makes more than 16 MB to read"));
  const Value tensor = {{"name", "text"}, {"shape", {1}}, {"datatype", "BYTES"}, {"data", {"good"}}};
  const Value outputs = std::vector<Value>(4, {{"name", "prediction"}});
  EXPECT_THAT(
      embeddings.error("/v2/models/embeddings/infer", {{"inputs", {tensor}}, {"outputs", outputs}}, 422),
      HasSubstr("outputs has 4 items"));
  EXPECT_THAT(
      entities.error(
          "/", {{"inputs", "good"}, {"parameters", {{"ignore_labels", std::vector<std::string>(2000, "O")}}}},
          422),
      HasSubstr("ignore_labels has 2000 items"));
}

TEST(TextEmbeddingsProtocol, TwoTextsAreAPairAndListsABatch) {
  Served served({"classes"});
  const Predictor predictor(served.files.path() / "classes");
  const auto label = [&](const Input& input) { return std::get<Label>(predictor.predict(input)); };
  const Value pair = served.json("/predict", {{"inputs", {"good", "film"}}});
  EXPECT_EQ(pair[0].at("score"), label({.text = "good", .text_pair = "film"}).score);
  const Value batch = served.json("/predict", {{"inputs", {{"good"}, {"bad", "film"}}}});
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[1][0].at("label"), label({.text = "bad", .text_pair = "film"}).label);
  EXPECT_THAT(served.error("/embed", {{"inputs", "good"}}, 422), HasSubstr("/embed does not fit classes"));
}

TEST(TextEmbeddingsProtocol, EmbedsAndRanks) {
  Served served({"embeddings"});
  const Predictor predictor(served.files.path() / "embeddings");
  const std::vector<float> expected = std::get<Embedding>(predictor.predict({.text = "good food"})).embedding;
  EXPECT_EQ(served.json("/embed", {{"inputs", "good food"}})[0].get<std::vector<float>>(), expected);
  const Value open = served.json("/v1/embeddings", {{"input", "good food"}});
  EXPECT_EQ(open.at("data")[0].at("embedding").get<std::vector<float>>(), expected);
  EXPECT_EQ(open.at("usage").at("total_tokens"), 4);
  const std::string base64 =
      served.json("/v1/embeddings", {{"input", "good food"}, {"encoding_format", "base64"}})
          .at("data")[0]
          .at("embedding");
  EXPECT_EQ(base64.size(), (expected.size() * 4 + 2) / 3 * 4);
  const Value ranks = served.json(
      "/rerank", {{"query", "good food"}, {"texts", {"poor film", "good food"}}, {"return_text", true}});
  EXPECT_EQ(ranks[0].at("text"), "good food");
  EXPECT_NEAR(ranks[0].at("score"), 1, 1e-6);
  const Value similar =
      served.json("/", {{"inputs", {{"source_sentence", "good food"}, {"sentences", {"good food"}}}}});
  EXPECT_NEAR(similar[0], 1, 1e-6);
}

TEST(OpenInferenceProtocol, TensorsInTensorsOut) {
  Served served({"classes", "entities", "answers"});
  const Predictor predictor(served.files.path() / "classes");
  const Value tensor = {
      {"name", "text"}, {"shape", {2}}, {"datatype", "BYTES"}, {"data", {"good", "bad film"}}};
  const Value answer = served.json("/v2/models/classes/infer", {{"id", "7"}, {"inputs", {tensor}}});
  EXPECT_EQ(answer.at("id"), "7");
  EXPECT_EQ(answer.at("outputs")[0].at("data").size(), 2U);
  EXPECT_EQ(answer.at("outputs")[1].at("shape"), Value({2, 3}));
  const Value entities = served.json("/v2/models/entities/infer", {{"inputs", {tensor}}});
  EXPECT_TRUE(Value::parse(entities.at("outputs")[0].at("data")[0].get<std::string>()).contains("entities"));
  EXPECT_THAT(
      served.error(
          "/v2/models/answers/infer",
          {{"inputs", {{{"name", "question"}, {"shape", {1}}, {"datatype", "BYTES"}, {"data", {"a"}}}}}},
          409),
      HasSubstr("no input \"context\""));
  Served embeddings({"embeddings"});
  const Value vectors =
      embeddings.json("/v2/models/embeddings/infer", {{"inputs", {tensor}}}).at("outputs")[0];
  const Value expected = embeddings.json("/embed", {{"inputs", {"good", "bad film"}}});
  EXPECT_EQ(vectors.at("shape"), Value({2, expected[0].size()}));
  for (std::size_t i = 0; i < vectors.at("data").size(); ++i)
    EXPECT_EQ(vectors.at("data")[i], expected[i / expected[0].size()][i % expected[0].size()]) << i;
  EXPECT_EQ(served.status(get("/v2/models/classes/ready")), 200);
  EXPECT_EQ(served.status(get("/v2/models/none/ready")), 404);
  const std::string version = served.service.models().find("classes")->version();
  EXPECT_EQ(served.status(get("/v2/models/classes/versions/" + version)), 200);
  EXPECT_EQ(served.status(get("/v2/models/classes/versions/1")), 404);
  EXPECT_EQ(Value::parse(served.ask(get("/v2/models/entities")).body).at("inputs")[0].at("name"), "text");
}

TEST(ClassifyProtocol, GivesProbabilities) {
  Served served({"classes"});
  const Predictor predictor(served.files.path() / "classes");
  const auto label = std::get<Label>(predictor.predict({.text = "good film"}));
  const Value data = served.json("/v1/classify", {{"input", "good film"}}).at("data")[0];
  EXPECT_EQ(data.at("label"), label.label);
  EXPECT_EQ(data.at("probs").get<std::vector<double>>(), label.scores);
  EXPECT_EQ(data.at("num_classes"), 3);
}

}  // namespace
}  // namespace bertune
