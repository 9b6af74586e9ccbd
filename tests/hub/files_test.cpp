// Checksums, locks and partial files. The checksums were computed with sha256sum and git hash-object.
#include "hub/digest.h"
#include "hub/file_lock.h"
#include "hub/partial_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "bertune/error.h"
#include "support/temporary_directory.h"

namespace bertune::hub {
namespace {

TEST(Digest, IsThatOfTheCommandLineTools) {
  const testing::TemporaryDirectory directory;
  const auto hello = directory.write("hello", "hello\n"), empty = directory.write("empty", "");
  EXPECT_EQ(sha256_of(hello), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  EXPECT_EQ(git_blob_of(hello), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(sha256_of(empty), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(git_blob_of(empty), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_THROW(sha256_of(hello, [] { return true; }), Interrupted);
  EXPECT_THROW(sha256_of(directory.path() / "none"), Error);
}

TEST(FileLock, TheSecondWaitsForTheFirst) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "a" / "b.lock";
  std::atomic<bool> released = false, waited = false, done = false;
  auto first = std::make_unique<FileLock>(path, nullptr, nullptr);
  std::thread other([&] {
    const FileLock second(
        path, [&] { waited = true; }, nullptr);
    EXPECT_TRUE(released);
    done = true;
  });
  while (!waited && !done) std::this_thread::yield();
  EXPECT_TRUE(waited);
  released = true;
  first.reset();
  other.join();
  const FileLock again(
      path, [] { FAIL() << "nobody holds it"; }, nullptr);
}

TEST(FileLock, CanBeInterrupted) {
  const testing::TemporaryDirectory directory;
  const FileLock first(directory.path() / "lock", nullptr, nullptr);
  EXPECT_THROW(FileLock(directory.path() / "lock", nullptr, [] { return true; }), Interrupted);
}

TEST(FileLock, FilesThatTheHolderRemovedAreNoLocks) {
  const testing::TemporaryDirectory directory;
  const auto path = directory.path() / "lock";
  auto first = std::make_unique<FileLock>(path, nullptr, nullptr);
  std::thread other([&] {
    const FileLock second(
        path,
        [&] {
          std::filesystem::remove(path);
          first.reset();
        },
        nullptr);
    EXPECT_TRUE(std::filesystem::exists(path));  // and others find the same file
  });
  other.join();
}

TEST(PartialFile, GoesOnWhereItEnded) {
  const testing::TemporaryDirectory directory;
  { PartialFile(directory.path() / "blob").append("abc"); }
  EXPECT_EQ(directory.read("blob.incomplete"), "abc");
  PartialFile partial(directory.path() / "blob");
  EXPECT_EQ(partial.size(), 3U);
  partial.append("def");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "blob"));
  partial.finish();
  EXPECT_EQ(directory.read("blob"), "abcdef");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "blob.incomplete"));
}

TEST(PartialFile, DoesNotWriteThroughALink) {
  const testing::TemporaryDirectory directory;
  const auto victim = directory.write("victim", "mine");
  std::filesystem::create_symlink(victim, directory.path() / "blob.incomplete");
  EXPECT_THROW(PartialFile(directory.path() / "blob"), Error);
  EXPECT_EQ(directory.read("victim"), "mine");
}

}  // namespace
}  // namespace bertune::hub
