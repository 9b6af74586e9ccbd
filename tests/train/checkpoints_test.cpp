// A checkpoint that is not as it was written is never trained on: the newest whole one is, and the others are
// named.
#include "train/checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "support/temporary_directory.h"
#include "train/made_run.h"
#include "train/manifest.h"
#include "train/trainer.h"

namespace bertune::train {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const testing::Kind kKind = testing::every_kind().front();

struct Watcher : Observer {
  std::stop_source stop;
  std::int64_t stop_at = -1;
  fs::path resumed;
  std::vector<std::string> notes;
  void on(const Event& event) override {
    if (const auto* step = std::get_if<StepEvent>(&event); step != nullptr && step->step == stop_at)
      stop.request_stop();
    if (const auto* resumption = std::get_if<Resumed>(&event)) resumed = resumption->checkpoint;
    if (const auto* note = std::get_if<Note>(&event)) notes.push_back(note->text);
  }
};

// Steps of an epoch: 3. A run that is stopped at step 7 leaves those of steps 6, the best or not, and 7.
class Checkpoints : public ::testing::Test {
 protected:
  void SetUp() override {
    Watcher never;
    whole_ = train(never, "whole", false);
    Watcher stopped;
    stopped.stop_at = 7;
    EXPECT_THROW(train(stopped, "out", false), Interrupted);
    ASSERT_TRUE(fs::exists(newest()));
  }

  std::vector<float> train(Watcher& watcher, const char* output, bool resume, const fs::path& from = {}) {
    TrainingArguments arguments;
    arguments.num_train_epochs = 4;
    arguments.output_dir = folder_.path() / output;
    arguments.resume = resume;
    arguments.resume_from_checkpoint = from;
    return testing::weights_of_run(kKind, arguments, watcher, watcher.stop.get_token());
  }

  fs::path out() const { return folder_.path() / "out"; }
  fs::path newest() const { return out() / "checkpoint-7"; }
  std::string read(const fs::path& path) const {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(const fs::path& path, const std::string& bytes) const {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  bertune::testing::TemporaryDirectory folder_;
  std::vector<float> whole_;
};

TEST_F(Checkpoints, AFlippedBitAnywhereIsFound) {
  EXPECT_EQ(damage_of(newest()), "");
  int files = 0;
  for (const auto& entry : fs::directory_iterator(newest())) {
    const std::string name = entry.path().filename().string(), bytes = read(entry.path());
    if (name == "manifest.json") continue;
    ++files;
    const std::size_t step = std::max<std::size_t>(1, bytes.size() / 97);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
      write(entry.path(), flipped);
      EXPECT_EQ(damage_of(newest()), name + " is not as it was written") << at;
    }
    write(entry.path(), bytes);
  }
  EXPECT_GE(files, 4);
  EXPECT_EQ(damage_of(newest()), "");
}

TEST_F(Checkpoints, TheManifestIsItselfChecked) {
  const fs::path path = newest() / "manifest.json";
  const std::string bytes = read(path);
  for (const std::string& damaged : {std::string(), bytes.substr(0, bytes.size() / 2), std::string("[1]"),
                                     std::string(R"({"files": {"config.json": {}}})")}) {
    write(path, damaged);
    EXPECT_THAT(damage_of(newest()), HasSubstr("manifest.json")) << damaged;
  }
  fs::remove(path);
  EXPECT_THAT(damage_of(newest()), HasSubstr("there is no manifest.json"));
}

TEST_F(Checkpoints, ADamagedOneIsNamedAndTheNewestWholeOneTakenToTheSameBits) {
  const std::string weights = read(newest() / "model.safetensors");
  write(newest() / "model.safetensors", weights.substr(0, weights.size() - 1000));
  fs::create_directory(out() / "checkpoint-99");
  Watcher watcher;
  EXPECT_EQ(train(watcher, "out", true), whole_);
  EXPECT_NE(watcher.resumed, newest());
  EXPECT_THAT(watcher.resumed.string(), HasSubstr("checkpoint-"));
  EXPECT_THAT(watcher.notes,
              ElementsAre(AllOf(HasSubstr("checkpoint-99"), HasSubstr("there is no manifest.json")),
                          AllOf(HasSubstr("checkpoint-7"), HasSubstr("model.safetensors has"))));
}

TEST_F(Checkpoints, WhereNoneIsWholeNothingIsTrained) {
  for (const auto& entry : fs::directory_iterator(out()))
    if (entry.is_directory()) write(entry.path() / "trainer_state.json", "");
  Watcher watcher;
  try {
    train(watcher, "out", true);
    FAIL() << "resumed from " << watcher.resumed;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no checkpoint is whole"), HasSubstr("checkpoint-7"),
                                    HasSubstr("trainer_state.json has 0 bytes"), HasSubstr("`overwrite`")));
  }
}

