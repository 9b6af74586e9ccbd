#include "tasks/token_classification/prediction.h"

#include <gmock/gmock.h>

#include "bertune/error.h"
#include "core/json.h"
#include "tasks/token_fixtures.h"

namespace bertune::tasks::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using Predictions = std::vector<WordPrediction>;

std::string token_prediction_line(const data::TaggedSentence& sentence, const Predictions& words,
                                  const TokenClassification& task) {
  return json_line(sentence_json(sentence, predict(sentence, words, task)));
}

std::vector<Entity> predicted_entities(const std::vector<std::string_view>& sentence,
                                       const Predictions& words) {
  return std::get<Entities>(predict(sentence_of(sentence), words, small_task())).entities;
}

TokenClassification parts_of_speech() { return {data::LabelMap({"ADJ", "NOUN"})}; }

TEST(TokenPrediction, EntitiesAreSlicesOfTheText) {
  const std::string text = "Zoë 😀 in New-York.";
  const std::string_view texts[] = {text};
  const data::TaggedSentence sentence = data::sentences_of(texts)[0];
  const Predictions words = {{0, 0.5F, 0}, {3, 0.9F, 0}, {3, 0.9F, 0}, {2, 0.75F, 0},
                             {3, 0.9F, 0}, {0, 1.0F, 0}, {1, 0.25F, 0}};
  const std::string line = token_prediction_line(sentence, words, small_task());
  EXPECT_TRUE(line.ends_with("\n"));
  EXPECT_EQ(parse_json(line, "line"), parse_json(R"({"text": "Zoë 😀 in New-York.", "entities": [
    {"label": "X", "text": "Zoë", "start": 0, "end": 3, "start_byte": 0, "end_byte": 4, "score": 0.5},
    {"label": "Y", "text": "New", "start": 9, "end": 12, "start_byte": 13, "end_byte": 16, "score": 0.75},
    {"label": "X", "text": "York.", "start": 13, "end": 18, "start_byte": 17, "end_byte": 22, "score": 0.625}]})",
                                                 "expected"));
}

TEST(TokenPrediction, ScoreIsTheMeanOfTheWords) {
  const auto found =
      predicted_entities({"a", "b", "c", "d"}, {{0, 1.0F, 0}, {1, 0.5F, 0}, {1, 0.75F, 0}, {3, 0.1F, 0}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].label, "X");
  EXPECT_EQ(found[0].end_word, 3);
  EXPECT_DOUBLE_EQ(found[0].score, 0.75);
}

TEST(TokenPrediction, OfWordsWithoutAText) {
  const std::string line =
      token_prediction_line(sentence_of({"New", "York", "is"}),
                            Predictions{{0, 1.0F, 0}, {1, 0.5F, 0}, {3, 1.0F, 0}}, small_task());
  EXPECT_EQ(parse_json(line, "line"),
            parse_json(R"({"tokens": ["New", "York", "is"], "tags": ["B-X", "I-X", "O"], "entities": [
    {"label": "X", "text": "New York", "first_token": 0, "end_token": 2, "score": 0.75}]})",
                       "expected"));
}

TEST(TokenPrediction, OfPartsOfSpeechIsATagAWord) {
  const std::string_view texts[] = {"é go"};
  const Predictions words = {{1, 0.5F, 0}, {0, 1.0F, 0}};
  EXPECT_EQ(token_prediction_line(data::sentences_of(texts)[0], words, parts_of_speech()),
            "{\"text\":\"é go\",\"tokens\":[\"é\",\"go\"],\"tags\":[\"NOUN\",\"ADJ\"],\"scores\":[0.5,1.0],"
            "\"offsets\":[[0,1],[2,4]]}\n");
  EXPECT_EQ(token_prediction_line(sentence_of({"a", "b"}), words, parts_of_speech()),
            "{\"tokens\":[\"a\",\"b\"],\"tags\":[\"NOUN\",\"ADJ\"],\"scores\":[0.5,1.0]}\n");
}

TEST(TokenPrediction, OfNothing) {
  const std::string_view texts[] = {" "};
  EXPECT_EQ(token_prediction_line(data::sentences_of(texts)[0], {}, small_task()),
            "{\"text\":\" \",\"entities\":[]}\n");
  EXPECT_THAT(predicted_entities({}, {}), IsEmpty());
}

TEST(TokenPrediction, BytesThatAreNotUtf8CountAsOneCharacter) {
  const std::string_view texts[] = {"\xff\xe2\x82 Rome"};
  const std::string line =
      token_prediction_line(data::sentences_of(texts)[0], Predictions{{0, 1.0F, 0}}, small_task());
  const Json entity = parse_json(line, "line").at("entities")[0];
  EXPECT_EQ(entity.at("text"), "Rome");
  EXPECT_EQ(entity.at("start"), 3);  // U+FFFD twice, and the space
  EXPECT_EQ(entity.at("start_byte"), 4);
}

TEST(TokenPrediction, CanBeReadBackAsTrainingData) {
  const std::string_view texts[] = {"In New York."};
  const data::TaggedSentence sentence = data::sentences_of(texts)[0];
  const Predictions words = {{3, 1, 0}, {0, 1, 0}, {1, 1, 0}, {3, 1, 0}};
  const bertune::testing::TemporaryDirectory folder;
  const auto path = folder.write(
      "a.jsonl", token_prediction_line(sentence, words, small_task()) +
                     token_prediction_line(sentence_of({"a", "b", "c", "d"}), words, small_task()));
  const data::TaggedDataset dataset = data::read_tagged(path);
  for (const data::TaggedSentence& read : dataset.sentences) {
    EXPECT_THAT(read.tags, ::testing::ElementsAre("O", "B-X", "I-X", "O"));
  }
}

TEST(TokenPrediction, RefusesAnotherNumberOfWords) {
  EXPECT_THROW(token_prediction_line(sentence_of({"a"}), {}, small_task()), Error);
}

}  // namespace
}  // namespace bertune::tasks::testing
