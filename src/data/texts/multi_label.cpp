// Rows with several labels: "joy|love", "joy,love", ["joy", "love"] or, as Python writes it, ['joy', 'love'].
#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/json.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

void add(std::vector<std::string>& labels, std::string_view label) {
  label = trimmed(label);
  if (label.empty() || std::find(labels.begin(), labels.end(), label) != labels.end()) return;
  labels.emplace_back(label);
}

// "['a', 'b']" and "[2 27]", as Python and NumPy print lists, as JSON; other texts stay as they are.
std::string as_json(std::string_view list) {
  std::string json;
  const std::string_view inside = list.substr(1, list.size() - 2);
  if (inside.find('\'') == std::string_view::npos) {
    const bool numbers = inside.find_first_not_of("0123456789. ") == std::string_view::npos;
    if (!numbers || trimmed(inside).find(' ') == std::string_view::npos) return std::string(list);
    for (const char c : trimmed(inside)) {
      if (c != ' ') json += c;
      if (c == ' ' && !json.ends_with(", ")) json += ", ";
    }
    return "[" + json + "]";
  }
  char open = '\0';  // the quote of the text that this is within
  for (const char c : list) {
    const bool quote = (c == '\'' || c == '"') && (open == '\0' || open == c);
    if (quote) open = open == '\0' ? c : '\0';
    if (!quote && c == '"') json += '\\';
    json += quote ? '"' : c;
  }
  return json;
}

}  // namespace

char guess_separator(const Dataset& dataset) {
  const auto has_bar = [](const Row& row) {
    return row.has_label && row.label.find('|') != std::string_view::npos;
  };
  return std::any_of(dataset.rows.begin(), dataset.rows.end(), has_bar) ? '|' : ',';
}

std::vector<std::string> split_labels(std::string_view label, char separator, const std::string& where) {
  std::vector<std::string> labels;
  label = trimmed(label);
  if (label.starts_with('[') && label.ends_with(']')) {
    for (const Json& element : parse_json(as_json(label), where)) {
      if (element.is_structured() || element.is_null()) {
        throw Error(fmt::format("{}: a list of labels holds something that is no string or number", where));
      }
      add(labels, element.is_string() ? element.get_ref<const std::string&>() : element.dump());
    }
    return labels;
  }
  if (separator == '\0') separator = label.find('|') != std::string_view::npos ? '|' : ',';
  for (;;) {
    const std::size_t size = label.find(separator);
    add(labels, label.substr(0, size));
    if (size == std::string_view::npos) return labels;
    label.remove_prefix(size + 1);
  }
}

}  // namespace bertune::data
