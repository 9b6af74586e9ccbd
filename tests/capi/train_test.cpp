// Training by the C interface, beside the program that does the same.
#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "bertune/bertune.h"
#include "support/program.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using Options = std::vector<std::string>;

class CTraining : public ::testing::Test {
 protected:
  CTraining() {
    testing::write_tiny_checkpoint(files_.path() / "model");
    files_.write("train.csv", testing::tiny_dataset(96));
    files_.write("test.csv", testing::tiny_dataset(40, 200));
  }

  std::string path(const std::string& name) const { return (files_.path() / name).string(); }

  // Names and values.
  Options options(const std::string& output, const Options& more = {}) const {
    Options all = {"model",
                   path("model"),
                   "train",
                   path("train.csv"),
                   "test",
                   path("test.csv"),
                   "output",
                   path(output),
                   "epochs",
                   "2",
                   "learning_rate",
                   "5e-3",
                   "per_device_train_batch_size",
                   "16",
                   "optim_args",
                   "eps=1e-7"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  // Returns whether to stop.
  using OnEvent = std::function<bool(const Json& event)>;
  bertune_status train(const Options& options, const OnEvent& on_event = {}) {
    std::vector<const char*> texts;
    for (const std::string& text : options) texts.push_back(text.c_str());
    texts.push_back(nullptr);
    char* json = nullptr;
    const bertune_status status = bertune_train(
        texts.data(),
        [](const char* event, void* user) {
          const OnEvent& watcher = *static_cast<const OnEvent*>(user);
          return watcher && watcher(Json::parse(event)) ? 1 : 0;
        },
        const_cast<OnEvent*>(&on_event), &json);
    result_ = json == nullptr ? Json() : Json::parse(json);
    bertune_string_free(json);
    return status;
  }

  static Options as_flags(const Options& options) {
    Options flags = {"train"};
    for (std::size_t i = 0; i < options.size(); i += 2)
      flags.push_back("--" + options[i] + "=" + options[i + 1]);
    return flags;
  }

  testing::TemporaryDirectory files_;
  Json result_;
};

TEST_F(CTraining, LeavesTheBytesOfTheProgram) {
  for (const Options& more :
       {Options(), Options{"lora", "true", "lora_targets", "query", "lora_targets", "key"},
        Options{"optimizer", "lamb", "freeze", "*embeddings*", "label_smoothing", "0.1"}}) {
    ASSERT_EQ(train(options("out", more)), BERTUNE_OK) << bertune_last_error();
    std::filesystem::rename(files_.path() / "out", files_.path() / "of_c");
    const auto done = testing::Program(as_flags(options("out", more))).wait();
    ASSERT_EQ(done.exit_code, 0) << done.err;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(files_.path() / "out"))
      names.push_back(entry.path().filename().string());
    EXPECT_GT(names.size(), 12);
    for (const std::string& name : names) {
      ASSERT_TRUE(std::filesystem::exists(files_.path() / "of_c" / name)) << name;
      const bool has_times = name.ends_with("results.json") || name.starts_with("report.") ||
                             name == "trainer_state.json" || name == "plan.json" ||
                             name == "baselines.json" || name == "README.md";
      if (!has_times) {
        EXPECT_EQ(files_.read("out/" + name), files_.read("of_c/" + name)) << name;
      }
    }
    std::filesystem::remove_all(files_.path() / "out");
    std::filesystem::remove_all(files_.path() / "of_c");
  }
}

TEST_F(CTraining, TellsWhatHappens) {
  std::vector<std::string> events;
  std::int64_t last_step = 0;
  ASSERT_EQ(train(options("out"),
                  [&](const Json& event) {
                    const std::string name = event.at("event");
                    if (events.empty() || events.back() != name) events.push_back(name);
                    if (name == "step") last_step = event.at("step");
                    return false;
                  }),
            BERTUNE_OK);
  for (const char* name : {"data_read", "model_loaded", "run_planned", "step", "evaluation",
                           "checkpoint_saved", "training_ended", "model_saved", "tested"})
    EXPECT_THAT(events, ::testing::Contains(name));
  EXPECT_EQ(result_.at("steps"), last_step);
  EXPECT_EQ(result_.at("task"), "text-classification");
  EXPECT_GE(result_.at("test").at("accuracy"), 0.5);
}

TEST_F(CTraining, StopsWhereTheCallbackAsksAndContinues) {
  ASSERT_EQ(train(options("whole")), BERTUNE_OK);
  const Options in_two = options("in_two");
  EXPECT_EQ(
      train(in_two, [](const Json& event) { return event.at("event") == "step" && event.at("step") == 4; }),
      BERTUNE_INTERRUPTED);
  EXPECT_STRNE(bertune_last_error(), "");
  EXPECT_TRUE(result_.is_null());
  Options resumed = in_two;
  resumed.insert(resumed.end(), {"resume", "true"});
  std::int64_t first = 0;
  EXPECT_EQ(train(resumed,
                  [&](const Json& event) {
                    if (event.at("event") == "resumed") first = event.at("step");
                    return false;
                  }),
            BERTUNE_OK);
  EXPECT_EQ(first, 4);
  EXPECT_EQ(files_.read("whole/model.safetensors"), files_.read("in_two/model.safetensors"));
  EXPECT_EQ(train(resumed), BERTUNE_ALREADY_DONE);
}

TEST_F(CTraining, CrossValidates) {
  ASSERT_EQ(train(options("out", {"folds", "2", "max_steps", "2"})), BERTUNE_OK) << bertune_last_error();
  EXPECT_TRUE(result_.at("mean").contains("accuracy"));
}

TEST_F(CTraining, LeavesTheReportsOfSeveralSeedsThatTheProgramLeaves) {
  const Options asked = options("out", {"seeds", "2", "max_steps", "3", "report_to", "tensorboard"});
  ASSERT_EQ(train(asked), BERTUNE_OK) << bertune_last_error();
  EXPECT_TRUE(result_.contains("mean"));
  std::filesystem::rename(files_.path() / "out", files_.path() / "of_c");
  const auto done = testing::Program(as_flags(asked)).wait();
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto names_in = [&](const std::string& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(files_.path() / folder)) {
      std::string name = std::filesystem::relative(entry.path(), files_.path() / folder);
      names.insert(name.substr(0, name.find("/runs/")));  // whose names are a time
    }
    return names;
  };
  const std::set<std::string> names = names_in("out");
  EXPECT_EQ(names_in("of_c"), names);
  for (const char* name :
       {"report.html", "explanations.json", "seed-42/report.html", "seed-43/baselines.json"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_EQ(files_.read("out/explanations.json"), files_.read("of_c/explanations.json"));
}

TEST_F(CTraining, RefusesWhatTheProgramRefusesByTheNameOfTheOption) {
  const auto refused = [&](const Options& more) {
    EXPECT_EQ(train(options("out", more)), BERTUNE_USAGE);
    return std::string(bertune_last_error_option()) + ": " + bertune_last_error();
  };
  EXPECT_THAT(refused({"sheds", "1"}), HasSubstr("sheds: bertune train has no option `sheds`"));
  EXPECT_THAT(refused({"lr", "1"}), HasSubstr("`learning_rate` and `lr` are one option"));
  EXPECT_THAT(refused({"lora_rank", "4"}), HasSubstr("lora_rank: `lora_rank` means nothing without `lora`"));
  EXPECT_THAT(refused({"lora", "perhaps"}),
              HasSubstr("lora: `lora` is \"perhaps\"; it must be true or false"));
  EXPECT_THAT(refused({"json", "true"}), HasSubstr("json: `json` is an option of the program alone"));
  EXPECT_THAT(refused({"disable_tqdm", "true"}), HasSubstr("of the program alone"));
  EXPECT_THAT(refused({"max_grad_norm", "-1"}), HasSubstr("max_grad_norm"));
  EXPECT_EQ(train({"model", path("model"), "train", path("train.csv")}), BERTUNE_USAGE);
  EXPECT_STREQ(bertune_last_error(), "`output` must be given");
  EXPECT_EQ(train({"model", path("model"), "train", path("none.csv"), "output", path("o")}), BERTUNE_ERROR);
  EXPECT_THAT(bertune_last_error(), HasSubstr("none.csv"));
}

}  // namespace
}  // namespace bertune
