#include "cli/screen/standard_input.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <streambuf>
#include <vector>

#include "bertune/error.h"
#include "cli/screen/interrupt.h"

namespace bertune::cli {
namespace {

class Buffer : public std::streambuf {
 protected:
  int_type underflow() override {
    wait();
    ssize_t count = 0;
    do {
      count = ::read(STDIN_FILENO, bytes_.data(), bytes_.size());
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0) throw Error(fmt::format("standard input: cannot read: {}", std::strerror(errno)));
    if (count == 0) return traits_type::eof();
    setg(bytes_.data(), bytes_.data(), bytes_.data() + count);
    return traits_type::to_int_type(bytes_.front());
  }

 private:
  // Waits for something to read, or for the end. A stop is looked for ten times a second.
  static void wait() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    do {
      if (interrupt_token().stop_requested()) throw Interrupted("stopped while waiting for standard input");
    } while (::poll(&input, 1, 100) <= 0);
  }

  std::vector<char> bytes_ = std::vector<char>(1 << 16);
};

}  // namespace

std::istream& standard_input() {
  static Buffer buffer;
  static std::istream stream(&buffer);
  stream.exceptions(std::ios::badbit);  // what the buffer throws is thrown on
  return stream;
}

}  // namespace bertune::cli
