// Rows that cannot be used: counted, the first ones named, and left out where that many may be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/error.h"

namespace bertune::data {

class BadRows {
 public:
  // Allows `most` bad rows; negative: the first one is thrown.
  explicit BadRows(std::int64_t most) : most_(most) {}

  // Counts a bad row; the message says where it is, and what is wrong with it.
  void add(std::string message);
  // Runs `read`, which reads one row; false where it threw an Error, which is counted. A UsageError passes
  // through.
  template <typename Read>
  bool reads(const Read& read) {
    try {
      read();
      return true;
    } catch (const UsageError&) {
      throw;
    } catch (const Error& error) {
      if (most_ < 0) throw;
      add(error.what());
      return false;
    }
  }

  std::int64_t count() const { return count_; }
  const std::string& first() const { return first_.front(); }  // of one or more
  // Throws the last error, after a row at which the file cannot be read any further.
  [[noreturn]] void stop() const { throw Error(last_); }
  // Throws Error with the first ones and the count of all where there are more than may be. `good`: the
  // others of the file.
  void check(const std::string& path, std::int64_t good, std::string_view things) const;
  // Returns a note on those that were left out; empty: none were.
  std::string note(const std::string& path, std::int64_t good, std::string_view things) const;
  // Checks the count after the last row, and notes those that were left out.
  void settle(const std::string& path, std::int64_t good, std::string_view things,
              std::vector<std::string>& notes) const;

 private:
  std::string of_all(std::int64_t good, std::string_view things) const;

  std::int64_t most_, count_ = 0;
  std::vector<std::string> first_;
  std::string last_;
};

}  // namespace bertune::data
