#include "parquet/write_parquet.h"

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/json/api.h>

#include <stdexcept>
#include <utility>

namespace bertune::testing {
namespace {

void require(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

template <typename Value>
Value required(arrow::Result<Value> result) {
  require(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace

std::shared_ptr<arrow::Table> table_of(const std::string& json_lines, const Fields& fields) {
  const std::shared_ptr<arrow::Schema> schema = arrow::schema(fields);
  if (json_lines.empty()) return required(arrow::Table::MakeEmpty(schema));
  auto parse = arrow::json::ParseOptions::Defaults();
  parse.explicit_schema = schema;
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;
  const std::shared_ptr<arrow::io::InputStream> input = arrow::io::BufferReader::FromString(json_lines);
  const auto reader =
      required(arrow::json::TableReader::Make(arrow::default_memory_pool(), input, read, parse));
  return required(reader->Read());
}

void write_parquet(const std::filesystem::path& path, const std::shared_ptr<arrow::Table>& table,
                   const ParquetOptions& options) {
  std::shared_ptr<arrow::Table> written = table;
  if (!options.features.empty()) {
    const std::string info = R"({"info": {"features": )" + options.features + "}}";
    written = table->ReplaceSchemaMetadata(arrow::key_value_metadata({"huggingface"}, {info}));
  }
  const auto properties = parquet::WriterProperties::Builder().compression(options.compression)->build();
  // Arrow's own types are stored too, as pyarrow does: dictionaries, large strings.
  const auto own_types = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const auto file = required(arrow::io::FileOutputStream::Open(path.string()));
  require(parquet::arrow::WriteTable(*written, arrow::default_memory_pool(), file, options.group_rows,
                                     properties, own_types));
  require(file->Close());
}

}  // namespace bertune::testing
