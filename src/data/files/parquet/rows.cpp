// The rows of a Parquet file, some at a time. These files are the only ones that know of Arrow; the program
// loads them with the first Parquet file.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "data/files/parquet/json_values.h"
#include "data/files/parquet/library.h"

namespace bertune::data {
namespace {

void require(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message());
}

template <typename Value>
Value required(arrow::Result<Value> result) {
  require(result.status());
  return std::move(result).ValueUnsafe();
}

// Returns what Hugging Face's `datasets` has written about the columns, by their names.
Json features_of(const parquet::FileMetaData& file) {
  const std::shared_ptr<const arrow::KeyValueMetadata> metadata = file.key_value_metadata();
  if (metadata == nullptr) return nullptr;
  const int place = metadata->FindKey("huggingface");
  if (place < 0) return nullptr;
  const Json written = Json::parse(metadata->value(place), nullptr, false);
  const Json::json_pointer features("/info/features");
  return written.is_object() && written.contains(features) ? written.at(features) : Json();
}

// Returns how many rows are about as much text as a block.
std::int64_t rows_at_a_time(const parquet::FileMetaData& file) {
  constexpr std::int64_t kBytes = std::int64_t{4} << 20, kMost = 1024;
  std::int64_t rows = kMost;
  for (int i = 0; i < file.num_row_groups(); ++i) {
    const std::unique_ptr<parquet::RowGroupMetaData> group = file.RowGroup(i);
    const std::int64_t row_bytes = group->total_byte_size() / std::max<std::int64_t>(1, group->num_rows());
    rows = std::min(rows, kBytes / std::max<std::int64_t>(1, row_bytes));
  }
  return std::max<std::int64_t>(1, rows);
}

class Rows final : public ParquetRows {
 public:
  explicit Rows(const char* path) noexcept {
    guarded([&] { open(path); });
  }

  std::string_view next() noexcept override {
    guarded([&] { fill(); });
    return error_.empty() ? std::string_view(text_) : std::string_view();
  }
  std::string_view error() const noexcept override { return error_; }

 private:
  template <typename Action>
  void guarded(const Action& action) noexcept {
    constexpr std::string_view kNoMemory = "there is not enough memory";
    if (!error_.empty()) return;
    try {
      action();
    } catch (const std::bad_alloc&) {
      error_ = kNoMemory;
    } catch (const std::exception& error) {
      keep(error.what(), kNoMemory);
    } catch (...) {
      error_ = "Arrow gives no reason";
    }
  }

  // Keeps the first line of a message; those below it are about Arrow's own code.
  void keep(const char* message, std::string_view otherwise) noexcept {
    try {
      message_ = message;
      message_.resize(std::min(message_.size(), message_.find('\n')));
      error_ = message_.empty() ? "Arrow gives no reason" : std::string_view(message_);
    } catch (...) {
      error_ = otherwise;
    }
  }

  void open(const char* path) {
    parquet::ReaderProperties input = parquet::default_reader_properties();
    input.enable_buffered_stream();  // else a whole row group is held
    input.set_buffer_size(std::int64_t{1} << 16);
    parquet::arrow::FileReaderBuilder builder;
    require(builder.Open(required(arrow::io::ReadableFile::Open(path)), input));
    const std::shared_ptr<parquet::FileMetaData> file = builder.raw_reader()->metadata();
    parquet::ArrowReaderProperties output(false);  // without threads of its own
    output.set_pre_buffer(false);
    output.set_batch_size(rows_at_a_time(*file));
    reader_ = required(builder.properties(output)->Build());
    batches_ = required(reader_->GetRecordBatchReader());
    const std::shared_ptr<arrow::Schema> schema = batches_->schema();
    if (schema->num_fields() == 0) throw std::runtime_error("it has no columns");
    row_ = form_of(*arrow::struct_(schema->fields()), features_of(*file), "");
  }

  void fill() {
    constexpr std::size_t kBlock = std::size_t{1} << 20;
    text_.clear();
    while (text_.size() < kBlock) {
      if (batch_ == nullptr || done_ == batch_->num_rows()) {
        batch_ = nullptr;
        require(batches_->ReadNext(&batch_));
        if (batch_ == nullptr) return;
        require(batch_->Validate());
        done_ = 0;
      } else {
        append_row(done_++);
      }
    }
  }

  void append_row(std::int64_t row) {
    text_ += '{';
    for (std::size_t i = 0; i < row_.keys.size(); ++i) {
      if (i > 0) text_ += ',';
      text_ += row_.keys[i];
      append_value(*batch_->column(static_cast<int>(i)), row, row_.parts[i], text_);
    }
    text_ += "}\n";
  }

  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> batch_;
  std::int64_t done_ = 0;  // rows of the batch
  ValueForm row_;
  std::string text_, message_;
  std::string_view error_;
};

}  // namespace
}  // namespace bertune::data

extern "C" [[gnu::visibility("default")]] bertune::data::ParquetRows* bertune_open_parquet(
    const char* version, const char* path) {
  if (std::strcmp(version, BERTUNE_VERSION) != 0) return nullptr;
  return new (std::nothrow) bertune::data::Rows(path);
}
