// Chooses columns: by name where the user gave one or it is usual, else by what columns hold.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/texts/column_facts.h"
#include "data/texts/columns.h"

namespace bertune::data {

class ColumnChooser {
 public:
  ColumnChooser(const TableHead& head, const ReadOptions& options);
  ColumnChoice choose();

 private:
  int columns() const { return static_cast<int>(head_.names.size()); }
  const std::string& name(int index) const { return head_.names[static_cast<std::size_t>(index)]; }
  const ColumnFacts& facts(int index) const { return facts_[static_cast<std::size_t>(index)]; }
  bool taken(int index) const { return is_used(choice_, index); }
  [[noreturn]] void fail(const std::string& what) const;
  ChosenColumn column(int index, bool guessed, std::string reason = {}) const;
  ChosenColumn given(const std::string& wanted, std::string_view option) const;
  // The column, or the columns of 0 and 1, joined by commas.
  void give_labels();
  void set_labels(std::vector<ChosenColumn> labels, std::string reason = {});
  int find(std::string_view key) const;
  ChosenColumn first_of(std::span<const std::string_view> candidates) const;
  // A usual name; a title only where no other text with one is as full and as long.
  ChosenColumn text_by_name() const;
  void guess_pair();
  void guess_labels();
  // A usual name, unless its values number the rows or are sentences.
  ChosenColumn label_by_name() const;
  // Throws UsageError for a usual name that holds objects: nothing else is the label then.
  void refuse_objects() const;
  bool numbers_rows(int index) const;
  // Columns of 0 and 1, or of true and false, side by side: one per label. Two may be anything, where another
  // column may hold labels.
  void guess_label_set();
  static std::vector<int> longest_run(const std::vector<int>& indices);
  bool others_may_hold_labels(const std::vector<int>& set) const;
  // Chooses between two columns: what one of them is says what the other is.
  void guess_among_few();
  // Returns the label of two columns: the one whose values repeat, or are the only numbers; -1 when neither
  // can be told.
  int label_by_values() const;
  // Detects the label by a name that ends in the typical name of labels, or by values that repeat.
  void guess_label_by_values();
  // Notes the columns whose names say that they hold labels too.
  void name_other_labels();
  std::string names_of(const std::vector<int>& indices) const;
  std::vector<int> best_labels(bool by_name) const;
  // Columns of texts that nothing else is, the longest first.
  std::vector<int> texts() const;
  // A title stands above a text: what is longer than it, and filled as often, is the text.
  void prefer_to_title();
  void guess_text();
  std::string longer_than(int longer, int other) const;  // a reason
  void check() const;
  void check_name(const ChosenColumn& chosen) const;

  const TableHead& head_;
  const ReadOptions& options_;
  std::vector<std::string> keys_;
  std::vector<ColumnFacts> facts_;
  ColumnChoice choice_;
};

}  // namespace bertune::data
