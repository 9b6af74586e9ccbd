// Parquet files for tests, made of JSON Lines.
#pragma once

#include <arrow/api.h>
#include <parquet/arrow/writer.h>

#include <filesystem>
#include <memory>
#include <string>

namespace bertune::testing {

struct ParquetOptions {
  std::int64_t group_rows = 1 << 20;  // of a row group
  parquet::Compression::type compression = parquet::Compression::SNAPPY;
  std::string features = {};  // JSON of the columns, as Hugging Face's `datasets` stores it
};

using Fields = arrow::FieldVector;

// Returns the rows as a table of these columns.
std::shared_ptr<arrow::Table> table_of(const std::string& json_lines, const Fields& fields);

void write_parquet(const std::filesystem::path& path, const std::shared_ptr<arrow::Table>& table,
                   const ParquetOptions& options = {});

}  // namespace bertune::testing
