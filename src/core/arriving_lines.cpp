#include "core/arriving_lines.h"

#include <algorithm>
#include <utility>

#include "bertune/error.h"

namespace bertune {

std::size_t bytes_arrived(std::istream& input) {
  input.peek();
  return static_cast<std::size_t>(std::max<std::streamsize>(1, input.rdbuf()->in_avail()));
}

ReplayedStream::Buffer::Buffer(std::string beginning, std::streambuf& rest)
    : held_(std::move(beginning)), rest_(rest) {
  setg(held_.data(), held_.data(), held_.data() + held_.size());
}

ReplayedStream::Buffer::int_type ReplayedStream::Buffer::underflow() {
  constexpr std::streamsize kMost = std::streamsize{64} << 10;
  if (traits_type::eq_int_type(rest_.sgetc(), traits_type::eof())) return traits_type::eof();
  held_.resize(static_cast<std::size_t>(std::clamp<std::streamsize>(rest_.in_avail(), 1, kMost)));
  held_.resize(
      static_cast<std::size_t>(rest_.sgetn(held_.data(), static_cast<std::streamsize>(held_.size()))));
  setg(held_.data(), held_.data(), held_.data() + held_.size());
  return held_.empty() ? traits_type::eof() : traits_type::to_int_type(held_.front());
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
