// Folders that are replaced whole: wherever they are, and whenever the process is killed.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;

constexpr int kCannotMount = 77;

// The exit status of what a child process does.
int status_of_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 99;
    try {
      status = work();
    } catch (const std::exception&) {
      status = 98;
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

pid_t process_that_is_gone() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

void replace(const fs::path& folder, const std::string& text) {
  AtomicDirectory made(folder);
  write_file_atomically(made.path() / "config.json", text);
  fs::create_directory(made.path() / "1_Pooling");
  write_file_atomically(made.path() / "1_Pooling" / "config.json", text);
  made.commit();
}

class Folders : public ::testing::Test {
 protected:
  void SetUp() override {
    files_.write("model/config.json", "old");
    files_.write("model/notes.txt", "mine");
  }
  std::size_t entries(const std::string& folder) const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(files_.path() / folder), {}));
  }
  void expect_new() const {
    EXPECT_EQ(files_.read("model/config.json"), "new");
    EXPECT_EQ(files_.read("model/1_Pooling/config.json"), "new");
    EXPECT_EQ(files_.read("model/notes.txt"), "mine");
    EXPECT_EQ(entries("model"), 3U);
    EXPECT_EQ(entries(""), 1U);
  }
  std::string dead(const std::string& name) const {
    return name + ".tmp-" + std::to_string(process_that_is_gone()) + "-0123456789abcdef";
  }

  testing::TemporaryDirectory files_;
  const fs::path model_ = files_.path() / "model";
};

TEST_F(Folders, ALinkIsFollowed) {
  fs::create_directory_symlink(model_, files_.path() / "link");
  replace(files_.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(files_.path() / "link"));
  fs::remove(files_.path() / "link");
  expect_new();
}

TEST_F(Folders, TheWorkingFolderStaysTheWorkingFolder) {
  for (const char* below : {".", "1_Pooling"}) {
    fs::create_directory(model_ / "1_Pooling");
    EXPECT_EQ(status_of_child([&] {
                fs::current_path(model_ / below);
                replace(std::string_view(below) == "." ? fs::path(".") : model_, "new");
                write_file_atomically("made.txt", "here");
                return fs::exists(model_ / below / "made.txt") ? 0 : 1;
              }),
              0)
        << below;
    fs::remove(model_ / below / "made.txt");
    expect_new();
  }
}

