#include "data/texts/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

// In the order of preference.
constexpr std::array<std::string_view, 26> kTextNames = {
    "text",      "sentence", "review",    "review_text", "content",  "message",  "msg",
    "utterance", "tweet",    "comment",   "body",        "document", "question", "query",
    "title",     "input",    "sentence1", "description", "headline", "post",     "comment_text",
    "abstract",  "email",    "prompt",    "passage",     "sms"};
constexpr std::array<std::string_view, 27> kLabelNames = {"label",
                                                          "labels",
                                                          "class",
                                                          "intent",
                                                          "category",
                                                          "sentiment",
                                                          "target",
                                                          "score",
                                                          "topic",
                                                          "gold_label",
                                                          "quality",
                                                          "classes",
                                                          "tag",
                                                          "tags",
                                                          "emotion",
                                                          "emotions",
                                                          "y",
                                                          "coarse_label",
                                                          "rating",
                                                          "stars",
                                                          "polarity",
                                                          "is_duplicate",
                                                          "similarity",
                                                          "similarity_score",
                                                          "relatedness_score",
                                                          "toxic",
                                                          "output"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kPairNames = {{
    {"sentence1", "sentence2"},
    {"premise", "hypothesis"},
    {"question1", "question2"},
    {"question", "sentence"},
    {"text_a", "text_b"},
    {"text1", "text2"},
    {"#1 string", "#2 string"},
    {"sentence_a", "sentence_b"},
    {"sentence_1", "sentence_2"},
    {"text_1", "text_2"},
    {"question", "answer"},
    {"query", "passage"},
    {"query", "document"},
    {"text", "text_pair"},
}};

std::string folded(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char character) { return static_cast<char>(std::tolower(character)); });
  return lower;
}

template <std::size_t Size>
bool is_known(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), folded(name)) != names.end();
}

class Chooser {
 public:
  Chooser(const TableHead& head, const ReadOptions& options) : head_(head), options_(options) {
    choice_.all = head.names;
    for (const std::string& name : head.names) folded_.push_back(folded(name));
  }

  ColumnChoice choose() {
    choice_.text = given(options_.text_column, "text_column");
    choice_.text_pair = given(options_.text_pair_column, "text_pair_column");
    choice_.label = given(options_.label_column, "label_column");
    if (!choice_.text && options_.guess_pairs) guess_pair();
    if (!choice_.text) choice_.text = first_of(kTextNames);
    if (options_.guess_labels) {
      if (!choice_.label) choice_.label = first_of(kLabelNames);
      guess_among_few();
    }
    check();
    return choice_;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    std::string hint;
    if (head_.header_line > 0) hint = "; if the first line is an example and not a header, add `no_header`";
    throw UsageError(
        fmt::format("{}: {}; the columns are {}{}", head_.path, what, quoted_list(head_.names), hint));
  }

  bool taken(int index) const {
    return index == choice_.text.index || index == choice_.text_pair.index || index == choice_.label.index;
  }
  ChosenColumn column(std::size_t index, bool guessed) const {
    return {head_.names[index], static_cast<int>(index), guessed};
  }

  ChosenColumn given(const std::string& name, std::string_view option) const {
    if (name.empty()) return {};
    const int index = column_named(head_.names, name);
    if (index < 0) fail(no_such_column(head_.names, name, option));
    return column(static_cast<std::size_t>(index), false);
  }

  int find(std::string_view name) const {
    const auto found = std::find(folded_.begin(), folded_.end(), name);
    return found == folded_.end() ? -1 : static_cast<int>(found - folded_.begin());
  }

  template <std::size_t Size>
  ChosenColumn first_of(const std::array<std::string_view, Size>& candidates) const {
    for (const std::string_view name : candidates) {
      const int index = find(name);
      if (index >= 0 && !taken(index)) return column(static_cast<std::size_t>(index), true);
    }
    return {};
  }

  void guess_pair() {
    for (const auto& [first, second] : kPairNames) {
      const int left = find(first), right = find(second);
      if (left < 0 || right < 0 || left == choice_.label.index || right == choice_.label.index) continue;
      if (choice_.text_pair && choice_.text_pair.index != right) continue;
      choice_.text = column(static_cast<std::size_t>(left), true);
      if (!choice_.text_pair) choice_.text_pair = column(static_cast<std::size_t>(right), true);
      return;
    }
  }

