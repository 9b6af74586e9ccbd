#include "core/arriving_lines.h"

#include <algorithm>
#include <utility>

#include "bertune/error.h"

namespace bertune {

std::size_t bytes_arrived(std::istream& input) {
  input.peek();
  return static_cast<std::size_t>(std::max<std::streamsize>(1, input.rdbuf()->in_avail()));
}

std::string ArrivingLines::next() {
  constexpr std::size_t kMost = std::size_t{1} << 20, kLongestLine = std::size_t{256} << 20;
  std::string text = std::exchange(rest_, {});
  for (;;) {
    if (input_.peek() == std::istream::traits_type::eof()) return text;
    const std::size_t held = text.size();
    text.resize(held + std::min(bytes_arrived(input_), kMost));
    input_.read(text.data() + held, static_cast<std::streamsize>(text.size() - held));
    text.resize(held + static_cast<std::size_t>(input_.gcount()));
    if (const std::size_t end = text.find_last_of('\n'); end != std::string::npos && end >= held) {
      rest_ = text.substr(end + 1);
      text.resize(end + 1);
      return text;
    }
    if (text.size() > kLongestLine) throw Error("a line of standard input has more than 256 MB");
  }
}

}  // namespace bertune
