// Every change of the disk that a command makes fails, is cut short, or is the last one. What was there
// before is whole, the same command goes on to the same bits, and a person's files are there.
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/folder_lock.h"
#include "faults/training.h"
#include "support/hub_server.h"

namespace bertune::testing {
namespace {

TEST_F(Training, IntoANewFolder) {
  fs::remove(root() / "out");
  Scenario scenario{.command = evaluated(), .again = evaluated({"--resume"})};
  examine(scenario);
}

TEST_F(Training, OverAnEarlierModel) {
  must(train({"--max-steps", "1", "--seed", "9"}));
  const Arguments command = evaluated({"--test", in("validation.csv"), "--overwrite"});
  examine({.command = command, .again = command, .usable = predict()});
}

TEST_F(Training, IntoTheWorkingFolder) {
  must(train({"--max-steps", "1", "--seed", "9"}));
  Arguments command = train({"--max-steps", "2", "--overwrite"});
  *std::find(command.begin(), command.end(), out()) = ".";
  examine({.command = command, .again = command, .usable = predict(), .in_output = true});
}

// Without exchanges of folders, and without links.
TEST_F(Training, OnAPlainFileSystem) {
  must(train({"--max-steps", "1", "--seed", "9"}));
  const Arguments command = train({"--max-steps", "2", "--overwrite"});
  examine({.command = command, .again = command, .usable = predict(), .is_plain = true});
}

TEST_F(Training, OfAnAdapter) {
  must(train({"--max-steps", "1", "--seed", "9", "--lora"}));
  const Arguments command = train({"--max-steps", "3", "--save-steps", "1", "--lora", "--overwrite"});
  examine({.command = command, .again = command, .usable = predict()});
}

TEST_F(Training, OfFolds) {
  const Arguments command = train({"--max-steps", "2", "--folds", "2", "--keep-folds"});
  examine({.command = command, .again = command + Arguments{"--resume"}});
}

TEST_F(Training, OnText) {
  std::string text;
  for (int i = 0; i < 6; ++i) text += "the film was good .\nthe food was bad .\nthe film was not poor .\n\n";
  write("text.txt", text);
  const Arguments command = {
      "pretrain",  "--model", in("base"),     "--train", in("text.txt"), "--output", out(),
      "--threads", "1",       "--batch-size", "4",       "--max-steps",  "3",        "--save-steps",
      "1",         "--quiet"};
  examine({.command = command, .again = command + Arguments{"--resume"}});
}

TEST_F(Training, OnTextInFiles) {
  std::string text;
  for (int i = 0; i < 6; ++i) text += "the film was good .\nthe food was bad .\nthe film was not poor .\n\n";
  write("text.txt", text);
  const Arguments command = {
      "pretrain",       "--model",     in("base"),     "--train", in("text.txt"), "--output", out(),
      "--threads",      "1",           "--batch-size", "4",       "--max-steps",  "1",        "--text-cache",
      out("out/texts"), "--overwrite", "--quiet"};
  examine({.command = command});
}

TEST_F(Training, PredictionOfAShard) {
  must(train({"--max-steps", "1"}));
  fs::rename(root() / "out", in("model"));
  const Arguments command = {"predict", "--model",  in("model"),  in("validation.csv"), "--shard",
                             "1/2",     "--output", out("parts"), "--threads",          "1"};
  examine({.command = command, .output = "parts", .results = "part"});
}

TEST_F(Training, Conversion) {
  must(train({"--max-steps", "1"}));
  const Arguments convert = {"convert", "--model",      in("base"), "--output",
                             out(),     "--save-dtype", "float16",  "--overwrite"};
  examine({.command = convert, .usable = {"inspect", out()}});
}

TEST_F(Training, Export) {
  const Arguments command = {"export", in("base"), "--output", out()};
  must(command);
  examine({.command = command + Arguments{"--external-data", "--overwrite"}, .results = "onnx/"});
}

TEST_F(Training, ExportIntoTheModelsFolder) {
  must(train({"--max-steps", "1"}));
  examine({.command = {"export", out(), "--output", out(), "--overwrite"},
           .usable = predict(),
           .results = "onnx/"});
}

TEST_F(Training, MergingOfAnAdapter) {
  must(train({"--max-steps", "1", "--lora"}));
  fs::rename(root() / "out", in("adapter"));
  must(train({"--max-steps", "1", "--seed", "9"}));
  examine({.command = {"convert", "--model", in("adapter"), "--output", out(), "--merge", "--overwrite"},
           .usable = predict()});
}

TEST_F(Faults, Vocabulary) {
  write("old.txt", "pug pug pugs\n");
  write("new.txt", "hug hug hugs bun bun buns\n");
  must({"vocabulary", in("old.txt"), "--output", out(), "--vocab-size", "20"});
  examine({.command = {"vocabulary", in("new.txt"), "--output", out(), "--vocab-size", "30", "--overwrite"},
           .usable = {"tokenize", "--model", out()}});
}

TEST_F(Training, Evaluation) {
  must(train({"--max-steps", "1"}));
  examine({.command = {"evaluate", "--model", out(), "--test", in("validation.csv"), "--output",
                       out("results"), "--threads", "1"},
           .usable = predict()});
}

TEST_F(Training, ASecondProcessLeavesTheFolderToTheFirst) {
  must(train({"--max-steps", "1"}));
  const auto before = tree_of(root());
  Ended ended;
  {
    const FolderLock lock(root() / "out");
    ended = in_child([&] { return run_program(train({"--max-steps", "2", "--overwrite"})); });
  }
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err,
              ::testing::HasSubstr("process " + std::to_string(::getpid()) + " is writing to this folder"));
  EXPECT_TRUE(tree_of(root()) == before);
  must(train({"--max-steps", "2", "--overwrite"}));
}

// A job that is started again may find that its killed predecessor has not left yet.
TEST_F(Training, ARunThatContinuesWaitsForTheOneBefore) {
  must(train({"--max-steps", "1"}));
  std::optional<FolderLock> lock(root() / "out");
  std::thread predecessor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    lock.reset();
  });
  const Ended ended = in_child([&] { return run_program(train({"--max-steps", "1", "--resume"})); });
  predecessor.join();
  EXPECT_EQ(ended.code, 0) << ended.err;
}

