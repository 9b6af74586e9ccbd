// Every bad input gets one message that names the file and the line, the right exit code, and leaves nothing
// behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;

class BadInput : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("good.csv", tiny_dataset(64));
  }

  ProgramResult train(const std::string& train_file, const std::vector<std::string>& more = {},
                      const std::function<void()>& prepare = {}) const {
    std::vector<std::string> arguments = {"train",    "--model",   path("base"), "--train", path(train_file),
                                          "--output", path("out"), "--epochs",   "1",       "--batch-size",
                                          "8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, "", prepare);
  }

  // One "error:" line with these parts, the code, and no model.
  void expect_error(const ProgramResult& result, int code, const std::vector<std::string>& parts) const {
    EXPECT_EQ(result.exit_code, code) << result.err;
    const std::size_t at = result.err.find("error: ");
    ASSERT_NE(at, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("error: ", at + 1), std::string::npos) << result.err;
    for (const std::string& part : parts) EXPECT_THAT(result.err.substr(at), HasSubstr(part));
    EXPECT_FALSE(std::filesystem::exists(files.path() / "out" / "model.safetensors"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(files.path())) {
      EXPECT_THAT(entry.path().filename().string(), ::testing::Not(HasSubstr(".tmp-")))
          << "half-written file left behind";
    }
  }
  void expect_data_error(const std::string& contents, int code, const std::vector<std::string>& parts) const {
    files.write("bad.csv", contents);
    expect_error(train("bad.csv"), code, parts);
  }
};

TEST_F(BadInput, NoSuchFile) { expect_error(train("absent.csv"), 1, {"absent.csv", "No such file"}); }
TEST_F(BadInput, EmptyFile) { expect_data_error("", 1, {"bad.csv", "empty"}); }
TEST_F(BadInput, HeaderOnly) { expect_data_error("text,label\n", 1, {"bad.csv"}); }
TEST_F(BadInput, MissingColumn) {
  expect_error(train("good.csv", {"--label-column", "labl"}), 2, {"good.csv", "labl", "label"});
}
TEST_F(BadInput, RaggedRow) { expect_data_error("text,label\na,b\na,b,c\n", 1, {"bad.csv:3"}); }
TEST_F(BadInput, UnclosedQuote) {
  expect_data_error("text,label\na,b\n\"never closed,b\nc,d\n", 1, {"bad.csv:3", "quote"});
}
TEST_F(BadInput, SingleClass) { expect_data_error("text,label\na,b\nc,b\nd,b\n", 1, {"bad.csv", "\"b\""}); }

TEST_F(BadInput, TestLabelUnseenInTraining) {
  files.write("test.csv", "text,label\nthe film,positive\nthe food,positve\n");
  expect_error(train("good.csv", {"--test", path("test.csv")}), 1, {"test.csv:3", "positve", "positive"});
}

TEST_F(BadInput, InvalidUtf8AndNulBytesAreCountedAndSaid) {
  std::string data = tiny_dataset(64) + "caf\x81 was good,positive\n";
  data += std::string("a nul \0 inside,negative\n", 24);
  files.write("bytes.csv", data);
  const ProgramResult result = train("bytes.csv");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("bytes.csv:66"));
  EXPECT_THAT(result.err, HasSubstr("UTF-8"));
  EXPECT_THAT(result.err, HasSubstr("NUL"));
}

TEST_F(BadInput, EmptyAndHugeTexts) {
  std::string data = tiny_dataset(64) + ",positive\n";
  for (int i = 0; i < 1 << 20; ++i) data += "good film ";
  data += ",positive\n";
  files.write("sizes.csv", data);
  const ProgramResult result = train("sizes.csv");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("empty"));
  EXPECT_THAT(result.err, HasSubstr("longer than"));
}

TEST_F(BadInput, MaxLengthOverTheModels) {
  expect_error(train("good.csv", {"--max-length", "41"}), 2, {"--max-length is 41", "40"});
}

TEST_F(BadInput, WrongUsage) {
  expect_error(train("good.csv", {"--epochs", "-1"}), 2, {"--epochs"});
  expect_error(train("good.csv", {"--optimizer", "adm"}), 2, {"adm", "adamw"});
  expect_error(train("good.csv", {"--schedule", "wavy"}), 2, {"wavy", "cosine"});
  expect_error(train("good.csv", {"--optim-args", "betta1=0.9"}), 2, {"adamw", "betta1", "beta1", "amsgrad"});
  expect_error(train("good.csv", {"--optim_args", "beta1"}), 2, {"--optim-args", "name=value"});
  expect_error(train("good.csv", {"--lr_scheduler_kwargs", "{\"power\": 2}"}), 2, {"linear", "power"});
  expect_error(train("good.csv", {"--schedule", "greedy", "--validation-split", "0"}), 2, {"validation"});
  expect_error(train("good.csv", {"--learnin-rate", "1"}), 2, {"learnin-rate"});
  expect_error(train("good.csv", {"--format", "xls"}), 2, {"xls", "csv"});
  expect_error(train("good.csv", {"--validation-split", "1.5"}), 2, {"--validation-split"});
  expect_error(train("good.csv", {"--metric-for-best-model", "acuracy"}), 1, {"acuracy", "f1_macro"});
}

