#include "data/records.h"

#include <fmt/format.h>

#include <cstring>

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

std::string_view undouble_quotes(std::string_view text, char* memory) {
  char* end = memory;
  for (;;) {
    const std::size_t quote = text.find('"');
    const std::size_t size = quote == std::string_view::npos ? text.size() : quote + 1;
    std::memcpy(end, text.data(), size);
    end += size;
    if (quote == std::string_view::npos) return {memory, static_cast<std::size_t>(end - memory)};
    text.remove_prefix(quote + 2);
  }
}

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
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
