// A file whose lines are the labels of the rows of another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "data/files/text_file.h"

namespace bertune::data {

class LabelLines {
 public:
  explicit LabelLines(const fs::path& path);

  // Lines without the blanks around them; views into this object.
  const std::vector<std::string_view>& lines() const { return lines_; }
  // Throws Error where there are not as many as the other file has of `things`, unless `is_part` of them was
  // read.
  void require(std::size_t count, std::string_view things, const std::string& path, bool is_part) const;
  // "train.txt: its labels are the lines of labels.txt".
  std::string note(const std::string& path) const;

 private:
  fs::path path_;
  TextFile file_;
  std::vector<std::string_view> lines_;
};

}  // namespace bertune::data
