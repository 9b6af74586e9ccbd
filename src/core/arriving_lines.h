// Whole lines of a stream as they arrive, for answering a pipe without waiting for its end.
#pragma once

#include <cstddef>
#include <istream>
#include <streambuf>
#include <string>
#include <utility>

namespace bertune {

// Bytes that can be read without waiting for more; waits for the first. 1 at the end of the stream.
std::size_t bytes_arrived(std::istream& input);

class ArrivingLines {
 public:
  explicit ArrivingLines(std::istream& input) : input_(input) {}

  // All lines that have arrived, ends included, at most about a megabyte; waits for one. At the end of the
  // stream what is left, which may lack its end, and then an empty string. Throws Error for a line of more
  // than 256 MB.
  std::string next();

 private:
  std::istream& input_;
  std::string rest_;  // the beginning of a line
};

// A stream of which some was read already, from its beginning again.
class ReplayedStream : public std::istream {
 public:
  // `rest` must outlive it.
  ReplayedStream(std::string beginning, std::istream& rest)
      : std::istream(nullptr), buffer_(std::move(beginning), *rest.rdbuf()) {
    rdbuf(&buffer_);
  }

 private:
  class Buffer : public std::streambuf {
   public:
    Buffer(std::string beginning, std::streambuf& rest);

   protected:
    int_type underflow() override;
    std::streamsize showmanyc() override { return rest_.in_avail(); }

   private:
    std::string held_;
    std::streambuf& rest_;
  };
  Buffer buffer_;
};

}  // namespace bertune
