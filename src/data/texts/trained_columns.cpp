#include "data/texts/trained_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

bool is_there(const TableHead& head, const std::string& name) {
  return !name.empty() && column_named(head.names, name) >= 0;
}

// The column, or, of columns of 0 and 1 joined by commas, all of them.
bool are_there(const TableHead& head, std::string_view names) {
  if (is_there(head, std::string(names))) return true;
  while (names.find(',') != std::string_view::npos) {
    if (!is_there(head, std::string(names.substr(0, names.find(','))))) return false;
    names.remove_prefix(names.find(',') + 1);
  }
  return is_there(head, std::string(names));
}

// Lines of text, and tables without a header, have no names to go by.
bool has_names(const TableHead& head) { return !head.names.empty() && head.names.front() != "1"; }

void choose_label(const TableHead& head, ReadOptions& options) {
  const std::string& trained = options.trained->label;
  if (!options.label_column.empty() || !options.guess_labels || trained.empty()) return;
  if (are_there(head, trained)) {
    options.label_column = trained;
  } else if (options.labels_required) {
    throw UsageError(
        "label_column",
        fmt::format(
            "{}: has no column \"{}\", which held the labels in training; the columns are {}. "
            "If another one holds them, name it with `label_column`; rows without labels are for `predict()`",
            head.path, trained, quoted_list(head.names)));
  }
}

void choose_texts(const TableHead& head, ReadOptions& options, std::vector<std::string>& notes) {
  const TrainedColumns& trained = *options.trained;
  if (!options.text_column.empty()) return;
  if (is_there(head, trained.text) && (!trained.has_pairs() || is_there(head, trained.text_pair))) {
    options.text_column = trained.text;
    if (options.text_pair_column.empty()) options.text_pair_column = trained.text_pair;
  } else if (has_names(head) && head.names.size() > 1) {
    const std::string names = trained.has_pairs()
                                  ? fmt::format("\"{}\" and \"{}\"", trained.text, trained.text_pair)
                                  : fmt::format("\"{}\"", trained.text);
    notes.push_back(
        fmt::format("{}: has no column {}, as in training: texts are looked for in others (`text_column` "
                    "names them)",
                    head.path, names));
  }
}

}  // namespace

bool has_numbered_columns(const TrainedColumns& trained) {
  return !trained.text.empty() && trained.text.find_first_not_of("0123456789") == std::string::npos;
}

TrainedColumns named_by_place(TrainedColumns trained, const std::vector<std::string>& names) {
  for (std::string* column : {&trained.text, &trained.text_pair, &trained.label}) {
    std::size_t place = 0;
    const char* end = column->data() + column->size();
    const auto read = std::from_chars(column->data(), end, place);
    if (read.ec == std::errc() && read.ptr == end && place >= 1 && place <= names.size())
      *column = names[place - 1];
  }
  return trained;
}

ReadOptions with_trained_columns(const TableHead& head, ReadOptions options,
                                 std::vector<std::string>& notes) {
  if (!options.trained) return options;
  options.guess_pairs = options.trained->has_pairs();
  if (!has_names(head) && !is_there(head, options.trained->text)) {
    if (options.trained->has_pairs() && head.names.size() == 2 && options.text_column.empty())
      options.text_column = "1", options.text_pair_column = "2";  // a pair in a line
    return options;
  }
  choose_label(head, options);
  choose_texts(head, options, notes);
  return options;
}

void name_labels_as_trained(const ReadOptions& options, ColumnChoice& choice) {
  if (!options.trained) return;
  std::vector<std::string> trained;
  for (std::string_view rest = options.trained->label; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    trained.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (ChosenColumn& label : choice.labels)
    if (const int place = column_named(trained, label.name); place >= 0)
      label.name = trained[static_cast<std::size_t>(place)];
}

bool are_trained_texts(std::string_view input, char delimiter, const ReadOptions& options) {
  if (!options.trained || options.trained->has_pairs() || options.labels_required) return false;
  const TrainedColumns& trained = *options.trained;
  const bool has_name = trained.text.find_first_not_of("0123456789") != std::string::npos;
  // Texts in a file of their own are column "1", and their labels none.
  if (!has_name && !trained.label.empty()) return false;
  const std::string_view line = trim_blanks(input.substr(0, input.find('\n')));
  const std::size_t cut = line.find(delimiter);
  if (cut == std::string_view::npos || line.find(delimiter, cut + 1) != std::string_view::npos) return false;
  const std::vector<std::string> names = {std::string(trim_blanks(line.substr(0, cut))),
                                          std::string(trim_blanks(line.substr(cut + 1)))};
  return column_named(names, trained.text) < 0;
}

void require_trained_kind(const TableHead& head, const ReadOptions& options, const ColumnChoice& choice) {
  if (!options.trained || !options.trained->has_pairs() || choice.text_pair) return;
  throw UsageError(
      "text_pair_column",
      fmt::format(
          "{}: holds single texts, and the model was trained on pairs of them; name the column of the second "
          "with `text_pair_column`, or write a pair in a line, with a tab between its texts",
          head.path));
}

}  // namespace bertune::data
