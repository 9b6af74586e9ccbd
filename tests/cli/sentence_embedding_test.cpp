// Sentence embeddings as a user makes, learns, tests and compares them, on a model small enough for a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bertune/sentence_embedding.h"
#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::json_lines;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

// Pairs that say the same of a thing, or not: learnable in a few epochs.
std::string pairs(int n, bool with_scores, int offset = 0) {
  static const char* const kSubjects[] = {"film", "food", "story", "room", "band", "soup", "plot", "staff"};
  std::string csv = with_scores ? "sentence1,sentence2,score\n" : "sentence1,sentence2\n";
  for (int k = offset; k < offset + n; ++k) {
    const bool alike = !with_scores || k % 2 == 0;
    const std::string subject =
        std::string(kSubjects[k / 2 % 8]) + " " + static_cast<char>('a' + k / 16 % 26);
    const bool good = k % 4 < 2;
    csv += "the " + subject + " was " + (good ? "good" : "bad") + "," + subject + " " +
           (good == alike ? "fine" : "poor") + (with_scores ? (alike ? ",5\n" : ",0\n") : "\n");
  }
  return csv;
}

std::vector<float> numbers(const Json& line, const char* key = "embedding") {
  return line.at(key).get<std::vector<float>>();
}

double length_of(const std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  return std::sqrt(squares);
}

class SentenceEmbedding : public testing::ProgramTest {
 protected:
  void SetUp() override { testing::write_tiny_checkpoint(files.path() / "base"); }