// Both at once, into one folder: whoever is later has it, whole.
TEST_F(Faults, TwoVocabularies) {
  const std::array<std::string, 2> texts = {in("one.txt"), in("two.txt")};
  write("one.txt", "pug pug pugs\n"), write("two.txt", "hug hug hugs bun bun buns\n");
  write_users_files("out");
  const auto build = [&](const std::string& text, const std::string& output) {
    return in_child([&] { return run_program({"vocabulary", text, "--output", output, "--overwrite"}); });
  };
  std::set<std::string> vocabularies;
  for (const std::string& text : texts) {
    EXPECT_EQ(build(text, out("alone")).code, 0);
    vocabularies.insert(contents_of(root() / "alone" / "vocab.txt") +
                        contents_of(root() / "alone" / "tokenizer.json"));
  }
  for (int round = 0; round < (takes_all() ? 200 : 5); ++round) {
    Ended other;
    std::thread beside([&] { other = build(texts[0], out()); });
    const Ended ended = build(texts[1], out());
    beside.join();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(other.code, 0) << other.err;
    EXPECT_TRUE(vocabularies.contains(contents_of(root() / "out" / "vocab.txt") +
                                      contents_of(root() / "out" / "tokenizer.json")));
    EXPECT_EQ(contents_of(root() / "out" / "notes.txt"), "mine");
    for (const auto& [name, what] : tree_of(root())) EXPECT_EQ(name.find(".tmp-"), name.npos) << name;
    if (HasFailure()) break;
  }
}

// Whatever number of files may be open, down to none.
TEST_F(Training, WithFewFilesOpen) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers open a file themselves to see whether memory can be read";
#endif
  must(train({"--max-steps", "1", "--seed", "9"}));
  const std::string before = contents_of(root() / "out" / "model.safetensors");
  int failed = 0;
  for (rlim_t most = 3;; ++most) {
    SCOPED_TRACE(std::to_string(most) + " files");
    const Ended ended = in_child([&] {
      const rlimit limit{most, most};
      ::setrlimit(RLIMIT_NOFILE, &limit);
      return run_program(train({"--max-steps", "1", "--overwrite"}));
    });
    for (const auto& [name, what] : tree_of(root())) EXPECT_EQ(name.find(".tmp-"), name.npos) << name;
    if (ended.code == 0) break;
    ++failed;
    EXPECT_EQ(ended.code, 1) << ended.err;
    EXPECT_THAT(ended.err, ::testing::HasSubstr("Too many open files"));
    EXPECT_EQ(contents_of(root() / "out" / "model.safetensors"), before);
    ASSERT_LT(most, 40U);
  }
  EXPECT_GT(failed, 0);
}

// A hub in a process of its own: a process that is forked while a thread of a server allocates would wait for
// the allocator's lock for ever.
class HubProcess {
 public:
  explicit HubProcess(const fs::path& model) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      HubServer server;
      auto& files = server.repository("owner/name").files;
      for (const auto& entry : fs::directory_iterator(model)) {
        const std::string name = entry.path().filename();
        files[name] = {contents_of(entry.path()), name.ends_with(".safetensors")};
      }
      server.publish();
      const std::string url = server.url();
      if (::write(ends[1], url.data(), url.size()) < 0) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char url[64];
    url_.assign(url, static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], url, sizeof url))));
    ::close(ends[0]);
  }
  HubProcess(const HubProcess&) = delete;
  HubProcess& operator=(const HubProcess&) = delete;
  ~HubProcess() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

  const std::string& url() const { return url_; }

 private:
  pid_t process_ = -1;
  std::string url_;
};

TEST_F(Training, Download) {
  for (const char* name :
       {"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "HF_TOKEN",
        "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "http_proxy", "HTTP_PROXY", "all_proxy"})
    ::unsetenv(name);
  const HubProcess hub(in("base"));
  ASSERT_THAT(hub.url(), ::testing::StartsWith("http://"));
  ::setenv("HF_ENDPOINT", hub.url().c_str(), 1);
  ::setenv("HOME", in("home").c_str(), 1);
  examine({.command = {"inspect", "owner/name", "--cache-dir", out("cache")},
           .output = "cache",
           .results = "models--owner--name/snapshots"});
}

}  // namespace
}  // namespace bertune::testing
