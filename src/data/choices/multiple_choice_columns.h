// Chooses the columns that hold a question, its choices and its label.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

inline constexpr std::size_t kMostChoices = 100;

struct MultipleChoiceColumns {
  std::string context, question;  // "" for the context: there is none
  std::string list;               // of the choices; empty where each has a column of its own:
  std::vector<std::string> each;  // ending0, ending1, ... or answerA, answerB, ..., more than there are
  std::string label, id;          // empty: there is none
  bool fills_blanks = false;      // RACE, WinoGrande

  // Returns the names of all columns that were found.
  std::vector<std::string> known() const;
};

// Chooses among the `names` of a file. `where` is its first record, for messages; `label`: the column to take
// for the label, or "" for the usual ones. Throws UsageError naming what is missing and what is present, and
// Error for a single choice, for too many and for gaps in their numbers.
MultipleChoiceColumns choose_multiple_choice_columns(const std::vector<std::string>& names,
                                                     const std::string& where, const std::string& label,
                                                     bool with_labels);

// Returns the columns that were detected by less common names: 'question = "goal", label = "cop"'; empty if
// there are none.
std::string guessed_columns(const MultipleChoiceColumns& columns, const std::vector<std::string>& names);

bool are_multiple_choice_columns(const std::vector<std::string>& names);

}  // namespace bertune::data
