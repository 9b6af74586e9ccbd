#include "cli/options/shard_option.h"

#include <gtest/gtest.h>

#include <map>

#include "bertune/error.h"

namespace bertune::cli {
namespace {

using Variables = std::map<std::string, std::string>;

std::string shard_in(const Variables& variables, const std::string& text = "auto") {
  try {
    const data::Shard shard = shard_from_string(text, [&](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? "" : found->second;
    });
    return std::to_string(shard.index) + "/" + std::to_string(shard.count);
  } catch (const UsageError&) {
    return "refused";
  }
}

TEST(ShardOption, IsANumberOfACount) {
  EXPECT_EQ(shard_in({}, "3/16"), "3/16");
  EXPECT_EQ(shard_in({}, "0/1"), "0/1");
  for (const char* text :
       {"", "3", "/", "3/", "/3", "3/3", "-1/3", "1/0", "a/b", "1/2/3", "0/100000", "0x1/2"})
    EXPECT_EQ(shard_in({}, text), "refused") << text;
  // Variables are looked at only where they are asked for.
  EXPECT_EQ(shard_in({{"SLURM_ARRAY_TASK_ID", "1"}, {"SLURM_ARRAY_TASK_COUNT", "2"}}, "0/4"), "0/4");
}

TEST(ShardOption, IsATaskOfAnArray) {
  Variables array = {{"SLURM_ARRAY_TASK_ID", "5"},
                     {"SLURM_ARRAY_TASK_COUNT", "4"},
                     {"SLURM_ARRAY_TASK_MIN", "1"},
                     {"SLURM_ARRAY_TASK_MAX", "7"},
                     {"SLURM_ARRAY_TASK_STEP", "2"}};
  EXPECT_EQ(shard_in(array), "2/4");
  array["OMPI_COMM_WORLD_RANK"] = "1", array["OMPI_COMM_WORLD_SIZE"] = "3";
  EXPECT_EQ(shard_in(array), "7/12");
  // --array=3,7: two tasks of an unknown number.
  EXPECT_EQ(shard_in({{"SLURM_ARRAY_TASK_ID", "7"},
                      {"SLURM_ARRAY_TASK_COUNT", "2"},
                      {"SLURM_ARRAY_TASK_MIN", "3"},
                      {"SLURM_ARRAY_TASK_MAX", "7"},
                      {"SLURM_ARRAY_TASK_STEP", "1"}}),
            "refused");
}

TEST(ShardOption, IsARankOfALauncher) {
  EXPECT_EQ(shard_in({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), "2/4");
  EXPECT_EQ(shard_in({{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}}), "0/4");
  EXPECT_EQ(shard_in({{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}}), "1/2");
  // A shell in an allocation has a number of tasks, and is none of them.
  EXPECT_EQ(shard_in({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}), "refused");
  EXPECT_EQ(shard_in({}), "refused");
}

}  // namespace
}  // namespace bertune::cli
