// Error is the base of all exceptions of the library. Its message is made for the person who reads it: what
// is wrong, where (file:line when there is one), and what to do about it. An option of the caller stands in
// it by its name in backticks, alone or with a value: "`lora_rank` is 9", "take `schedule=constant`", and
// another piece of work as a call: "`convert(merge)` makes a model of it". Whoever shows the message may put
// their own spelling there, as the program does with its flags.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "bertune/export.h"

namespace bertune {

class BERTUNE_EXPORT Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

// UsageError says that the caller asked for something that cannot be (an unknown value of an option, a column
// that the file does not have): the program exits with 2 instead of 1.
class BERTUNE_EXPORT UsageError : public Error {
 public:
  using Error::Error;
  UsageError(std::string option, const std::string& message) : Error(message), option_(std::move(option)) {}

  // Returns the option that is at fault, "lora_rank"; empty where none is, or several are. The message names
  // it too.
  const std::string& option() const { return option_; }

 private:
  std::string option_;
};

// Interrupted says that work stopped on request (Ctrl-C), after everything worth keeping was saved: exit code
// 130.
class BERTUNE_EXPORT Interrupted : public Error {
 public:
  using Error::Error;
};

// AlreadyDone says that there is nothing to do: what was asked for has been done before. The program says so
// and exits with 0.
class BERTUNE_EXPORT AlreadyDone : public Error {
 public:
  using Error::Error;
};

}  // namespace bertune
