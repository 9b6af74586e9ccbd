// What the variables of launchers mean.
#include "cli/screen/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace bertune::cli {
namespace {

using ::testing::HasSubstr;

Launch launch_of(const std::map<std::string, std::string>& variables) {
  return find_launch([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

TEST(Launch, IsOfOneProcessWithoutVariables) {
  EXPECT_TRUE(launch_of({}).is_alone());
  // A shell in an allocation of Slurm, and one task of it.
  EXPECT_TRUE(launch_of({{"SLURM_NTASKS", "16"}, {"SLURM_JOB_ID", "7"}}).is_alone());
  EXPECT_TRUE(launch_of({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}}).is_alone());
  EXPECT_TRUE(launch_of({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).is_alone());
  EXPECT_TRUE(launch_of({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}).is_alone());
}

TEST(Launch, SaysHowManyShareTheMachine) {
  const auto here = [](const char* local) {
    return launch_of({{"OMPI_COMM_WORLD_RANK", "5"},
                      {"OMPI_COMM_WORLD_SIZE", "8"},
                      {"OMPI_COMM_WORLD_LOCAL_SIZE", local}})
        .here;
  };
  EXPECT_EQ(here("2"), 2);
  for (const char* wrong : {"", "0", "-1", "two", "9"}) EXPECT_EQ(here(wrong), 8) << wrong;
  EXPECT_EQ(launch_of({{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}, {"MPI_LOCALNRANKS", "4"}}).here, 4);
  EXPECT_EQ(launch_of({}).here, 1);
}

TEST(Launch, IsReadFromEachMpi) {
  for (const auto& [rank, size] :
       {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, std::pair{"PMI_RANK", "PMI_SIZE"},
        std::pair{"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
        std::pair{"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}}) {
    const Launch launch = launch_of({{rank, "2"}, {size, "4"}});
    EXPECT_EQ(launch.rank, 2) << rank;
    EXPECT_EQ(launch.size, 4) << rank;
    EXPECT_EQ(launch.here, 4) << rank;
    EXPECT_EQ(launch.problem, "") << rank;
    EXPECT_TRUE(launch_of({{rank, "two"}, {size, "many"}}).is_alone()) << rank;
  }
}

TEST(Launch, PrefersMpiToTheSchedulerAround) {
  const Launch launch = launch_of({{"OMPI_COMM_WORLD_RANK", "1"},
                                   {"OMPI_COMM_WORLD_SIZE", "4"},
                                   {"SLURM_STEP_NUM_TASKS", "2"},
                                   {"SLURM_PROCID", "0"}});
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.problem, "");
}

TEST(Launch, NamesTheFlagOfSrunWithoutMpi) {
  const Launch launch = launch_of({{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "3"}});
  EXPECT_EQ(launch.rank, 3);
  EXPECT_THAT(launch.problem, HasSubstr("srun --mpi=pmix"));
  EXPECT_FALSE(launch.is_alone());
}

TEST(Launch, SaysHowToStartWhatTorchrunHasStarted) {
  EXPECT_THAT(launch_of({{"RANK", "1"}, {"WORLD_SIZE", "2"}}).problem, HasSubstr("mpirun -n 2 bertune"));
}

}  // namespace
}  // namespace bertune::cli
