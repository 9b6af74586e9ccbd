// Commands whose data may take little memory: the same results, with the data in files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdlib>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;

class DataMemory : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(40000));
    std::filesystem::create_directories(files.path() / "scratch");
  }

  static ProgramResult run_with(const std::vector<std::string>& arguments, const std::string& memory,
                                const std::string& folder) {
    return Program(arguments, "",
                   [&] {
                     ::setenv("BERTUNE_DATA_MEMORY", memory.c_str(), 1);
                     ::setenv("TMPDIR", folder.c_str(), 1);
                   })
        .wait();
  }
  ProgramResult train(const std::string& output, const std::string& memory, const std::string& folder) const {
    return run_with({"train", "--model", path("base"), "--train", path("train.csv"), "--output", path(output),
                     "--max-steps", "3", "--batch-size", "8", "--threads", "2"},
                    memory, folder);
  }
  bool takes_files() const {
#ifdef __SANITIZE_ADDRESS__
    return false;  // the program has the sanitizer's operator new
#else
    struct statfs system {};
    const std::filesystem::space_info space = std::filesystem::space(files.path());
    return ::statfs(path("scratch").c_str(), &system) == 0 && system.f_type != TMPFS_MAGIC &&
           space.available > space.capacity / 10 + (std::uintmax_t{2} << 30);
#endif
  }
};

TEST_F(DataMemory, FilesInPlaceOfMemoryChangeNoBit) {
  if (!takes_files())
    GTEST_SKIP() << "the folder for temporary files is in memory, or nearly full; or ASan is on";
  const ProgramResult in_memory = train("memory", "4GiB", path("scratch"));
  ASSERT_EQ(in_memory.exit_code, 0) << in_memory.err;
  EXPECT_THAT(in_memory.err, Not(HasSubstr("are kept in files")));
  const ProgramResult in_files = train("files", "1MiB", path("scratch"));
  ASSERT_EQ(in_files.exit_code, 0) << in_files.err;
  EXPECT_THAT(in_files.err, HasSubstr("of the data are kept in files"));
  EXPECT_EQ(files.read("memory/model.safetensors"), files.read("files/model.safetensors"));
  EXPECT_EQ(json("memory/all_results.json")["eval_loss"], json("files/all_results.json")["eval_loss"]);
  EXPECT_TRUE(std::filesystem::is_empty(files.path() / "scratch"));
  const auto outputs_are_equal = [&](const std::vector<std::string>& arguments) {
    const ProgramResult one = run_with(arguments, "4GiB", path("scratch")),
                        other = run_with(arguments, "0", path("scratch"));
    EXPECT_EQ(one.exit_code, 0) << one.err;
    EXPECT_EQ(other.exit_code, 0) << other.err;
    EXPECT_EQ(one.out, other.out);
  };
  outputs_are_equal({"check", path("train.csv"), "--json"});
  outputs_are_equal({"predict", "--model", path("files"), path("train.csv")});
}

TEST_F(DataMemory, AFolderThatTakesNoFilesIsDoneWithout) {
  const ProgramResult result = train("out", "0", path("none"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("are kept in files")));
}

TEST_F(DataMemory, ASizeThatIsNoneIsWrongUsage) {
  for (const char* size : {"much", "4 GB", "-1", "4GiBs", "99999999999GiB"}) {
    const ProgramResult result = train("out", size, path("scratch"));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.err, HasSubstr("BERTUNE_DATA_MEMORY is \"" + std::string(size) +
                                      "\"; it must be a size such as 4GiB, 500MiB, or bytes"));
    for (const char* read : {"--version", "help", "--help"})
      EXPECT_EQ(run_with({read}, size, path("scratch")).exit_code, 0) << read;
  }
  EXPECT_FALSE(exists("out"));
}

}  // namespace
}  // namespace bertune
