// Predictions of a file's shards, merged, are those of one process, byte for byte.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "core/file.h"
#include "predict/asked_models.h"
#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;

struct ShardedFile {
  std::string name, head, file, content;
};

std::string text_of(int i) {
  std::string text = "the film";
  for (int word = 0; word < i * 5 % 23; ++word) text += word % 3 == 0 ? " was not" : " good food.";
  return text;
}

// Seven items, so that most shards of five have one.
std::vector<ShardedFile> all_asked() {
  std::string csv = "text,label\n", jsonl, pairs, words, questions, table = "question,context\n", choices,
              conll = "-DOCSTART- O\n\n", lines;
  for (int i = 0; i < 7; ++i) {
    const std::string text = text_of(i);
    csv += "\"" + text + ",\nin two \"\"lines\"\"\",x\n";
    lines += text + "\n";
    jsonl += "{\"text\": \"" + text + "\"}\n";
    pairs += "{\"text\": \"" + text + "\", \"text_pair\": \"the food was poor\"}\n";
    words += R"({"tokens": ["the", "film", "was)" + std::string(static_cast<std::size_t>(i), 's') + "\"]}\n";
    questions += R"({"question": "was it good", "context": ")" + text + "\"}\n";
    table += "was it good,\"" + text + "\n\"\n";
    choices += R"({"question": "was it", "choices": ["good", ")" + text + "\"]}\n";
    conll += "the O\nfilm B-FILM\nwas O\n\n";
  }
  return {{"csv", "classes", "a.csv", csv},        {"lines", "several_labels", "a.txt", lines},
          {"jsonl", "number", "a.jsonl", jsonl},   {"pairs", "embeddings", "a.jsonl", pairs},
          {"texts", "entities", "a.jsonl", jsonl}, {"words", "tags", "a.jsonl", words},
          {"conll", "entities", "a.conll", conll}, {"questions", "answers", "a.jsonl", questions},
          {"table", "answers", "a.csv", table},    {"choices", "choices", "a.jsonl", choices}};
}

class MergedShards : public testing::ProgramTest, public ::testing::WithParamInterface<ShardedFile> {
 protected:
  std::string model(const std::string& name) {
    for (const testing::AskedHead& head : testing::asked_heads())
      if (head.name == name) return testing::write_model(files.path() / "model", head).string();
    return "";
  }
};

INSTANTIATE_TEST_SUITE_P(Files, MergedShards, ::testing::ValuesIn(all_asked()),
                         [](const auto& tested) { return tested.param.name; });

class ShardsOfRanks : public testing::ProgramTest {};

// Each rank predicts its shard and speaks for itself, where other commands would do the same work twice.
TEST_F(ShardsOfRanks, ATaskOfALauncherFindsItsPlace) {
  const std::string model = testing::write_model(files.path() / "model", testing::asked_heads()[0]).string();
  const std::string file = files.write("a.txt", "the film was good\nthe food was poor\n").string();
  for (const char* rank : {"1", "0"}) {
    const auto as_rank = [&] {
      ::setenv("OMPI_COMM_WORLD_RANK", rank, 1), ::setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
    };
    const auto run = testing::run(
        {"predict", "--model", model, file, "--shard", "auto", "--output", path("parts")}, "", as_rank);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto wrong = testing::run(
        {"predict", "--model", model, path("none.txt"), "--shard=auto", "--output", path("others")}, "",
        as_rank);
    EXPECT_THAT(wrong.err, HasSubstr("none.txt")) << rank;
  }
  const auto whole = testing::run({"predict", "--model", model, file});
  EXPECT_EQ(testing::run({"merge", path("parts")}).out, whole.out);
}

// A typo does not decide what the folder is for.
TEST_F(ShardsOfRanks, AFirstAttemptThatFailsLeavesTheFolderFree) {
  const std::string model = testing::write_model(files.path() / "model", testing::asked_heads()[0]).string();
  const std::string file = files.write("a.csv", "text,label\nthe film was good,x\n").string();
  const std::vector<std::string> start = {"predict", "--model", model,      file,
                                          "--shard", "0/1",     "--output", path("parts")};
  std::vector<std::string> wrong = start;
  wrong.insert(wrong.end(), {"--text-column", "txt"});
  EXPECT_NE(testing::run(wrong).exit_code, 0);
  EXPECT_EQ(testing::run(start).exit_code, 0);
}

