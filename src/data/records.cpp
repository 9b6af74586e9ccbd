#include "data/records.h"

#include <fmt/format.h>

namespace bertune::data {

std::string RecordParser::where(std::int64_t line) const { return fmt::format("{}:{}", path_, line); }

void RecordParser::skip_blank_lines(std::string_view& input) {
  for (;;) {
    std::size_t size = 0;
    if (input.starts_with('\n')) size = 1;
    if (input.starts_with("\r\n")) size = 2;
    if (size == 0) return;
    input.remove_prefix(size);
    ++line_;
    ++blank_lines_;
  }
}

bool take_line(std::string_view& input, bool final, std::string_view& line) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos && !final) return false;
  line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

}  // namespace bertune::data