TEST_F(BadInput, NotACheckpoint) {
  std::filesystem::remove(files.path() / "base" / "model.safetensors");
  expect_error(train("good.csv"), 1, {"base", "model.safetensors"});
  std::filesystem::remove(files.path() / "base" / "config.json");
  expect_error(train("good.csv"), 1, {"config.json"});
}

TEST_F(BadInput, CorruptSafetensors) {
  const std::string whole = files.read("base/model.safetensors");
  files.write("base/model.safetensors", whole.substr(0, whole.size() / 2));
  expect_error(train("good.csv"), 1, {"model.safetensors", "cut off"});
  std::string lying = whole;
  lying[7] = '\x7F';  // the header claims to be longer than any disk
  files.write("base/model.safetensors", lying);
  expect_error(train("good.csv"), 1, {"model.safetensors", "header"});
}

TEST_F(BadInput, VocabularyLargerThanTheEmbeddings) {
  files.write("base/vocab.txt", files.read("base/vocab.txt") + "extra\n");
  expect_error(train("good.csv"), 1, {"71", "70", "vocabulary"});
}

TEST_F(BadInput, ShapeMismatchNamesBothShapes) {
  std::string config = files.read("base/config.json");
  const std::size_t at = config.find("\"intermediate_size\": 64");
  ASSERT_NE(at, std::string::npos);
  config.replace(at, std::strlen("\"intermediate_size\": 64"), "\"intermediate_size\": 48");
  files.write("base/config.json", config);
  expect_error(train("good.csv"), 1, {"intermediate.dense.weight", "[64, 32]", "[48, 32]"});
}

TEST_F(BadInput, LossThatIsNotANumberStopsTheRun) {
  const ProgramResult result =
      train("good.csv", {"--learning-rate", "1e30", "--max-grad-norm", "0", "--optimizer", "sgd", "--epochs",
                         "3", "--warmup-ratio", "0", "--save-every", "1"});
  expect_error(result, 1, {"step ", "finite", "good.csv:", "--learning-rate"});
  EXPECT_TRUE(std::filesystem::exists(files.path() / "out" / "checkpoint-1" / "model.safetensors"));
}

TEST_F(BadInput, OutputThatCannotBeWritten) {
  files.write("file", "x");
  const ProgramResult result =
      run({"train", "--model", path("base"), "--train", path("good.csv"), "--output", path("file")});
  expect_error(result, 2, {"file", "not a folder"});
  if (::geteuid() == 0) {
    expect_error(
        run({"train", "--model", path("base"), "--train", path("good.csv"), "--output", "/proc/out"}), 1,
        {"/proc/out"});
  } else {
    std::filesystem::create_directory(files.path() / "locked");
    std::filesystem::permissions(files.path() / "locked", std::filesystem::perms::owner_read);
    expect_error(
        run({"train", "--model", path("base"), "--train", path("good.csv"), "--output", path("locked/out")}),
        1, {"locked"});
  }
}

// A file size limit stands in for a full disk: writes fail half-way in the same manner.
TEST_F(BadInput, DiskThatFillsUp) {
  const ProgramResult result = train("good.csv", {}, [] {
    const rlimit limit{16 * 1024, 16 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  expect_error(result, 1, {"model.safetensors", "cannot write", "space"});
}

TEST_F(BadInput, AFullDiskLeavesTheEarlierModelWhole) {
  ASSERT_EQ(train("good.csv").exit_code, 0);
  const std::string before = files.read("out/model.safetensors");
  const ProgramResult result = train("good.csv", {"--overwrite", "--seed", "5"}, [] {
    const rlimit limit{16 * 1024, 16 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(files.read("out/model.safetensors"), before);
  EXPECT_EQ(run({"predict", "--model", path("out")}, "good film\n").exit_code, 0);
}

TEST_F(BadInput, PredictNeedsAFineTunedModel) {
  std::filesystem::copy(files.path() / "base", files.path() / "encoder",
                        std::filesystem::copy_options::recursive);
  expect_error(run({"predict", "--model", path("nowhere")}, "x\n"), 1, {"nowhere"});
  const ProgramResult full =
      run({"predict", "--model", path("base"), "--output", "/dev/full"}, "good film\n");
  EXPECT_EQ(full.exit_code, 1);
}

}  // namespace
}  // namespace bertune
