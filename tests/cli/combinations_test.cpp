// Everything that changes how a model is trained goes together with everything else, for every task: each
// combination is killed, resumed by its flags and by the file of its run, and repeated from that file, to the
// same bits.
#include <gtest/gtest.h>

#include "support/program.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using testing::Program;
using testing::ProgramResult;
using testing::run;
using Flags = std::vector<std::string>;

struct Work {
  const char *name, *file;
};
struct Way {
  const char* name;
  Flags flags;
  bool adapter = false;
};

const std::vector<Way> kWays = {
    {"AdamWLora",
     {"--optimizer", "adamw", "--lora", "--lora-rank", "2", "--lora-targets", "all-linear"},
     true},
    {"SgdFrozenAccumulated",
     {"--optimizer", "sgd", "--momentum", "0.9", "--freeze-layers", "1", "--freeze-eval-mode",
      "--gradient-accumulation-steps", "3"}},
    {"LionLoraAccumulated",
     {"--optimizer", "lion", "--lora", "--lora-rank", "3", "--gradient-accumulation-steps", "2",
      "--gradient-checkpointing", "--schedule", "cosine"},
     true},
    {"AdafactorByName",
     {"--optimizer", "adafactor", "--freeze", "*.attention.*", "--layer-wise-lr-decay", "0.8"}},
    {"LambAccumulatedCheckpointed",
     {"--optimizer", "lamb", "--gradient-accumulation-steps", "2", "--gradient-checkpointing",
      "--layer-wise-lr-decay", "0.9"}},
};
const std::vector<Work> kWorks = {{"text-classification", "texts.csv"},
                                  {"token-classification", "words.conll"},
                                  {"question-answering", "questions.jsonl"},
                                  {"multiple-choice", "choices.csv"},
                                  {"pretraining", "articles.txt"}};

void write_data(const testing::TemporaryDirectory& files) {
  files.write("texts.csv", testing::tiny_dataset(60));
  std::string words, questions, choices = "question,choice0,choice1,label\n", articles;
  for (int i = 0; i < 60; ++i) {
    const std::string subject = i % 3 == 0   ? "film"
                                : i % 3 == 1 ? "food"
                                             : "story",
                      word = i % 2 == 0 ? "good" : "bad", letter(1, static_cast<char>('a' + i % 26));
    words += subject + "\tO\nwas\tO\n" + word + (i % 2 == 0 ? "\tB-UP\n" : "\tB-DOWN\n") + letter + "\tO\n\n";
    questions += "{\"question\": \"" + word + "\", \"context\": \"the " + subject + " " + letter + " was " +
                 word + "\", \"answers\": {\"text\": [\"" + word + "\"], \"answer_start\": [" +
                 std::to_string(subject.size() + 11) + "]}}\n";
    choices += "the " + subject + " " + letter + ",very good,very bad," + std::to_string(i % 2) + "\n";
    articles += "the " + subject + " was " + word + " . it was " + letter + " .\n" + (i % 5 == 4 ? "\n" : "");
  }
  files.write("words.conll", words), files.write("questions.jsonl", questions);
  files.write("choices.csv", choices), files.write("articles.txt", articles);
}

class Combinations : public ::testing::TestWithParam<std::tuple<Work, Way>> {};

TEST_P(Combinations, KilledResumedAndRepeatedToTheSameBits) {
  const auto& [work, way] = GetParam();
  const bool pretraining = std::string(work.name) == "pretraining";
  const testing::TemporaryDirectory files;
  testing::write_tiny_checkpoint(files.path() / "base");
  write_data(files);
  const auto path = [&](const std::string& name) { return (files.path() / name).string(); };
  const auto command = [&](const std::string& output) {
    Flags arguments = {pretraining ? "pretrain" : "train",
                       "--model",
                       path("base"),
                       "--train",
                       path(work.file),
                       "--output",
                       path(output),
                       "--epochs",
                       "4",
                       "--batch-size",
                       "4",
                       "--learning-rate",
                       "1e-3",
                       "--max-length",
                       "24",
                       "--save-every",
                       "3",
                       "--threads",
                       "1",
                       "--quiet"};
    if (!pretraining) arguments.insert(arguments.end(), {"--task", work.name, "--ignore-mismatched-sizes"});
    if (std::string(work.name) == "question-answering")
      arguments.insert(arguments.end(), {"--doc-stride", "8"});
    arguments.insert(arguments.end(), way.flags.begin(), way.flags.end());
    return arguments;
  };
  if (pretraining && way.adapter) {  // there is no head to train beside it
    EXPECT_EQ(run(command("refused")).exit_code, 2);
    return;
  }
  const std::string weights = way.adapter ? "/adapter_model.safetensors" : "/model.safetensors";

  const ProgramResult whole = run(command("whole"));
  ASSERT_EQ(whole.exit_code, 0) << whole.err;

  Flags parts = command("parts");
  for (const char* checkpoint : {"parts/checkpoint-3", "parts/checkpoint-9"}) {
    Program program(parts);
    program.wait_until([&] { return std::filesystem::exists(files.path() / checkpoint); });
    program.signal(SIGKILL);
    program.wait();
    if (parts.back() != "--resume") parts.emplace_back("--resume");
  }
  const ProgramResult resumed =
      run({parts.front(), "--config", path("parts/run.yaml"), "--resume", "--threads", "1", "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(files.read("whole" + weights), files.read("parts" + weights));

  const ProgramResult repeated = run({pretraining ? "pretrain" : "train", "--config", path("whole/run.yaml"),
                                      "--output", path("again"), "--threads", "1", "--quiet"});
  ASSERT_EQ(repeated.exit_code, 0) << repeated.err;
  EXPECT_EQ(files.read("whole" + weights), files.read("again" + weights));

  if (pretraining) return;
  const ProgramResult tested =
      run({"evaluate", "--model", path("parts"), "--test", path(work.file), "--json"});
  EXPECT_EQ(tested.exit_code, 0) << tested.err;
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<Work, Way>>& info) {
  std::string name = std::string(std::get<0>(info.param).name) + "_" + std::get<1>(info.param).name;
  std::erase(name, '-');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Matrix, Combinations,
                         ::testing::Combine(::testing::ValuesIn(kWorks), ::testing::ValuesIn(kWays)),
                         name_of);

}  // namespace
}  // namespace bertune
