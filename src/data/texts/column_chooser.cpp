#include "data/texts/column_chooser.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/records.h"
#include "data/texts/column_names.h"

namespace bertune::data {

ColumnChooser::ColumnChooser(const TableHead& head, const ReadOptions& options)
    : head_(head), options_(options) {
  choice_.all = head.names;
  for (const std::string& name : head.names) keys_.push_back(name_key(name));
  for (const std::vector<std::string>& column : head.samples) facts_.push_back(facts_of(column));
  facts_.resize(head.names.size());
}

ColumnChoice ColumnChooser::choose() {
  choice_.text = given(options_.text_column, "text_column");
  choice_.text_pair = given(options_.text_pair_column, "text_pair_column");
  give_labels();
  if (!choice_.text && options_.guess_pairs) guess_pair();
  if (!choice_.text) choice_.text = text_by_name();
  if (columns() == 1 && !choice_.text && !choice_.label) choice_.text = column(0, true);
  if (options_.guess_labels) guess_labels();
  if (choice_.text.guessed && !choice_.text_pair) prefer_to_title();
  if (!choice_.text) guess_text();
  check();
  return choice_;
}

void ColumnChooser::fail(const std::string& what) const {
  std::string hint;
  if (head_.header_line > 0) hint = "; if the first line is an example and not a header, add `no_header`";
  throw UsageError(
      fmt::format("{}: {}; the columns are {}{}", head_.path, what, quoted_list(head_.names), hint));
}

ChosenColumn ColumnChooser::column(int index, bool guessed, std::string reason) const {
  return {name(index), index, guessed, std::move(reason)};
}

ChosenColumn ColumnChooser::given(const std::string& wanted, std::string_view option) const {
  if (wanted.empty()) return {};
  const int index = column_named(head_.names, wanted);
  if (index < 0) fail(no_such_column(head_.names, wanted, option));
  return column(index, false);
}

void ColumnChooser::give_labels() {
  const std::string& wanted = options_.label_column;
  if (column_named(head_.names, wanted) >= 0 || wanted.find(',') == std::string::npos) {
    choice_.label = given(wanted, "label_column");
    return;
  }
  std::vector<ChosenColumn> labels;
  for (std::string_view rest = wanted; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = trim_blanks(rest.substr(0, end));
    if (!part.empty()) labels.push_back(given(std::string(part), "label_column"));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  set_labels(std::move(labels));
}

void ColumnChooser::set_labels(std::vector<ChosenColumn> labels, std::string reason) {
  if (labels.empty()) return;
  choice_.label = labels.front();
  for (std::size_t i = 1; i < labels.size(); ++i) choice_.label.name += "," + labels[i].name;
  choice_.label.reason = std::move(reason);
  if (labels.size() > 1) choice_.labels = std::move(labels);
}

int ColumnChooser::find(std::string_view key) const {
  const auto found = std::ranges::find(keys_, key);
  return found == keys_.end() ? -1 : static_cast<int>(found - keys_.begin());
}

ChosenColumn ColumnChooser::first_of(std::span<const std::string_view> candidates) const {
  for (const std::string_view key : candidates) {
    const int index = find(key);
    if (index >= 0 && !taken(index)) return column(index, true);
  }
  return {};
}

std::string ColumnChooser::names_of(const std::vector<int>& indices) const {
  std::vector<std::string> names;
  for (const int index : indices) names.push_back(name(index));
  return quoted_list(names);
}

void ColumnChooser::check() const {
  if (!choice_.text) fail("which column holds the text? Name it with `text_column` (and `label_column`)");
  if (options_.labels_required && !choice_.label) {
    fail("which column holds the labels? Name it with `label_column` (and `text_column`)");
  }
  const auto same = [](const ChosenColumn& left, const ChosenColumn& right) {
    return left && right && left.index == right.index;
  };
  bool twice = same(choice_.text, choice_.label) || same(choice_.text, choice_.text_pair) ||
               same(choice_.text_pair, choice_.label);
  for (const ChosenColumn& label : choice_.labels)
    twice = twice || same(choice_.text, label) || same(choice_.text_pair, label);
  if (twice)
    fail(fmt::format("one column cannot be two of text (\"{}\"), pair and label", choice_.text.name));
  for (const ChosenColumn* chosen : {&choice_.text, &choice_.text_pair, &choice_.label}) check_name(*chosen);
}

void ColumnChooser::check_name(const ChosenColumn& chosen) const {
  const auto count = std::ranges::count(head_.names, chosen.name);
  if (!chosen || count < 2) return;
  throw Error(fmt::format("{}:{}: {} columns are called \"{}\"; rename all but one", head_.path,
                          head_.header_line, count, chosen.name));
}

}  // namespace bertune::data
