// The program and its library for Parquet know this of one another.
#pragma once

#include <string_view>

namespace bertune::data {

// The rows of an open file as JSON Lines. Nothing throws, because the library may have another runtime of C++
// than the program.
class ParquetRows {
 public:
  virtual ~ParquetRows() = default;
  // Returns the next rows as whole lines, which stay until the next call; empty at the end, and where error()
  // is not.
  virtual std::string_view next() noexcept = 0;
  // Returns what is wrong with the file; empty where nothing is.
  virtual std::string_view error() const noexcept = 0;
};

inline constexpr const char* kParquetLibrary = "libbertune_parquet.so";
inline constexpr const char* kOpenParquet = "bertune_open_parquet";

// Opens a file; null if `version` is another one than the library's.
using OpenParquet = ParquetRows*(const char* version, const char* path);

}  // namespace bertune::data
