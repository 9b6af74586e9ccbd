// The properties of a column's values, which show whether they may be labels or texts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bertune::data {

struct ColumnFacts {
  std::size_t rows = 0, filled = 0, distinct = 0;  // "NULL" and "nan" are not filled
  std::size_t changes = 0;                         // rows with another value than the row before
  double mean_length = 0, mean_words = 0;          // of what is filled; characters
  bool numbers = false, whole = false;             // all that is filled
  bool ascending = false;                          // numbers, each greater than the one before
  bool zero_or_one = false, boolean = false;       // in all rows
  bool dates = false;                              // all that is filled: 2024-05-31, 31/05/2024 10:15, ...
  bool uniform = false;  // digits and letters stand in the same places: dates and the like

  bool is_yes_or_no() const { return rows > 0 && (zero_or_one || boolean); }
  bool full() const { return filled == rows; }
  // Returns whether the column has few values that come again and again.
  bool repeats() const {
    return distinct >= 2 && distinct * 2 <= filled && mean_words <= 5 && mean_length <= 50;
  }
  // Numbers for the rows themselves.
  bool counts_rows() const { return whole && ascending && filled >= 2 && distinct == filled; }
  // Returns whether the values are longer than a name or a number, and different nearly everywhere; sentences
  // may come a few times.
  bool is_text() const {
    const bool differs = distinct * 2 > filled && (mean_words >= 2.5 || mean_length >= 40);
    return !numbers && !uniform && filled > 0 && (differs || (distinct * 5 > filled && mean_words >= 4));
  }
  double fullness() const { return rows == 0 ? 0 : static_cast<double>(filled) / static_cast<double>(rows); }
};

ColumnFacts facts_of(const std::vector<std::string>& values);

// Returns how well a column may hold the labels, by its values; 0: not at all.
int label_evidence(const ColumnFacts& facts);

// Returns whether the values of two columns say the same in other words: each of one stands beside one of the
// other.
bool say_the_same(const std::vector<std::string>& first, const std::vector<std::string>& second);
// Returns whether texts share more words with the text beside them than with the one beside the next.
bool belong_together(const std::vector<std::string>& first, const std::vector<std::string>& second);

// Returns whether a first row holds values as the rows below do, and no names of columns: a number among
// numbers, a value that comes again, a sentence among sentences.
bool is_an_example(const std::vector<std::string>& row, const std::vector<std::vector<std::string>>& below);

}  // namespace bertune::data
