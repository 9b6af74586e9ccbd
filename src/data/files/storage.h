// The memory of a dataset: the file, and an arena for the fields that could not be views into it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "data/files/file_part.h"
#include "data/files/text_file.h"

namespace bertune::data {

class Arena {
 public:
  // `size` bytes that stay where they are until clear().
  char* allocate(std::size_t size);
  // Gives back the unused end of the last allocation.
  void shrink_last(std::size_t unused) { used_ -= unused; }
  std::string_view copy(std::string_view text);
  // Frees all but the first chunk, which the next allocations reuse.
  void clear();

 private:
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_ = 0, capacity_ = 0;  // of the last chunk
  std::size_t first_capacity_ = 0;
};

struct Storage {
  explicit Storage(const fs::path& path, const std::string& encoding = {})
      : file(file_part(path).file, encoding) {}
  TextFile file;
  Arena arena;
};

}  // namespace bertune::data