TEST_F(Checkpoints, ANewestWhoseBestWeightsAreLostGoesOnWithoutThem) {
  const ChosenCheckpoint before = newest_whole_checkpoint(out());
  EXPECT_EQ(before.folder, newest());
  EXPECT_THAT(before.damaged, IsEmpty());
  const auto all = checkpoints(out());
  ASSERT_EQ(all.size(), 2U);
  fs::remove(all.front() / "model.safetensors");
  const ChosenCheckpoint after = newest_whole_checkpoint(out());
  EXPECT_EQ(after.folder, newest());
  EXPECT_TRUE(after.lost_best);
  Watcher watcher;
  train(watcher, "out", true);
  EXPECT_THAT(watcher.notes, Contains(HasSubstr("are lost")));
}

TEST_F(Checkpoints, OfAPathIsTakenOrNothing) {
  const fs::path copy = folder_.path() / "kept";
  fs::copy(checkpoints(out()).front(), copy);
  Watcher watcher;
  EXPECT_EQ(train(watcher, "out", true, copy), whole_);
  EXPECT_EQ(watcher.resumed, copy);
  write(copy / "optimizer.safetensors", "");
  EXPECT_THROW(train(watcher, "out", true, copy), Error);
  EXPECT_THROW(train(watcher, "out", true, folder_.path() / "nothing"), Error);
}

TEST_F(Checkpoints, AStepThatCannotBeIsRefused) {
  for (const char* step : {"-3", "9000000000", "2.5", "1e300"}) {
    const fs::path copy = folder_.path() / "edited";
    fs::remove_all(copy);
    fs::copy(newest(), copy);
    std::string state = read(copy / "trainer_state.json");
    const std::string old = "\"global_step\": 7";
    const std::size_t at = state.find(old);
    ASSERT_NE(at, state.npos);
    write(copy / "trainer_state.json",
          state.replace(at, old.size(), std::string("\"global_step\": ") + step));
    fs::remove(copy / "manifest.json");
    write_manifest(copy);
    Watcher watcher;
    EXPECT_THROW(train(watcher, "out", true, copy), Error) << step;
  }
}

// Found by fuzzing.
TEST_F(Checkpoints, AStateThatIsNoObjectIsDamage) {
  write(out() / "model.safetensors", "");
  for (const char* text : {"[]", "3", "null", "{", R"({"bertune": []})", ""}) {
    write(out() / "trainer_state.json", text);
    EXPECT_FALSE(is_finished(out(), {.arguments = {}, .data_fingerprint = ""})) << text;
    if (std::string_view(text).size() > 4) continue;  // an object
    write(newest() / "trainer_state.json", text);
    fs::remove(newest() / "manifest.json");
    write_manifest(newest());
    const ChosenCheckpoint chosen = newest_whole_checkpoint(out());
    EXPECT_EQ(chosen.folder, checkpoints(out()).front()) << text;
    EXPECT_THAT(chosen.damaged, ElementsAre(HasSubstr("trainer_state.json is damaged"))) << text;
  }
}

}  // namespace
}  // namespace bertune::train
