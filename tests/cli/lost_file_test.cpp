#include "cli/screen/lost_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file.h"
#include "support/temporary_directory.h"

namespace bertune::cli {
namespace {

TEST(LostFileDeathTest, IsNamedWhereItIsReadBeyondItsNewEnd) {
  const testing::TemporaryDirectory files;
  const auto path = files.write("train.csv", std::string(100000, 'x'));
  EXPECT_EXIT(
      {
        end_where_a_mapped_file_shrinks();
        const MappedFile file(path);
        std::filesystem::resize_file(path, 10);
        std::exit(file.text()[90000] == 'x' ? 2 : 3);
      },
      ::testing::ExitedWithCode(1), "train.csv: was cut off by another program");
}

}  // namespace
}  // namespace bertune::cli