  void add_files(const std::string& folder, const SentenceEmbeddingConfig& config) const {
    config.save(files.path() / folder, testing::tiny_config().hidden_size);
  }
  ProgramResult embed(const std::vector<std::string>& more, const std::string& input = "",
                      const std::string& model = "base") const {
    std::vector<std::string> arguments = {"embed", "--model", path(model), "--threads", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, input);
  }
  ProgramResult train(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"train",
                                          "--task",
                                          "sentence-embedding",
                                          "--model",
                                          path("base"),
                                          "--train",
                                          path("train.csv"),
                                          "--output",
                                          path(output),
                                          "--epochs",
                                          "4",
                                          "--batch-size",
                                          "8",
                                          "--learning-rate",
                                          "3e-3",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(SentenceEmbedding, AFolderWithoutFilesGivesTheMeanAndSaysSo) {
  const ProgramResult result = embed({}, "the film was good\nbad food\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<Json> lines = json_lines(result.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("text"), "the film was good");
  EXPECT_EQ(numbers(lines[0]).size(), 32U);
  EXPECT_THAT(result.err, AllOf(HasSubstr("has no modules.json"), HasSubstr("the mean over all tokens")));
  EXPECT_THAT(result.err, Not(HasSubstr("truncated")));
}

TEST_F(SentenceEmbedding, TheFolderSaysHow) {
  const std::string text = "the film was very good .\n";
  const std::vector<float> mean = numbers(json_lines(embed({}, text).out).at(0));
  add_files("base", {.normalize = true, .max_seq_length = 5});
  const ProgramResult normalized = embed({}, text);
  ASSERT_EQ(normalized.exit_code, 0) << normalized.err;
  EXPECT_NEAR(length_of(numbers(json_lines(normalized.out).at(0))), 1, 1e-6);
  EXPECT_THAT(normalized.err, HasSubstr("1 of 1 texts are longer than 5 tokens and were truncated"));
  EXPECT_THAT(normalized.err, Not(HasSubstr("modules.json")));
  EXPECT_THAT(embed({"--max-length", "40"}, text).err, Not(HasSubstr("truncated")));
  for (const Pooling pooling : {Pooling::cls, Pooling::max, Pooling::mean_sqrt_len_tokens}) {
    add_files("base", {.pooling = pooling});
    const ProgramResult other = embed({}, text);
    ASSERT_EQ(other.exit_code, 0) << other.err;
    EXPECT_NE(numbers(json_lines(other.out).at(0)), mean) << to_string(pooling);
  }
}

// The numbers behind the header of an array, and its shape.
struct Array {
  std::string shape;
  std::vector<float> values;

  explicit Array(const std::string& bytes) {
    const std::size_t header = bytes.find('\n') + 1, from = bytes.find("'shape': (") + 10;
    EXPECT_EQ(bytes.substr(0, 6), "\x93NUMPY");
    EXPECT_EQ(header, 128U);
    shape = bytes.substr(from, bytes.find(')', from) - from);
    values.resize((bytes.size() - header) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(float));
  }
};

TEST_F(SentenceEmbedding, AnArrayHoldsTheSameNumbersAsTheLines) {
  std::string texts;
  for (int i = 0; i < 1500; ++i) texts += "film " + std::string(1, static_cast<char>('a' + i % 26)) + "\n";
  const ProgramResult lines = embed({"--batch-size", "5"}, texts);
  const ProgramResult array = embed({"--output", path("out.npy"), "--batch-size", "5"}, texts);
  ASSERT_EQ(array.exit_code, 0) << array.err;
  EXPECT_EQ(array.out, "");
  const Array read(files.read("out.npy"));
  EXPECT_EQ(read.shape, "1500, 32");
  std::vector<float> expected;
  for (const Json& line : json_lines(lines.out)) {
    const std::vector<float> row = numbers(line);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  EXPECT_EQ(read.values, expected);
}

TEST_F(SentenceEmbedding, OneRowAndNone) {
  files.write("one.csv", "text\nthe food\n");
  ASSERT_EQ(embed({path("one.csv"), "--output", path("one.npy")}).exit_code, 0);
  EXPECT_EQ(Array(files.read("one.npy")).shape, "1, 32");
  files.write("empty.csv", "");
  const ProgramResult empty = embed({path("empty.csv"), "--output", path("empty.npy")});
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_THAT(empty.err, HasSubstr("empty.csv"));
  EXPECT_FALSE(exists("empty.npy"));
}

TEST_F(SentenceEmbedding, TheTextsOfAPairHaveEmbeddingsOfTheirOwn) {
  files.write("pairs.csv", "sentence1,sentence2\nthe film,good food\n");
  const ProgramResult result = embed({path("pairs.csv")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json line = json_lines(result.out).at(0);
  EXPECT_EQ(line.at("text_pair"), "good food");
  const std::vector<Json> single = json_lines(embed({}, "the film\ngood food\n").out);
  EXPECT_EQ(numbers(line), numbers(single.at(0)));
  EXPECT_EQ(numbers(line, "embedding_pair"), numbers(single.at(1)));
  const ProgramResult array = embed({path("pairs.csv"), "--output", path("out.npy")});
  EXPECT_EQ(array.exit_code, 2);
  EXPECT_THAT(array.err, AllOf(HasSubstr("\"sentence1\" and \"sentence2\""), HasSubstr("--text-column")));
  EXPECT_FALSE(exists("out.npy"));
  EXPECT_EQ(embed({path("pairs.csv"), "--text-column", "sentence2", "--output", path("out.npy")}).exit_code,
            0);
}

TEST_F(SentenceEmbedding, HostileFilesAreRefused) {
  add_files("base", {});
  files.write("base/modules.json",
              R"([{"type": "sentence_transformers.models.Transformer", "path": ""},
                  {"type": "sentence_transformers.models.Pooling", "path": "../../secret"}])");
  EXPECT_EQ(embed({}, "a\n").exit_code, 1);
  EXPECT_THAT(embed({}, "a\n").err, AllOf(HasSubstr("modules.json"), HasSubstr("cannot be trusted")));
  files.write("base/modules.json", "[1");
  EXPECT_EQ(embed({}, "a\n").exit_code, 1);
}

TEST_F(SentenceEmbedding, LearnsFromScores) {
  files.write("train.csv", pairs(96, true));
  files.write("test.csv", pairs(40, true, 400));
  const ProgramResult trained = train("out", {"--test", path("test.csv")});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("from pairs with scores (cosine-similarity loss"));
  EXPECT_THAT(trained.err, HasSubstr("scores of train are divided by 5"));
  EXPECT_THAT(trained.out, HasSubstr("bertune embed --model"));
  const Json results = json("out/all_results.json");
  // Scores of two values have ties: the most that there can be is 0.87.
  EXPECT_GE(results.at("test_spearmanr").get<double>(), 0.7) << trained.out;
  EXPECT_TRUE(results.contains("eval_pearson"));
  EXPECT_EQ(json("out/config.json").at("architectures"), Json::parse(R"(["BertModel"])"));
  EXPECT_EQ(json("out/sentence_bert_config.json").at("max_seq_length"), 40);
  EXPECT_EQ(json("out/1_Pooling/config.json").at("pooling_mode_mean_tokens"), true);
  EXPECT_EQ(json("out/modules.json").size(), 2U);
  EXPECT_EQ(json("out/bertune.json").at("score_scale"), 5);

  const ProgramResult evaluated =
      run({"evaluate", "--model", path("out"), "--test", path("test.csv"), "--json", "--threads", "1"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  EXPECT_EQ(Json::parse(evaluated.out).at("test_spearmanr"), results.at("test_spearmanr"));
  EXPECT_EQ(Json::parse(evaluated.out).at("test_loss"), results.at("test_loss"));

  const ProgramResult predicted =
      run({"predict", "--model", path("out"), path("test.csv"), "--batch-size", "7"});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const std::vector<Json> scores = json_lines(predicted.out),
                          embeddings = json_lines(embed({path("test.csv")}, "", "out").out);
  ASSERT_EQ(scores.size(), 40U);
  ASSERT_EQ(embeddings.size(), 40U);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::vector<float> a = numbers(embeddings[i]), b = numbers(embeddings[i], "embedding_pair");
    double dot = 0;
    for (std::size_t c = 0; c < a.size(); ++c) dot += static_cast<double>(a[c]) * b[c];
    EXPECT_NEAR(scores[i].at("score").get<double>(), dot / length_of(a) / length_of(b), 1e-5);
  }
}

TEST_F(SentenceEmbedding, LearnsFromPairsThatBelongTogether) {
  files.write("train.csv", pairs(96, false));
  const ProgramResult trained = train("out", {"--pooling", "cls"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("that belong together (multiple-negatives-ranking loss"));
  EXPECT_THAT(trained.err, HasSubstr("pooling: cls"));
  EXPECT_THAT(trained.err, HasSubstr("second texts of train repeat an earlier one"));
  const Json results = json("out/all_results.json");
  EXPECT_TRUE(results.contains("eval_accuracy"));
  EXPECT_GT(results.at("eval_mrr").get<double>(), results.at("eval_accuracy").get<double>() / 2);
  EXPECT_EQ(json("out/1_Pooling/config.json").at("pooling_mode_cls_token"), true);
  // Validation may have scores where training has none.
  files.write("validation.csv", pairs(30, true, 300));
  const ProgramResult mixed = train("mixed", {"--validation", path("validation.csv")});
  ASSERT_EQ(mixed.exit_code, 0) << mixed.err;
  EXPECT_TRUE(json("mixed/all_results.json").contains("eval_spearmanr"));
  // Scores can be left aside.
  files.write("train.csv", pairs(40, true));
  EXPECT_EQ(train("ranked", {"--embedding-loss", "multiple-negatives-ranking"}).exit_code, 0);
  EXPECT_TRUE(json("ranked/all_results.json").contains("eval_accuracy"));
}

TEST_F(SentenceEmbedding, ThreadsAndAccumulationOfScoredPairsChangeNothing) {
  files.write("train.csv", pairs(64, true));
  ASSERT_EQ(train("one", {}).exit_code, 0);
  ASSERT_EQ(train("two", {"--threads", "2"}).exit_code, 0);
  EXPECT_EQ(files.read("one/model.safetensors"), files.read("two/model.safetensors"));
  ASSERT_EQ(train("parts", {"--batch-size", "2", "--gradient-accumulation-steps", "4"}).exit_code, 0);
  EXPECT_NEAR(json("one/all_results.json").at("eval_loss").get<double>(),
              json("parts/all_results.json").at("eval_loss").get<double>(), 1e-4);
}

TEST_F(SentenceEmbedding, IsABaseForFurtherTrainingAndOtherTasks) {
  files.write("train.csv", pairs(32, true));
  ASSERT_EQ(train("out", {"--epochs", "1"}).exit_code, 0);
  files.write("labels.csv", testing::tiny_dataset(40));
  const ProgramResult labels = run({"train", "--model", path("out"), "--train", path("labels.csv"),
                                    "--output", path("labels"), "--epochs", "1", "--threads", "1"});
  ASSERT_EQ(labels.exit_code, 0) << labels.err;
  EXPECT_EQ(json("labels/config.json").at("architectures"),
            Json::parse(R"(["BertForSequenceClassification"])"));
  const ProgramResult again =
      run({"train", "--task", "sentence-embedding", "--model", path("out"), "--train", path("train.csv"),
           "--output", path("more"), "--epochs", "1", "--lora", "--merge-lora", "--threads", "1"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(exists("more/model.safetensors"));
}

TEST_F(SentenceEmbedding, AConvertedModelEmbedsAsBefore) {
  add_files("base", {.pooling = Pooling::max, .normalize = true, .max_seq_length = 9});
  const ProgramResult converted =
      run({"convert", "--model", path("base"), "--output", path("half"), "--save-dtype", "float16"});
  ASSERT_EQ(converted.exit_code, 0) << converted.err;
  EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(files.path() / "half"),
            SentenceEmbeddingConfig::from_pretrained(files.path() / "base"));
  const std::vector<float> before = numbers(json_lines(embed({}, "the film\n").out).at(0)),
                           after = numbers(json_lines(embed({}, "the film\n", "half").out).at(0));
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 2e-3);
}

TEST_F(SentenceEmbedding, SaysWhatIsWrong) {
  files.write("train.csv", "text,label\nthe film,1\n");
  ProgramResult result = train("out", {});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--text-pair-column"));
  files.write("train.csv", "sentence1,sentence2,label\na,b,entailment\nc,d,neutral\n");
  result = train("out", {});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("train.csv:2"), HasSubstr("--embedding-loss multiple-negatives-ranking")));
  files.write("train.csv", pairs(20, false));
  result = train("out", {"--embedding-loss", "cosine-similarity"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--label-column"));
  EXPECT_EQ(train("out", {"--embedding-loss", "triplet"}).exit_code, 2);
  EXPECT_THAT(train("out", {"--pooling", "median"}).err, HasSubstr("--pooling is \"median\""));
  EXPECT_EQ(train("out", {"--batch-size", "1"}).exit_code, 2);
  EXPECT_THAT(train("out", {"--lora"}).err, HasSubstr("--merge-lora"));
  EXPECT_EQ(train("out", {"--label-smoothing", "0.1"}).exit_code, 2);
  EXPECT_FALSE(exists("out/config.json"));
  add_files("base", {});
  const std::string config = files.read("base/config.json");
  files.write(
      "base/config.json",
      Json(Json::parse(config))
          .patch(Json::parse(R"([{"op": "replace", "path": "/architectures", "value": ["BertModel"]}])"))
          .dump());
  result = run({"predict", "--model", path("base")}, "the film\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bertune embed"));
}

TEST_F(SentenceEmbedding, TheModelThatComesAlong) {
  const std::string model = std::string(BERTUNE_SOURCE_DIR) + "/examples/models/small-bert";
  const ProgramResult result = run({"embed", "--model", model, "--threads", "1"}, "My parcel is late.\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(numbers(json_lines(result.out).at(0)).size(), 256U);
}

}  // namespace
}  // namespace bertune
