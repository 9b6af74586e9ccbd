#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "bertune/error.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using testing::message_of;

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const testing::TemporaryDirectory files;
  const fs::path path = files.write("a.txt", "old");
  {
    AtomicFile file(path);
    file.write("new and unfinished");
  }
  EXPECT_EQ(files.read("a.txt"), "old");
  AtomicFile file(path);
  file.write("new");
  EXPECT_EQ(files.read("a.txt"), "old");
  file.commit();
  EXPECT_EQ(files.read("a.txt"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(files.path()), {}), 1);
}

TEST(AtomicFile, AWriteThatFailsNamesFileReasonAndRemedy) {
  const testing::TemporaryDirectory files;
  const fs::path path = files.write("a.txt", "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = message_of([&] { write_file_atomically(path, std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(message, HasSubstr("a.txt: cannot write"));
  EXPECT_THAT(message, HasSubstr("free some space"));
  EXPECT_EQ(files.read("a.txt"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(files.path()), {}), 1);
  EXPECT_THAT(message_of([&] { write_file_atomically(files.path() / "no" / "b", "x"); }),
              HasSubstr("No such file"));
}

TEST(AtomicFile, WritesThroughLinksAndLeavesDevicesAlone) {
  const testing::TemporaryDirectory files;
  fs::create_symlink(files.write("target", "old"), files.path() / "link");
  write_file_atomically(files.path() / "link", "new");
  EXPECT_TRUE(fs::is_symlink(files.path() / "link"));
  EXPECT_EQ(files.read("target"), "new");
  EXPECT_THAT(message_of([] { write_file_atomically("/dev/full", "x"); }),
              HasSubstr("/dev/full: cannot write"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(AtomicDirectory, ReplacesTheWholeFolderAndCarriesOverTheRest) {
  const testing::TemporaryDirectory files;
  files.write("model/weights", "old");
  files.write("model/checkpoint-3/state", "kept");
  {
    const AtomicDirectory unfinished(files.path() / "model");
    write_file_atomically(unfinished.path() / "weights", "lost");
    EXPECT_TRUE(is_temporary(unfinished.path()));
  }
  EXPECT_EQ(files.read("model/weights"), "old");
  AtomicDirectory folder(files.path() / "model/");  // a trailing slash names the same folder
  write_file_atomically(folder.path() / "weights", "new");
  folder.commit();
  EXPECT_EQ(files.read("model/weights"), "new");
  EXPECT_EQ(files.read("model/checkpoint-3/state"), "kept");
  EXPECT_EQ(std::distance(fs::directory_iterator(files.path()), {}), 1);
}

TEST(AtomicDirectory, KnowsItsOwnNames) {
  for (const char* name : {"out/checkpoint-5.tmp-123", ".tmp-1"}) EXPECT_TRUE(is_temporary(name)) << name;
  for (const char* name :
       {"checkpoint-5", "checkpoint-5.tmp", "my.tmp-notes", "a.tmp-12/weights", "a.tmp-", ""})
    EXPECT_FALSE(is_temporary(name)) << name;
}

TEST(AtomicDirectory, MakesANewFolderWithItsParents) {
  const testing::TemporaryDirectory files;
  AtomicDirectory folder(files.path() / "a" / "b" / "model");
  write_file_atomically(folder.path() / "x", "1");
  EXPECT_FALSE(fs::exists(files.path() / "a/b/model"));
  folder.commit();
  EXPECT_EQ(files.read("a/b/model/x"), "1");
}

TEST(MappedFile, SaysWhatIsWrong) {
  const testing::TemporaryDirectory files;
  EXPECT_THAT(message_of([&] { MappedFile(files.path() / "none"); }),
              HasSubstr("none: cannot read: No such file"));
  EXPECT_THAT(message_of([&] { MappedFile{files.path()}; }), HasSubstr("is a folder"));
  EXPECT_EQ(MappedFile(files.write("empty", "")).bytes().size(), 0U);
  EXPECT_EQ(MappedFile(files.write("text", "hello")).text(), "hello");
}

TEST(MappedFile, IsKnownByItsAddresses) {
  const testing::TemporaryDirectory files;
  const MappedFile first(files.write("first", std::string(5000, 'x')));
  {
    const MappedFile second(files.write("second", "hello"));
    EXPECT_THAT(mapped_file_at(second.bytes().data() + 4), ::testing::EndsWith("/second"));
  }
  EXPECT_THAT(mapped_file_at(first.bytes().data() + 4999), ::testing::EndsWith("/first"));
  EXPECT_EQ(mapped_file_at(first.bytes().data() + 5000), nullptr);
  EXPECT_EQ(mapped_file_at(&files), nullptr);
}

TEST(ReadFile, DoesNotWaitForAPipe) {
  const testing::TemporaryDirectory files;
  const fs::path pipe = files.path() / "config.json";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(message_of([&] { read_file(pipe); }), HasSubstr("config.json: is not a regular file"));
  EXPECT_THAT(message_of([&] { MappedFile{pipe}; }), HasSubstr("config.json: is not a regular file"));
  std::thread writer([&] { std::ofstream(pipe) << "given"; });
  EXPECT_EQ(read_file_or_pipe(pipe, 100), "given");
  writer.join();
}

TEST(ReadFile, IsBounded) {
  const testing::TemporaryDirectory files;
  const fs::path path = files.write("text", std::string(100, 'x'));
  EXPECT_EQ(read_file(path, 100).size(), 100U);
  EXPECT_THAT(message_of([&] { read_file(path, 99); }), HasSubstr("larger than the 99 bytes"));
}

}  // namespace
}  // namespace bertune
