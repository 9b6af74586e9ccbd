#include "data/texts/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "core/lower_case.h"
#include "core/nearest.h"
#include "data/texts/column_chooser.h"
#include "data/texts/column_facts.h"
#include "data/texts/column_names.h"

namespace bertune::data {

int column_named(const std::vector<std::string>& names, std::string_view name) {
  const auto place = [&](auto found) {
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  };
  if (const int exact = place(std::ranges::find(names, name)); exact >= 0 || name.empty()) return exact;
  const auto is_it = [lower = lower_case(name)](const std::string& each) {
    return lower_case(each) == lower;
  };
  return std::ranges::count_if(names, is_it) == 1 ? place(std::ranges::find_if(names, is_it)) : -1;
}

std::string no_such_column(const std::vector<std::string>& names, const std::string& name,
                           std::string_view option) {
  const std::string_view near = nearest(name, names);
  const std::string meant = near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near);
  const std::string_view numbers =
      !names.empty() && names[0] == "1" ? "; without a header, columns are numbered from 1" : "";
  return fmt::format("there is no column \"{}\" for `{}`{}{}", name, option, meant, numbers);
}

namespace {

ColumnChoice choose_among_all(const TableHead& head, const ReadOptions& options) {
  const int fold = options.fold_column.empty() ? -1 : column_named(head.names, options.fold_column);
  if (fold < 0) return ColumnChooser(head, options).choose();
  TableHead others = head;
  others.names.erase(others.names.begin() + fold);
  if (!others.samples.empty()) others.samples.erase(others.samples.begin() + fold);
  ColumnChoice choice = ColumnChooser(others, options).choose();
  // Somebody who takes the labels for the folds is told so, and not given another column of labels.
  const auto names_a_label = [](const std::string& name) {
    return std::ranges::find(label_names(), name_key(name)) != label_names().end();
  };
  if (choice.label.guessed && !names_a_label(choice.label.name) &&
      names_a_label(head.names[static_cast<std::size_t>(fold)])) {
    throw UsageError("label_column",
                     fmt::format("{}: which column holds the labels? \"{}\" holds the folds; name it with "
                                 "`label_column`; the columns are {}",
                                 head.path, options.fold_column, quoted_list(head.names)));
  }
  for (ChosenColumn* column : {&choice.text, &choice.text_pair, &choice.label})
    if (column->index >= fold) ++column->index;
  for (ChosenColumn& column : choice.labels)
    if (column.index >= fold) ++column.index;
  choice.fold = {head.names[static_cast<std::size_t>(fold)], fold};
  choice.all = head.names;
  return choice;
}

}  // namespace

ColumnChoice choose_columns(const TableHead& head, const ReadOptions& options) {
  ColumnChoice choice = choose_among_all(head, options);
  if (options.id_column.empty()) return choice;
  const int id = column_named(head.names, options.id_column);
  if (id < 0) {
    throw UsageError("id_column", fmt::format("{}: {}; the columns are {}", head.path,
                                              no_such_column(head.names, options.id_column, "id_column"),
                                              quoted_list(head.names)));
  }
  choice.id = {head.names[static_cast<std::size_t>(id)], id};
  return choice;
}

bool header_is_an_example(const TableHead& head) {
  return head.header_line > 0 && is_an_example(head.names, head.samples);
}

bool is_used(const ColumnChoice& choice, int index) {
  const auto is_it = [index](const ChosenColumn& column) { return column.index == index; };
  return is_it(choice.text) || is_it(choice.text_pair) || is_it(choice.label) || is_it(choice.fold) ||
         is_it(choice.id) || std::ranges::any_of(choice.labels, is_it);
}

}  // namespace bertune::data
