// bertune train with a part frozen, with rates by layer and with adapters: what it says, saves, and goes on
// from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/program_test.h"
#include "support/safetensors_file.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;
using testing::run;
using testing::tiny_dataset;
using Json = nlohmann::json;
using Flags = std::vector<std::string>;

class FineTuning : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", tiny_dataset(96));
    files.write("validation.csv", tiny_dataset(32, 1000));
  }
  Flags command(const std::string& output, const Flags& more = {}, const std::string& model = "base") const {
    Flags arguments = {"train",
                       "--model",
                       path(model),
                       "--train",
                       path("train.csv"),
                       "--validation",
                       path("validation.csv"),
                       "--output",
                       path(output),
                       "--epochs",
                       "6",
                       "--batch-size",
                       "8",
                       "--learning-rate",
                       "3e-3",
                       "--threads",
                       "1",
                       "--precision",
                       "fp32"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  void trains(const std::string& output, const Flags& more = {}, const std::string& model = "base") const {
    const ProgramResult result = run(command(output, more, model));
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  void refuses(const Flags& more, const std::string& message, const std::string& model = "base") const {
    const ProgramResult result = run(command("refused", more, model));
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
  }
  Json evaluate(const std::string& model) const {
    const ProgramResult result =
        run({"evaluate", "--model", path(model), "--test", path("validation.csv"), "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.exit_code == 0 ? Json::parse(result.out) : Json::object();
  }
};

// Killed and resumed: the same bits as a run that was never stopped.
TEST_F(FineTuning, ResumeAfterKillIsBitIdentical) {
  const std::vector<Flags> kinds = {
      {"--lora", "--lora-targets", "query,output.dense"},
      {"--freeze-layers", "1", "--freeze-eval-mode"},
      {"--freeze", "bert.*.[0]*", "--layer-wise-lr-decay", "0.8", "--gradient-checkpointing"}};
  for (const std::string optimizer : {"adamw", "sgd", "adafactor"}) {
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      Flags more = kinds[kind];
      for (const std::string flag : {"--optimizer", optimizer.c_str(), "--save-every", "5"})
        more.push_back(flag);
      if (optimizer == "sgd") more.insert(more.end(), {"--momentum", "0.9"});
      const std::string name = optimizer + std::to_string(kind), whole = "whole-" + name,
                        parts = "parts-" + name;
      trains(whole, more);
      Flags resumed = command(parts, more);
      for (const int step : {5, 25}) {
        Program program(resumed);
        ASSERT_TRUE(program.wait_until([&] { return has_checkpoint(parts, step); })) << program.err();
        program.signal(SIGKILL);
        program.wait();
        if (resumed.back() != "--resume") resumed.emplace_back("--resume");
      }
      const ProgramResult last = run(resumed);
      ASSERT_EQ(last.exit_code, 0) << last.err;
      const std::string file = kind == 0 ? "/adapter_model.safetensors" : "/model.safetensors";
      EXPECT_EQ(files.read(whole + file), files.read(parts + file)) << name;
      EXPECT_EQ(exists(whole + "/model.safetensors"), kind != 0);
      EXPECT_EQ(json(whole + "/trainer_state.json").at("log_history"),
                json(parts + "/trainer_state.json").at("log_history"));
    }
  }
}

TEST_F(FineTuning, WorkThatIsLeftOutChangesNoBit) {
  const Flags frozen = {"--freeze-layers", "1", "--hidden-dropout", "0", "--attention-dropout", "0"};
  const auto with = [&](const Flags& more) {
    Flags flags = frozen;
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  };
  trains("cached", frozen);
  trains("uncached", with({"--frozen-cache-mib", "0"}));
  trains("evaluated", with({"--freeze-eval-mode"}));
  trains("checkpointed", with({"--gradient-checkpointing"}));
  trains("named", {"--freeze", "bert.embeddings.*", "--freeze", "bert.encoder.layer.0.*", "--hidden-dropout",
                   "0", "--attention-dropout", "0"});
  for (const std::string other : {"uncached", "evaluated", "checkpointed", "named"})
    EXPECT_EQ(files.read("cached/model.safetensors"), files.read(other + "/model.safetensors")) << other;
}

TEST_F(FineTuning, AnAdapterIsEvaluatedTrainedFurtherAndMerged) {
  const ProgramResult first =
      run(command("adapter", {"--lora", "--lora-targets", "all-linear", "--epochs", "10"}));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr(" trained, "));
  EXPECT_THAT(first.out, HasSubstr("PEFT loads this folder"));
  EXPECT_GE(json("adapter/all_results.json").at("eval_accuracy").get<double>(), 0.9);
  EXPECT_FALSE(exists("adapter/model.safetensors"));
  const Json results = evaluate("adapter");
  EXPECT_NEAR(results.at("test_loss"), json("adapter/all_results.json").at("eval_loss"), 1e-6);

  const ProgramResult inspected = run({"inspect", path("adapter")});
  EXPECT_THAT(inspected.out, HasSubstr(": rank 8, alpha 16, of attention.self.query, "));
  EXPECT_THAT(inspected.out, HasSubstr(path("base")));
  const Json described = Json::parse(run({"inspect", path("adapter"), "--json"}).out);
  EXPECT_EQ(described.at("adapter").at("r"), 8);
  EXPECT_EQ(described.at("base").at("directory"), path("base"));

  const ProgramResult merged =
      run({"convert", "--merge", "--model", path("adapter"), "--output", path("merged")});
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_EQ(evaluate("merged").at("test_loss"), results.at("test_loss"));
  EXPECT_FALSE(exists("merged/adapter_config.json"));
  trains("at-once", {"--lora", "--lora-targets", "all-linear", "--epochs", "10", "--merge-lora"});
  EXPECT_EQ(files.read("at-once/model.safetensors"), files.read("merged/model.safetensors"));
  EXPECT_EQ(run({"convert", "--model", path("adapter"), "--output", path("x"), "--save-dtype", "float16"})
                .exit_code,
            2);
  EXPECT_EQ(run({"convert", "--model", path("merged"), "--output", path("x"), "--merge"}).exit_code, 2);

  trains("further", {"--epochs", "1"}, "adapter");
  EXPECT_EQ(json("further/adapter_config.json").at("base_model_name_or_path"), path("base"));
  EXPECT_NE(files.read("further/adapter_model.safetensors"), files.read("adapter/adapter_model.safetensors"));
  refuses({"--lora", "--lora-rank", "2"}, "is an adapter of rank 8", "adapter");

  Json config = json("adapter/adapter_config.json");
  config["lora_dropout"] = 0.1;
  files.write("adapter/adapter_config.json", config.dump());
  EXPECT_EQ(evaluate("adapter").at("test_loss"), results.at("test_loss"));
  refuses({}, "lora_dropout 0.1", "adapter");

  trains("adapter", {"--epochs", "1", "--overwrite"});  // a model in the same folder
  EXPECT_FALSE(exists("adapter/adapter_config.json"));
  std::filesystem::rename(files.path() / "base", files.path() / "gone");
  const ProgramResult gone = run({"evaluate", "--model", path("further"), "--test", path("validation.csv")});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("an adapter works with the model that it was trained on"));
}

// B begins at zero, so that A has no gradient as long as B is frozen; the classifier learns in both cases.
TEST_F(FineTuning, EitherMatrixOfAnAdapterMayBeFrozen) {
  const testing::SafetensorsFile base(path("base/model.safetensors"));
  for (const std::string frozen : {"lora_A", "lora_B"}) {
    trains(frozen,
           {"--lora", "--lora-targets", "all-linear", "--freeze", "*" + frozen + "*", "--epochs", "1"});
    const testing::SafetensorsFile adapter(path(frozen + "/adapter_model.safetensors"));
    const std::string prefix = "base_model.model.";
    int matrices = 0;
    for (const std::string& name : adapter.names(prefix)) {
      if (!name.ends_with(".lora_B.weight")) continue;
      ++matrices;
      const std::vector<float> values = adapter.floats(name);
      const bool learned = std::ranges::none_of(values, [](float value) { return value == 0; });
      const bool zero = std::ranges::all_of(values, [](float value) { return value == 0; });
      EXPECT_EQ(learned, frozen == "lora_A") << name;
      EXPECT_EQ(zero, frozen == "lora_B") << name;
    }
    EXPECT_EQ(matrices, 2 * 6);
    EXPECT_NE(adapter.floats(prefix + "classifier.weight"), base.floats("classifier.weight"));
  }
}

TEST_F(FineTuning, RefusesWhatCannotBe) {
  refuses({"--freeze-layers", "3"}, "--freeze-layers is 3; this model has 2 layers");
  refuses({"--freeze-layers", "-1"}, "--freeze-layers is -1");
  refuses({"--freeze", "bert.pooler.dense.wieght"}, "did you mean \"bert.pooler.dense.weight\"?");
  refuses({"--freeze", "layer.0.*"}, "matches no parameter; there are");
  refuses({"--freeze", "*"}, "nothing would be trained");
  refuses({"--layer-wise-lr-decay", "0"}, "--layer-wise-lr-decay is 0; it must be in (0, 1]");
  refuses({"--layer-wise-lr-decay", "1.5"}, "must be in (0, 1]");
  refuses({"--layer-wise-lr-decay", "0.9", "--optimizer", "lbfgs"}, "one step in all parameters");
  refuses({"--lora-rank", "4"}, "--lora-rank means nothing without --lora");
  refuses({"--lora", "--lora-dropout", "0.1"}, "--lora-dropout is 0.1");
  refuses({"--lora", "--lora-targets", "qury"}, "did you mean \"query\"?");
  refuses({"--merge-lora"}, "there is no adapter to merge");
  refuses({"--freeze-layers", "1", "--optimizer", "sparse_adam"}, "take adam");
  EXPECT_EQ(run(command("out", {"--lora", "--epochs", "1", "--keep-checkpoints"})).exit_code, 0);
  const ProgramResult changed = run(command("out", {"--epochs", "1", "--resume"}));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_THAT(changed.err, HasSubstr("fine_tuning: {"));
}

}  // namespace
}  // namespace bertune
