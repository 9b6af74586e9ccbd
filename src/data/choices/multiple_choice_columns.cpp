#include "data/choices/multiple_choice_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "bertune/error.h"
#include "core/nearest.h"

namespace bertune::data {
namespace {

using Names = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kPrefixes = {"ending", "choice", "option"};

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string first_of(const Names& names, std::initializer_list<std::string_view> wanted) {
  for (const std::string_view name : wanted) {
    if (has(names, name)) return std::string(name);
  }
  return "";
}

std::string numbered(std::string_view prefix, std::size_t number) {
  return fmt::format("{}{}", prefix, number);
}

std::string_view prefix_of(const Names& names) {
  for (const std::string_view prefix : kPrefixes) {
    if (has(names, numbered(prefix, 0))) return prefix;
  }
  return "";
}

Names choice_columns(const Names& names, const std::string& where) {
  const std::string_view prefix = prefix_of(names);
  if (prefix.empty()) return {};
  Names columns;
  std::size_t present = 0;
  for (std::size_t i = 0; i <= kMostChoices; ++i) {
    columns.push_back(numbered(prefix, i));
    if (!has(names, columns.back())) continue;
    if (present < i) {
      throw Error(fmt::format("{}: there is \"{}\" but no \"{}\"; choices are numbered without gaps", where,
                              columns.back(), columns[present]));
    }
    ++present;
  }
  if (present == 1) {
    throw Error(
        fmt::format("{}: \"{}\" is the only choice; a question needs at least two", where, columns.front()));
  }
  return columns;
}

void require_once(const Names& names, const std::string& name, const std::string& where) {
  if (std::count(names.begin(), names.end(), name) > 1)
    throw UsageError(
        fmt::format("{}: more than one column is called \"{}\"; rename all but one", where, name));
}

[[noreturn]] void missing(const std::string& where, std::string_view what, const Names& names) {
  throw UsageError(fmt::format("{}: there is no column {} for multiple choice; the columns are {}", where,
                               what, quoted_list(names)));
}

std::string label_column(const Names& names, const std::string& where, const std::string& given) {
  if (!given.empty()) {
    if (!has(names, given)) missing(where, fmt::format("\"{}\" (`label_column`)", given), names);
    return given;
  }
  std::string label = first_of(names, {"label", "answer"});
  if (label.empty()) missing(where, "\"label\" or \"answer\"", names);
  return label;
}

}  // namespace

Names MultipleChoiceColumns::known() const {
  Names names;
  for (const std::string* name : {&context, &question, &list, &label, &id}) {
    if (!name->empty()) names.push_back(*name);
  }
  names.insert(names.end(), each.begin(), each.end());
  return names;
}

MultipleChoiceColumns choose_multiple_choice_columns(const Names& names, const std::string& where,
                                                     const std::string& label, bool with_labels) {
  MultipleChoiceColumns columns;
  if (has(names, "sent1") && has(names, "sent2")) {
    columns.context = "sent1";
    columns.question = "sent2";
  } else {
    columns.context = first_of(names, {"article", "context", "text"});
    columns.question = first_of(names, {"question"});
    columns.fills_blanks = columns.context == "article";
  }
  if (columns.question.empty()) missing(where, "\"question\" (or \"sent1\" and \"sent2\")", names);
  columns.list = first_of(names, {"choices", "options"});
  if (columns.list.empty()) columns.each = choice_columns(names, where);
  if (columns.list.empty() && columns.each.empty())
    missing(where, "\"choices\", \"options\", \"choice0\" or \"ending0\"", names);
  if (with_labels) columns.label = label_column(names, where, label);
  columns.id = first_of(names, {"id"});
  for (const std::string& name : columns.known()) require_once(names, name, where);
  return columns;
}

bool are_multiple_choice_columns(const Names& names) {
  const bool asks = has(names, "question") || (has(names, "sent1") && has(names, "sent2"));
  const std::string_view prefix = prefix_of(names);
  const bool lists = has(names, "choices") || has(names, "options");
  return asks && (lists || (!prefix.empty() && has(names, numbered(prefix, 1))));
}

}  // namespace bertune::data
