// The one exception type of the library. Its message is made for the person who reads it: what is wrong,
// where (file:line when there is one), and what to do about it.
#pragma once

#include <stdexcept>
#include <string>

namespace bertune {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

// The caller asked for something that cannot be (an unknown flag value, a column that the file does not
// have): the program exits with 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

// Work stopped on request (Ctrl-C), after everything worth keeping was saved: exit code 130.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace bertune
