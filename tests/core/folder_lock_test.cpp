// Who waits for the lock of a folder gets it, or stops waiting.
#include "core/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

#include "bertune/error.h"
#include "core/file.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class FolderLockTest : public ::testing::Test {
 protected:
  testing::TemporaryDirectory files;
  fs::path folder = files.path() / "run";
  int waits = 0;
};

TEST_F(FolderLockTest, IsHadAtOnceWhereNobodyHoldsIt) {
  const FolderLock lock = FolderLock::wait_for(
      folder, {}, [&] { ++waits; }, 0ms);
  EXPECT_TRUE(FolderLock::is_held_here(folder));  // which was made
  EXPECT_EQ(waits, 0);
}

TEST_F(FolderLockTest, IsWaitedFor) {
  std::optional<FolderLock> other(FolderLock::wait_for(folder, {}, [] {}));
  std::jthread holder;
  const FolderLock lock = FolderLock::wait_for(folder, {}, [&] {
    ++waits;
    holder = std::jthread([&] {
      std::this_thread::sleep_for(120ms);  // several attempts
      other.reset();
    });
  });
  EXPECT_EQ(waits, 1);
  EXPECT_TRUE(FolderLock::is_held_here(folder));
}

TEST_F(FolderLockTest, IsWaitedForNoLongerThanAsked) {
  const FolderLock other = FolderLock::wait_for(folder, {}, [] {});
  const std::string message = testing::message_of<Error>([&] {
    FolderLock::wait_for(
        folder, {}, [&] { ++waits; }, 60ms);
  });
  EXPECT_THAT(message, HasSubstr("process " + std::to_string(::getpid()) + " is writing to this folder"));
  EXPECT_EQ(waits, 1);
}

TEST_F(FolderLockTest, IsNotWaitedForWhereTheStopIsAskedFor) {
  const FolderLock other = FolderLock::wait_for(folder, {}, [] {});
  std::stop_source stop;
  const std::string message = testing::message_of<Interrupted>([&] {
    FolderLock::wait_for(
        folder, stop.get_token(), [&] { stop.request_stop(); }, 1h);
  });
  EXPECT_THAT(message, HasSubstr("while waiting"));
}

// The one who held it may have removed the folder.
TEST_F(FolderLockTest, IsOfAFolderThatIsThere) {
  std::optional<FolderLock> other(FolderLock::wait_for(folder, {}, [] {}));
  const FolderLock lock = FolderLock::wait_for(folder, {}, [&] {
    fs::remove_all(folder);
    other.reset();
  });
  EXPECT_TRUE(fs::exists(folder / kLockFile));
}

}  // namespace
}  // namespace bertune
