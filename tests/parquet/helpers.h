// What the tests of this folder share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

#include "data/files/text_file.h"
#include "parquet/write_parquet.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

class Parquet : public ::testing::Test {
 protected:
  Parquet() { ::setenv("BERTUNE_PARQUET_LIBRARY", BERTUNE_PARQUET_LIBRARY, 1); }
  ~Parquet() override { ::unsetenv("BERTUNE_PARQUET_LIBRARY"); }

  std::filesystem::path write(const std::string& json_lines, const Fields& fields,
                              const ParquetOptions& options = {}) const {
    const std::filesystem::path path = files.path() / "rows.parquet";
    write_parquet(path, table_of(json_lines, fields), options);
    return path;
  }
  static std::string whole(const std::filesystem::path& path) {
    return std::string(data::TextFile(path).text());
  }
  static std::string streamed(const std::filesystem::path& path) {
    const data::TextStream text = data::open_text(path);
    return {std::istreambuf_iterator<char>(*text.stream), {}};
  }
  static std::string error_of(const std::filesystem::path& path) {
    return message_of([&] { whole(path); });
  }

  TemporaryDirectory files;
};

using arrow::field;

}  // namespace bertune::testing
