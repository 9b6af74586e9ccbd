// Rows that cannot be used: counted, and the first ones named, before reading stops.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bertune::data {

class BadLines {
 public:
  explicit BadLines(std::int64_t most_left_out = 0) : most_(most_left_out) {}

  void add(std::int64_t line, std::string what);
  std::int64_t count() const { return count_; }
  bool too_many() const { return count_ > most_; }
  // Throws Error "path:line: what is wrong" of the first, with the number and the lines of the others, where
  // there are more than may be left out. `rows`: that are good.
  void check(const std::string& path, std::int64_t rows) const;
  // Returns a note on the rows that were left out; empty: none were.
  std::string note(const std::string& path) const;

 private:
  std::string lines() const;

  std::int64_t most_, count_ = 0;
  std::string first_;                // what is wrong there
  std::vector<std::int64_t> lines_;  // of the first ones
};

}  // namespace bertune::data
