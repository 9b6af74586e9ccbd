// Text in aligned columns.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace bertune::report {

enum class Align { left, right };

class Table {
 public:
  // One alignment per column. Cells are plain text: display width is what they are aligned by.
  explicit Table(std::vector<Align> columns, std::string indent = "  ", std::string gap = "  ");

  void add(std::vector<std::string> cells);  // fewer cells than columns: the rest is blank
  bool empty() const { return rows_.empty(); }
  // One line per row, without blanks at line ends.
  std::vector<std::string> lines() const;
  std::string text() const;  // the lines, each with its newline

 private:
  std::vector<Align> columns_;
  std::string indent_, gap_;
  std::vector<std::vector<std::string>> rows_;
};

// "12,345": thousands are told apart by a comma.
std::string grouped(long long number);
// "12.3%"; 0.0% of nothing.
std::string percent(double part, double whole);
// "0.8123" of a metric; "-" of what is no number.
std::string metric_cell(const Json& number);

}  // namespace bertune::report
