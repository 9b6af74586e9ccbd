#include "cli/screen/standard_input.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <streambuf>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "cli/screen/interrupt.h"
#include "data/files/decoding.h"

namespace bertune::cli {
namespace {

class Buffer : public std::streambuf {
 public:
  // Returns the packing of what comes; waits for as many bytes as it takes to see.
  data::Packing packing() {
    std::size_t held = 0;
    const auto head = [&] { return std::string_view(bytes_.data(), held); };
    do {
      const std::size_t count = read(held);
      held += count;
      setg(bytes_.data(), bytes_.data(), bytes_.data() + held);
      if (count == 0) break;
    } while (data::may_be_packed(head()) && data::packing_of(head()) == data::Packing::none);
    return data::packing_of(head());
  }

 protected:
  int_type underflow() override {
    const std::size_t count = read(0);
    if (count == 0) return traits_type::eof();
    setg(bytes_.data(), bytes_.data(), bytes_.data() + count);
    return traits_type::to_int_type(bytes_.front());
  }

 private:
  // Returns how many bytes came, which lie behind those held; 0 at the end.
  std::size_t read(std::size_t held) {
    wait();
    ssize_t count = 0;
    do {
      count = ::read(STDIN_FILENO, bytes_.data() + held, bytes_.size() - held);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0) throw Error(fmt::format("standard input: cannot read: {}", std::strerror(errno)));
    return static_cast<std::size_t>(count);
  }

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
  static const std::unique_ptr<std::istream> stream = [] {
    auto stored = std::make_unique<std::istream>(&buffer);
    stored->exceptions(std::ios::badbit);  // what the buffer throws is thrown on
    return data::unpacked(std::move(stored), buffer.packing(), "standard input");
  }();
  return *stream;
}

}  // namespace bertune::cli