// As in a container with a volume: the folder is another file system, and cannot be renamed.
TEST_F(Folders, AMountPointIsFilled) {
  const int status = status_of_child([&] {
    const int as_root = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
    if (::unshare(CLONE_NEWNS | as_root) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", model_.c_str(), "tmpfs", 0, nullptr) != 0)
      return kCannotMount;
    write_file_atomically(model_ / "notes.txt", "mine");
    write_file_atomically(model_ / "config.json", "old");
    replace(model_, "new");
    const bool replaced = read_file(model_ / "config.json") == "new" &&
                          read_file(model_ / "notes.txt") == "mine" &&
                          read_file(model_ / "1_Pooling/config.json") == "new";
    return replaced && entries("model") == 3 && entries("") == 1 ? 0 : 1;
  });
  if (status == kCannotMount) GTEST_SKIP() << "this system lets nobody mount here";
  EXPECT_EQ(status, 0);
}

TEST_F(Folders, WhatAKilledProcessDidNotFinishIsRemoved) {
  files_.write(dead("model") + "/config.json", "half");
  files_.write("model/" + dead("config.json"), "half");
  files_.write("model/" + dead("new") + "/config.json", "half");
  recover_folder(model_);
  EXPECT_EQ(files_.read("model/config.json"), "old");
  EXPECT_EQ(entries("model"), 2U);
  EXPECT_EQ(entries(""), 1U);
}

TEST_F(Folders, WhatAKilledProcessHadNotCarriedOverIsCarriedOver) {
  const std::string old = dead("model");
  fs::rename(model_, files_.path() / old);
  files_.write("model/config.json", "new");
  files_.write("model/1_Pooling/config.json", "new");
  files_.write("model/.replacing", old);
  recover_folder(model_);
  expect_new();
}

TEST_F(Folders, WhatAKilledProcessHadCompletedTakesItsPlace) {
  const std::string staging = "model/" + dead("new");
  files_.write(staging + "/config.json", "new");
  files_.write(staging + "/1_Pooling/config.json", "new");
  files_.write(staging + "/.replacing", "");
  recover_folder(model_);
  expect_new();
}

TEST_F(Folders, OfALivingProcessNothingIsTouched) {
  const std::string living = "model.tmp-" + std::to_string(::getppid()) + "-0123456789abcdef";
  files_.write(living + "/config.json", "half");
  recover_folder(model_);
  EXPECT_EQ(entries(""), 2U);
}

TEST_F(Folders, WhatNamesAnythingElseToCarryOverIsNotBelieved) {
  files_.write("elsewhere/secret", "s");
  files_.write("model/.replacing", "elsewhere");
  recover_folder(model_);
  EXPECT_TRUE(fs::exists(files_.path() / "elsewhere/secret"));
  EXPECT_FALSE(fs::exists(model_ / "secret"));
}

TEST_F(Folders, AreOfOneProcessAtATime) {
  const FolderLock lock(model_);
  const std::string holder = "process " + std::to_string(::getpid());
  EXPECT_EQ(status_of_child([&] {
              try {
                const FolderLock second(model_);
              } catch (const Error& error) {
                return std::string(error.what()).find(holder) != std::string::npos ? 0 : 1;
              }
              return 2;
            }),
            0);
  EXPECT_EQ(status_of_child([&] {
              const FolderLock other(files_.path());
              return 0;
            }),
            0);
}

TEST_F(Folders, TellWhoHoldsThemAndStayAsTheyAre) {
  EXPECT_EQ(FolderLock::holder(model_), std::nullopt);
  EXPECT_EQ(FolderLock::holder(files_.path() / "nowhere"), std::nullopt);
  EXPECT_FALSE(fs::exists(model_ / ".lock"));
  {
    const FolderLock lock(model_);
    EXPECT_EQ(FolderLock::holder(model_), ::getpid());
    EXPECT_EQ(status_of_child([&] { return FolderLock::holder(model_) == ::getppid() ? 0 : 1; }), 0);
  }
  EXPECT_EQ(status_of_child([&] {
              new FolderLock(model_);  // and is killed, so that its file stays
              return 0;
            }),
            0);
  EXPECT_EQ(FolderLock::holder(model_), std::nullopt);
}

TEST_F(Folders, AreFreeAgainWhenTheProcessEnds) {
  {
    const FolderLock lock(model_);
    EXPECT_TRUE(fs::exists(model_ / ".lock"));
    replace(model_, "new");
    EXPECT_TRUE(fs::exists(model_ / ".lock"));
  }
  expect_new();
  EXPECT_EQ(status_of_child([&] {
              new FolderLock(model_);  // and is killed
              return 0;
            }),
            0);
  const FolderLock again(model_);
}

TEST_F(Folders, WhatWasCompleteBesideTheFolderTakesItsPlace) {
  const std::string staging = dead("model");
  files_.write(staging + "/config.json", "new");
  files_.write(staging + "/1_Pooling/config.json", "new");
  files_.write(staging + "/.replacing", staging);
  recover_folder(model_);
  expect_new();
}

TEST_F(Folders, AReaderRemovesNothing) {
  files_.write(dead("model") + "/config.json", "half");
  files_.write("model/" + dead("notes.txt"), "mine too");
  finish_folder(model_);
  EXPECT_EQ(entries("model"), 3U);
  EXPECT_EQ(entries(""), 2U);
  const std::string staging = "model/" + dead("new");
  files_.write(staging + "/config.json", "new");
  files_.write(staging + "/.replacing", "");
  finish_folder(model_);
  EXPECT_EQ(files_.read("model/config.json"), "new");
}

TEST_F(Folders, WhatAPersonNamedSoIsLeft) {
  files_.write("model.tmp-1999999/mine", "x");
  files_.write("model/notes.tmp-3999999", "x");
  recover_folder(model_);
  EXPECT_EQ(entries("model"), 3U);
  EXPECT_EQ(entries(""), 2U);
}

// Where every process has the number 1.
TEST_F(Folders, OfAnEarlierProcessOfTheSameNumberItIsFinished) {
  const std::string staging = "model/new.tmp-" + std::to_string(::getpid()) + "-0123456789abcdef";
  files_.write(staging + "/config.json", "new");
  files_.write(staging + "/1_Pooling/config.json", "new");
  files_.write(staging + "/.replacing", "");
  recover_folder(model_);
  expect_new();
}

TEST_F(Folders, OnesThatAreLockedAreNotRecovered) {
  const std::string staging = dead("model");
  files_.write(staging + "/config.json", "half");
  const FolderLock lock(model_);
  EXPECT_EQ(status_of_child([&] {
              recover_folder(model_);
              return 0;
            }),
            0);
  EXPECT_TRUE(fs::exists(files_.path() / staging));
}

// An adapter's files beside a model's would be taken for the model.
TEST_F(Folders, WeightsOfAnotherKindAreNotCarriedOver) {
  files_.write("model/adapter_config.json", "old");
  files_.write("model/adapter_model.safetensors", "old");
  for (const bool inside : {false, true}) {
    EXPECT_EQ(status_of_child([&] {
                if (inside) fs::current_path(model_);
                AtomicDirectory made(model_);
                write_file_atomically(made.path() / "model.safetensors", "new");
                made.commit();
                return 0;
              }),
              0);
    EXPECT_FALSE(fs::exists(model_ / "adapter_config.json"));
    EXPECT_FALSE(fs::exists(model_ / "adapter_model.safetensors"));
    EXPECT_EQ(files_.read("model/notes.txt"), "mine");
    files_.write("model/adapter_config.json", "old");
  }
}

// Settings and tokenizers of the old model would be taken for the new one's.
TEST_F(Folders, OtherFilesOfAModelAreNotCarriedOver) {
  for (const bool inside : {false, true}) {
    for (const char* name : {"bertune.json", "vocab.txt", "modules.json"})
      files_.write("model/" + std::string(name), "old");
    EXPECT_EQ(status_of_child([&] {
                if (inside) fs::current_path(model_);
                AtomicDirectory made(model_);
                write_file_atomically(made.path() / "model.safetensors", "new");
                write_file_atomically(made.path() / "merges.txt", "new");
                made.commit();
                return 0;
              }),
              0);
    for (const char* name : {"bertune.json", "vocab.txt", "modules.json"})
      EXPECT_FALSE(fs::exists(model_ / name)) << name;
    EXPECT_EQ(files_.read("model/notes.txt"), "mine");
  }
}

// Whose temporary names are cut, and end in a hash so that each has its own.
TEST_F(Folders, LeftoversOfLongNamesAreRemoved) {
  const std::string name(230, 'm'), other = name.substr(0, 229) + "n";
  const auto leave = [&](const std::string& of) {
    ASSERT_EQ(status_of_child([&] {
                const AtomicDirectory made(files_.path() / of);
                ::_exit(0);
                return 1;
              }),
              0);
  };
  fs::create_directory(files_.path() / name), fs::create_directory(files_.path() / other);
  leave(name), leave(other);
  EXPECT_EQ(entries(""), 5U);
  recover_folder(files_.path() / name);
  EXPECT_EQ(entries(""), 4U);
  recover_folder(files_.path() / other);
  EXPECT_EQ(entries(""), 3U);
}

TEST_F(Folders, WhatHoldsAMountPointIsFilled) {
  const int status = status_of_child([&] {
    fs::create_directory(model_ / "volume");
    const int as_root = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
    if (::unshare(CLONE_NEWNS | as_root) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", (model_ / "volume").c_str(), "tmpfs", 0, nullptr) != 0)
      return kCannotMount;
    replace(model_, "new");
    return read_file(model_ / "config.json") == "new" && fs::exists(model_ / "volume") && entries("") == 1
               ? 0
               : 1;
  });
  if (status == kCannotMount) GTEST_SKIP() << "this system lets nobody mount here";
  EXPECT_EQ(status, 0);
}

TEST(AtomicFile, AddsToTheOpenFileThatAPathStandsFor) {
  const testing::TemporaryDirectory files;
  const fs::path log = files.write("log", "kept\n");
  EXPECT_EQ(status_of_child([&] {
              const int file = ::open(log.c_str(), O_WRONLY | O_APPEND);
              write_file_atomically("/dev/fd/" + std::to_string(file), "added\n");
              return 0;
            }),
            0);
  EXPECT_EQ(files.read("log"), "kept\nadded\n");
}

TEST(AtomicFile, RemovesWhatKilledProcessesLeftOfTheFile) {
  const testing::TemporaryDirectory files;
  const fs::path path = files.path() / "predictions.jsonl";
  const auto begin = [](const fs::path& of) {
    AtomicFile file(of);
    file.write("half of it");
    ::_exit(0);
    return 1;
  };
  EXPECT_EQ(status_of_child([&] { return begin(path); }), 0);
  EXPECT_EQ(status_of_child([&] { return begin(files.path() / "another.jsonl"); }), 0);
  AtomicFile under_way(path);  // of a process that lives
  write_file_atomically(path, "all of it");
  std::size_t left = 0;
  for (const auto& entry : fs::directory_iterator(files.path())) left += is_temporary(entry.path()) ? 1 : 0;
  EXPECT_EQ(left, 2U);
  under_way.commit();
}

TEST(AtomicFile, KeepsTheModeOfWhatItReplaces) {
  const testing::TemporaryDirectory files;
  const fs::path path = files.write("secret", "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  write_file_atomically(path, "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace
}  // namespace bertune