  // With one or two columns, what one of them is says what the other is.
  void guess_among_few() {
    const std::size_t columns = head_.names.size();
    if (columns == 1 && !choice_.text && !choice_.label) choice_.text = column(0, true);
    if (columns != 2 || choice_.text_pair) return;
    if (!choice_.text && !choice_.label) {
      const int label = label_by_values();
      if (label >= 0) choice_.label = column(static_cast<std::size_t>(label), true);
    }
    if (choice_.label && !choice_.text) choice_.text = column(choice_.label.index == 0 ? 1 : 0, true);
    if (choice_.text && !choice_.label) {
      const int other = choice_.text.index == 0 ? 1 : 0;
      if (label_by_values() == other) choice_.label = column(static_cast<std::size_t>(other), true);
    }
  }

  // Of two columns the one whose values repeat, or are the only numbers; -1 when neither can be told.
  int label_by_values() const {
    if (head_.samples.size() != 2 || head_.samples[0].empty()) return -1;
    std::array<std::size_t, 2> distinct{};
    std::array<bool, 2> numbers{};
    const std::size_t rows = head_.samples[0].size();
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& sample = head_.samples[i];
      distinct[i] = std::unordered_set<std::string_view>(sample.begin(), sample.end()).size();
      numbers[i] = std::all_of(sample.begin(), sample.end(),
                               [](const std::string& value) { return parse_number(value).has_value(); });
    }
    const std::size_t fewer = distinct[0] < distinct[1] ? 0 : 1;
    const bool repeats = distinct[fewer] * 2 <= rows && distinct[fewer] * 2 <= distinct[1 - fewer];
    if (repeats) return static_cast<int>(fewer);
    if (numbers[0] != numbers[1]) return numbers[0] ? 0 : 1;
    return -1;
  }

  void check() const {
    if (!choice_.text) fail("which column holds the text? Name it with `text_column` (and `label_column`)");
    if (options_.labels_required && !choice_.label) {
      fail("which column holds the labels? Name it with `label_column` (and `text_column`)");
    }
    const auto same = [](const ChosenColumn& left, const ChosenColumn& right) {
      return left && right && left.index == right.index;
    };
    if (same(choice_.text, choice_.label) || same(choice_.text, choice_.text_pair) ||
        same(choice_.text_pair, choice_.label)) {
      fail(fmt::format("one column cannot be two of text (\"{}\"), pair and label", choice_.text.name));
    }
    for (const ChosenColumn* chosen : {&choice_.text, &choice_.text_pair, &choice_.label}) {
      if (*chosen && std::count(head_.names.begin(), head_.names.end(), chosen->name) > 1) {
        throw Error(fmt::format(
            "{}:{}: {} columns are called \"{}\"; rename all but one", head_.path, head_.header_line,
            std::count(head_.names.begin(), head_.names.end(), chosen->name), chosen->name));
      }
    }
  }

  const TableHead& head_;
  const ReadOptions& options_;
  std::vector<std::string> folded_;
  ColumnChoice choice_;
};

}  // namespace

int column_named(const std::vector<std::string>& names, std::string_view name) {
  const auto place = [&](auto found) {
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
  };
  if (const int exact = place(std::ranges::find(names, name)); exact >= 0 || name.empty()) return exact;
  const std::string lower = folded(name);
  return std::ranges::count(names, lower, folded) == 1 ? place(std::ranges::find(names, lower, folded)) : -1;
}

std::string no_such_column(const std::vector<std::string>& names, const std::string& name,
                           std::string_view option) {
  const std::string_view near = nearest(name, names);
  const std::string meant = near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near);
  const std::string_view numbers =
      !names.empty() && names[0] == "1" ? "; without a header, columns are numbered from 1" : "";
  return fmt::format("there is no column \"{}\" for `{}`{}{}", name, option, meant, numbers);
}

ColumnChoice choose_columns(const TableHead& head, const ReadOptions& options) {
  const int fold = options.fold_column.empty() ? -1 : column_named(head.names, options.fold_column);
  if (fold < 0) return Chooser(head, options).choose();
  TableHead others = head;
  others.names.erase(others.names.begin() + fold);
  others.samples.clear();
  ColumnChoice choice = Chooser(others, options).choose();
  for (ChosenColumn* column : {&choice.text, &choice.text_pair, &choice.label})
    if (column->index >= fold) ++column->index;
  choice.fold = {head.names[static_cast<std::size_t>(fold)], fold};
  choice.all = head.names;
  return choice;
}

bool header_is_an_example(const TableHead& head, const ColumnChoice& choice) {
  if (head.header_line == 0 || !choice.label.guessed || !choice.text.guessed) return false;
  if (head.samples.size() != 2 || is_known(kTextNames, choice.text.name)) return false;
  if (is_known(kLabelNames, choice.label.name)) return false;
  const auto& values = head.samples[static_cast<std::size_t>(choice.label.index)];
  return std::find(values.begin(), values.end(), choice.label.name) != values.end();
}

}  // namespace bertune::data
