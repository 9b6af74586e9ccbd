// Every input of the stored corpus, as `make fuzz-minimise` left it: what fuzzing has found a way to reach.
#include <gtest/gtest.h>
#include <zip.h>

#include <memory>
#include <string>

#include "fuzz/target.h"

namespace bertune::fuzz {
namespace {

class FuzzReplay : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzReplay, CorpusIsTakenOrRefused) {
  const std::string path = std::string(BERTUNE_SOURCE_DIR) + "/tests/fuzz/corpus/" + GetParam().name + ".zip";
  const std::unique_ptr<zip_t, decltype(&zip_discard)> archive(zip_open(path.c_str(), ZIP_RDONLY, nullptr),
                                                               &zip_discard);
  ASSERT_NE(archive, nullptr) << path;
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  int taken = 0;
  std::string last;
  for (zip_uint64_t i = 0; i < count; ++i) {
    const std::string name = zip_get_name(archive.get(), i, 0);
    SCOPED_TRACE(name);
    zip_stat_t about;
    ASSERT_EQ(zip_stat_index(archive.get(), i, 0, &about), 0);
    std::string bytes(about.size, '\0');
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive.get(), i, 0),
                                                                  &zip_fclose);
    ASSERT_EQ(zip_fread(file.get(), bytes.data(), bytes.size()), static_cast<zip_int64_t>(bytes.size()));
    ASSERT_NO_THROW(last = refusal(GetParam(), bytes));
    if (last.empty()) ++taken;
  }
  EXPECT_GT(count, 0U);
  EXPECT_GT(taken, 0) << "the reader refuses everything, as with: " << last;
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzReplay, ::testing::ValuesIn(targets()),
                         [](const auto& made) { return std::string(made.param.name); });

}  // namespace
}  // namespace bertune::fuzz