TEST_P(MergedShards, AreTheOutputOfOneProcess) {
  const ShardedFile& asked = GetParam();
  const std::string folder = model(asked.head), file = files.write(asked.file, asked.content).string();
  const bool csv = asked.name == "csv" || asked.name == "pairs";
  const std::vector<std::string> start = {
      "predict", "--model", folder, file, "--threads", "1", "--output-format", csv ? "csv" : "jsonl"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), start.begin(), start.end());
    const auto run = testing::run(more);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run;
  };
  const std::string whole = with({}).out;
  ASSERT_FALSE(whole.empty());
  for (const std::string shard : {"4/5", "0/5", "2/5", "3/5", "1/5"})
    with({"--shard", shard, "--output", path("parts")});
  const auto merged = testing::run({"merge", path("parts"), "--output", path("all.gz")});
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_EQ(testing::run({"merge", path("parts")}).out, whole);
}

class ShardParts : public MergedShards {};

TEST_F(ShardParts, AreMadeOnceAndOfOneKind) {
  const std::string folder = model("classes"),
                    file = files.write("a.csv", "text\nthe film\nwas good\nnot\n").string();
  const auto predict = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", "--model", folder, file, "--output", path("parts")});
    return testing::run(more);
  };
  EXPECT_EQ(predict({"--shard", "1/2"}).exit_code, 0);
  const std::filesystem::path part = files.path() / "parts" / "part-00001-of-00002.jsonl";
  const auto made = std::filesystem::last_write_time(part);
  const auto again = predict({"--shard", "1/2", "--batch-size", "7"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("part-00001-of-00002.jsonl: is there already; nothing to do"));
  EXPECT_EQ(std::filesystem::last_write_time(part), made);
  const auto merged = testing::run({"merge", path("parts")});
  EXPECT_EQ(merged.exit_code, 1);
  EXPECT_THAT(merged.err, HasSubstr("1 of 2 parts are missing: part-00000-of-00002.jsonl"));
  EXPECT_THAT(predict({"--shard", "0/2", "--max-length", "9"}).err, HasSubstr("--max-length"));
  std::ofstream(file, std::ios::app) << "more\n";
  EXPECT_THAT(predict({"--shard", "0/2"}).err, HasSubstr("were made with another input"));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 5);
  std::ofstream(folder + "/bertune.json") << "{\"threshold\": 0.25}";
  EXPECT_THAT(predict({"--shard", "0/2"}).err, HasSubstr("were made with another model"));
}

TEST_F(ShardParts, NeedAFileAndAFolder) {
  const std::string folder = model("classes"), file = files.write("a.csv", "text\nthe film\n").string();
  const auto message = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", "--model", folder});
    const auto run = testing::run(more);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    return run.err;
  };
  EXPECT_THAT(message({file, "--shard", "0/2"}),
              HasSubstr("--shard needs --output, the folder for the parts"));
  EXPECT_THAT(message({"--shard", "0/2", "--output", path("p")}),
              HasSubstr("needs a file, and not standard input"));
  EXPECT_THAT(message({file, "--shard", "2/2", "--output", path("p")}),
              HasSubstr("there is no shard 2 of 2"));
  EXPECT_THAT(message({file, "--shard", "half", "--output", path("p")}), HasSubstr("it must be I/N"));
  EXPECT_THAT(message({file, "--shard", "0/2", "--output", file}), HasSubstr("is a file"));
}

TEST_F(ShardParts, AreWrittenAndReadPacked) {
  const std::string folder = model("classes"),
                    file = files.write("a.csv", "text\nthe film\nwas good\n").string();
  const auto plain = testing::run({"predict", "--model", folder, file});
  for (const std::string name : {"out.jsonl.gz", "out.jsonl.zst"}) {
    EXPECT_EQ(testing::run({"predict", "--model", folder, file, "--output", path(name)}).exit_code, 0);
    // What was written is read again as a file of rows.
    const auto again = testing::run({"predict", "--model", folder, path(name), "--text-column", "text"});
    EXPECT_EQ(again.out, plain.out) << again.err;
  }
}

}  // namespace
}  // namespace bertune
