// Whole lines of a stream as they arrive, for answering a pipe without waiting for its end.
#pragma once

#include <cstddef>
#include <istream>
#include <string>

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

}  // namespace bertune
