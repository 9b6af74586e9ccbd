#include "core/large_blocks.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <thread>
#include <vector>

#include "core/system_memory.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// Whether there are no files to test in a folder: it is in memory, or on a disk that is nearly full.
bool takes_no_files(const std::filesystem::path& folder) {
  struct statfs system {};
  return ::statfs(folder.c_str(), &system) != 0 || system.f_type == TMPFS_MAGIC ||
         std::filesystem::space(folder).available <
             std::filesystem::space(folder).capacity / 10 + 2048 * kMiB;
}

std::span<std::uint64_t> numbers_in(void* block, std::size_t bytes) {
  return {static_cast<std::uint64_t*>(block), bytes / sizeof(std::uint64_t)};
}

void fill(std::span<std::uint64_t> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i * 0x9E3779B97F4A7C15ULL;
}
bool is_filled(std::span<const std::uint64_t> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != i * 0x9E3779B97F4A7C15ULL) return false;
  }
  return true;
}

TEST(LargeBlocks, BeyondTheBudgetTheyAreNotInMemory) {
  const testing::TemporaryDirectory files;
  if (takes_no_files(files.path()))
    GTEST_SKIP() << "the folder for temporary files is in memory, or nearly full";
  keep_large_blocks({.budget = 4 * kMiB, .folder = files.path(), .smallest = kMiB});
  EXPECT_EQ(allocate_large(kMiB - 1), nullptr);
  void* const first = allocate_large(3 * kMiB);
  EXPECT_EQ(large_bytes_in_files(), 0U);
  const std::uint64_t before = own_memory();
  constexpr std::size_t kBytes = 256 * kMiB;
  void* const second = allocate_large(kBytes);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(large_bytes_in_files(), kBytes);
  EXPECT_TRUE(std::ranges::all_of(numbers_in(second, kBytes), [](std::uint64_t n) { return n == 0; }));
  fill(numbers_in(second, kBytes));
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)  // which keep books of all memory
  EXPECT_LT(own_memory(), before + 32 * kMiB);
#else
  static_cast<void>(before);
#endif
  EXPECT_TRUE(is_filled(numbers_in(second, kBytes)));
  EXPECT_TRUE(std::filesystem::is_empty(files.path()));
  EXPECT_STREQ(large_file_at(static_cast<char*>(second) + kBytes - 1), files.path().c_str());
  EXPECT_EQ(large_file_at(static_cast<char*>(first) + 1), nullptr);
  EXPECT_TRUE(release_large(second));
  EXPECT_EQ(large_bytes_in_files(), 0U);
  EXPECT_TRUE(release_large(first));
  EXPECT_FALSE(release_large(first));
}

TEST(LargeBlocks, MemoryTakesWhatTheFolderCannot) {
  const testing::TemporaryDirectory files;
  keep_large_blocks({.budget = 0, .folder = files.path() / "none", .smallest = kMiB});
  void* block = allocate_large(2 * kMiB);
  ASSERT_NE(block, nullptr);
  fill(numbers_in(block, 2 * kMiB));
  EXPECT_EQ(large_bytes_in_files(), 0U);
  EXPECT_TRUE(release_large(block));

  keep_large_blocks({.budget = 0, .folder = files.path(), .smallest = kMiB});
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{kMiB, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);  // as a full disk
  block = allocate_large(2 * kMiB);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  ASSERT_NE(block, nullptr);
  fill(numbers_in(block, 2 * kMiB));
  EXPECT_EQ(large_bytes_in_files(), 0U);
  EXPECT_TRUE(release_large(block));
  EXPECT_TRUE(std::filesystem::is_empty(files.path()));
}

// A wrong size must not take all of a disk before it is refused.
TEST(LargeBlocks, TheDiskIsNotFilled) {
  const testing::TemporaryDirectory files;
  keep_large_blocks({.budget = 0, .folder = files.path(), .smallest = kMiB});
  const std::uintmax_t before = std::filesystem::space(files.path()).available;
  void* const block = allocate_large(before - 512 * kMiB);
  EXPECT_EQ(large_bytes_in_files(), 0U);
  EXPECT_GT(std::filesystem::space(files.path()).available, before - 256 * kMiB);
  EXPECT_EQ(release_large(block), block != nullptr);
}

TEST(LargeBlocks, OthersAreNotTheirs) {
  const testing::TemporaryDirectory files;
  keep_large_blocks({.budget = 0, .folder = files.path(), .smallest = kMiB});
  void* const page = std::aligned_alloc(4096, 4096);
  EXPECT_FALSE(release_large(page));
  EXPECT_FALSE(release_large(nullptr));
  std::free(page);
}

TEST(LargeBlocks, OfManyThreads) {
  const testing::TemporaryDirectory files;
  keep_large_blocks({.budget = 2 * kMiB, .folder = files.path(), .smallest = kMiB});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 50; ++round) {
        void* const block = allocate_large(kMiB);
        ASSERT_NE(block, nullptr);
        fill(numbers_in(block, 4096));
        EXPECT_TRUE(is_filled(numbers_in(block, 4096)));
        EXPECT_TRUE(release_large(block));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(large_bytes_in_files(), 0U);
}

}  // namespace
}  // namespace bertune
