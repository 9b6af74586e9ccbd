// bertune pretrain with its text in files: the same model, tokenized once.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "support/program_test.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;
using testing::run;

class TextCache : public testing::ProgramTest {
 protected:
  void SetUp() override {
    for (int part = 0; part < 2; ++part) {
      std::string text;
      for (int i = 0; i < 30; ++i) {
        for (int j = 0; j < 4; ++j)
          text += std::string(1 + (i + part) % 3, 'a') + " is " + std::string(1 + j, 'b') + ".\n";
        text += "\n";
      }
      files.write("text-" + std::to_string(part) + ".txt", text);
    }
    files.write("config.json", R"({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1,
      "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 40})");
    files.write("vocab/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\na\nb\nis\n##a\n##b\n");
  }

  std::vector<std::string> command(const std::string& output, std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"pretrain",
                                    "--train",
                                    path("text-*.txt"),
                                    "--config-name",
                                    path("config.json"),
                                    "--vocabulary",
                                    path("vocab"),
                                    "--output",
                                    path(output),
                                    "--max-steps",
                                    "4",
                                    "--batch-size",
                                    "4",
                                    "--threads",
                                    "1",
                                    "--overwrite"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProgramResult pretrain(const std::string& output, std::vector<std::string> more = {}) const {
    const ProgramResult result = run(command(output, std::move(more)));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result;
  }
  std::string model(const std::string& output) const { return files.read(output + "/model.safetensors"); }
  std::filesystem::path tokens() const {
    for (const auto& entry : std::filesystem::directory_iterator(path("cache")))
      if (entry.is_directory()) return entry.path() / "tokens";
    return {};
  }
};

TEST_F(TextCache, ChangesNoBitAndIsUsedAgain) {
  pretrain("memory");
  const ProgramResult first = pretrain("first", {"--text-cache", path("cache")});
  EXPECT_THAT(first.err, HasSubstr("holds the tokenized text"));
  EXPECT_EQ(model("first"), model("memory"));
  const auto made = std::filesystem::last_write_time(tokens());
  const ProgramResult again = pretrain("again", {"--text-cache", path("cache")});
  EXPECT_THAT(again.err, HasSubstr("the text is tokenized already"));
  EXPECT_EQ(std::filesystem::last_write_time(tokens()), made);
  EXPECT_EQ(model("again"), model("memory"));
  // Another time of a file is no other file; other contents are.
  std::filesystem::last_write_time(path("text-0.txt"), std::filesystem::file_time_type::clock::now());
  EXPECT_THAT(pretrain("again", {"--text-cache", path("cache")}).err, HasSubstr("is tokenized already"));
  std::ofstream(path("text-0.txt"), std::ios::app) << "b is a.\n";
  EXPECT_THAT(pretrain("other", {"--text-cache", path("cache")}).err, Not(HasSubstr("is tokenized already")));
}

TEST_F(TextCache, IsMadeAgainWhereItIsDamaged) {
  pretrain("first", {"--text-cache", path("cache")});
  std::fstream(tokens(), std::ios::in | std::ios::out | std::ios::binary).seekp(30).put('\x55');
  const ProgramResult result = pretrain("second", {"--text-cache", path("cache")});
  EXPECT_THAT(result.err, HasSubstr("tokens is not as it was written; the text is tokenized again"));
  EXPECT_EQ(model("second"), model("first"));
}

TEST_F(TextCache, IsMadeOnceForSeveralProcesses) {
  Program one(command("one", {"--text-cache", path("cache")})),
      two(command("two", {"--text-cache", path("cache")}));
  const std::string all = one.wait().err + two.wait().err;
  EXPECT_EQ(model("one"), model("two"));
  const auto count = [&](std::string_view text) {
    std::size_t times = 0;
    for (std::size_t at = all.find(text); at != all.npos; at = all.find(text, at + 1)) ++times;
    return times;
  };
  EXPECT_EQ(count("holds the tokenized text"), 1U) << all;
  EXPECT_EQ(count("is tokenized already"), 1U) << all;
}

TEST_F(TextCache, NeedsFilesThatFit) {
  const ProgramResult result = run(command("bad", {"--train", path("none-*.txt")}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("none-*.txt: there is no file of such a name"));
}

}  // namespace
}  // namespace bertune
