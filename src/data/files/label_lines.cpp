#include "data/files/label_lines.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/files/sniff.h"

namespace bertune::data {

LabelLines::LabelLines(const fs::path& path) : path_(path), file_(path) {
  std::string_view text = file_.text(), line;
  text.remove_prefix(byte_order_mark(text));
  while (!text.empty() && take_line(text, true, line)) lines_.push_back(trim_blanks(line));
}

void LabelLines::require(std::size_t count, std::string_view things, const std::string& path,
                         bool is_part) const {
  if (lines_.size() == count || (is_part && lines_.size() > count)) return;
  throw Error(fmt::format("{}: has {} lines, and {} has {} {}; each line must be the label of one",
                          path_.string(), lines_.size(), path, count, things));
}

std::string LabelLines::note(const std::string& path) const {
  return fmt::format("{}: its labels are the lines of {}", path, path_.string());
}

}  // namespace bertune::data
