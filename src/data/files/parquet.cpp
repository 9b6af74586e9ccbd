#include "data/files/parquet.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <streambuf>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/plugin.h"
#include "data/files/owning_stream.h"
#include "data/files/parquet/library.h"

namespace bertune::data {
namespace {

OpenParquet* find_library(const std::string& path) {
  const Plugin plugin = load_plugin(kParquetLibrary, "BERTUNE_PARQUET_LIBRARY");
  if (plugin.handle == nullptr) {
    throw Error(fmt::format(
        "{}: is a Parquet file, and the library with Arrow for them, {}, {}: build Bertune where Arrow's C++ "
        "library is, or convert the file: python3 -c 'import pandas; pandas.read_parquet(\"FILE.parquet\")"
        ".to_json(\"FILE.jsonl\", orient=\"records\", lines=True)'",
        path, kParquetLibrary, plugin.why));
  }
  const auto open = reinterpret_cast<OpenParquet*>(::dlsym(plugin.handle, kOpenParquet));
  if (open == nullptr) throw Error(fmt::format("{} is not Bertune's", kParquetLibrary));
  return open;
}

class ParquetBuffer final : public std::streambuf {
 public:
  explicit ParquetBuffer(std::string path) : path_(std::move(path)) {
    rows_.reset(find_library(path_)(BERTUNE_VERSION, path_.c_str()));
    if (rows_ == nullptr) {
      throw Error(
          fmt::format("{} is of another version of Bertune than {}", kParquetLibrary, BERTUNE_VERSION));
    }
    require_sound();
  }

 protected:
  int_type underflow() override {
    const std::string_view text = rows_->next();
    require_sound();
    if (text.empty()) return traits_type::eof();
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
    return traits_type::to_int_type(*begin);
  }

 private:
  void require_sound() const {
    if (!rows_->error().empty())
      throw Error(fmt::format("{}: is a Parquet file that cannot be read: {}", path_, rows_->error()));
  }

  std::string path_;
  std::unique_ptr<ParquetRows> rows_;
};

}  // namespace

bool is_parquet(std::string_view head) { return head.starts_with("PAR1"); }

std::unique_ptr<std::istream> open_parquet(const fs::path& path) {
  return std::make_unique<OwningStream>(std::make_unique<ParquetBuffer>(path.string()));
}

}  // namespace bertune::data
