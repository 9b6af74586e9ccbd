#include "data/texts/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/records.h"
#include "data/texts/column_facts.h"
#include "data/texts/column_names.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

std::string folded(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

class Chooser {
 public:
  Chooser(const TableHead& head, const ReadOptions& options) : head_(head), options_(options) {
    choice_.all = head.names;
    for (const std::string& name : head.names) keys_.push_back(name_key(name));
    for (const std::vector<std::string>& column : head.samples) facts_.push_back(facts_of(column));
    facts_.resize(head.names.size());
  }

  ColumnChoice choose() {
    choice_.text = given(options_.text_column, "text_column");
    choice_.text_pair = given(options_.text_pair_column, "text_pair_column");
    give_labels();
    if (!choice_.text && options_.guess_pairs) guess_pair();
    if (!choice_.text) choice_.text = first_of(text_names());
    if (columns() == 1 && !choice_.text && !choice_.label) choice_.text = column(0, true);
    if (options_.guess_labels) guess_labels();
    if (choice_.text.guessed && !choice_.text_pair) prefer_to_title();
    if (!choice_.text) guess_text();
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

  int columns() const { return static_cast<int>(head_.names.size()); }
  const std::string& name(int index) const { return head_.names[static_cast<std::size_t>(index)]; }
  const ColumnFacts& facts(int index) const { return facts_[static_cast<std::size_t>(index)]; }
  bool taken(int index) const { return is_used(choice_, index); }

  ChosenColumn column(int index, bool guessed, std::string reason = {}) const {
    return {name(index), index, guessed, std::move(reason)};
  }

  ChosenColumn given(const std::string& wanted, std::string_view option) const {
    if (wanted.empty()) return {};
    const int index = column_named(head_.names, wanted);
    if (index < 0) fail(no_such_column(head_.names, wanted, option));
    return column(index, false);
  }

  // The column, or the columns of 0 and 1, joined by commas.
  void give_labels() {
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

  void set_labels(std::vector<ChosenColumn> labels, std::string reason = {}) {
    if (labels.empty()) return;
    choice_.label = labels.front();
    for (std::size_t i = 1; i < labels.size(); ++i) choice_.label.name += "," + labels[i].name;
    choice_.label.reason = std::move(reason);
    if (labels.size() > 1) choice_.labels = std::move(labels);
  }

  int find(std::string_view key) const {
    const auto found = std::ranges::find(keys_, key);
    return found == keys_.end() ? -1 : static_cast<int>(found - keys_.begin());
  }

  ChosenColumn first_of(std::span<const std::string_view> candidates) const {
    for (const std::string_view key : candidates) {
      const int index = find(key);
      if (index >= 0 && !taken(index)) return column(index, true);
    }
    return {};
  }

  void guess_pair() {
    for (const auto& [first, second] : pair_names()) {
      const int left = find(first), right = find(second);
      if (left < 0 || right < 0 || left == choice_.label.index || right == choice_.label.index) continue;
      if (choice_.text_pair && choice_.text_pair.index != right) continue;
      choice_.text = column(left, true);
      if (!choice_.text_pair) choice_.text_pair = column(right, true);
      return;
    }
  }

  void guess_labels() {
    if (!choice_.label) choice_.label = label_by_name();
    if (!choice_.label) guess_label_set();
    guess_among_few();
    if (!choice_.label && (options_.labels_required || choice_.text_pair)) guess_label_by_values();
    if (options_.labels_required) name_other_labels();
  }

  // A usual name, unless its values number the rows or are sentences.
  ChosenColumn label_by_name() const {
    for (const std::string_view key : label_names()) {
      const int index = find(key);
      if (index < 0 || taken(index)) continue;
      const ColumnFacts& found = facts(index);
      const bool sentences =
          found.is_text() && found.mean_words > 8 && found.distinct * 10 > found.filled * 9;
      const bool numbers_rows = found.counts_rows() && found.rows >= 10;
      if (found.rows > 1 && (sentences || numbers_rows || found.filled == 0)) continue;
      return column(index, true);
    }
    return {};
  }

  bool numbers_rows(int index) const {
    const ColumnFacts& found = facts(index);
    return found.counts_rows() ||
           (found.whole && found.distinct == found.filled && names_an_index(name(index)));
  }

  // Columns of 0 and 1, or of true and false, side by side: one a label. Two may be anything, where another
  // column may hold labels.
  void guess_label_set() {
    std::vector<int> numbers, booleans;
    for (int i = 0; i < columns(); ++i) {
      if (taken(i) || facts(i).rows < 4 || numbers_rows(i)) continue;
      if (facts(i).zero_or_one) numbers.push_back(i);
      if (facts(i).boolean) booleans.push_back(i);
    }
    numbers = longest_run(numbers), booleans = longest_run(booleans);
    const std::vector<int>& set = numbers.size() >= booleans.size() ? numbers : booleans;
    if (set.size() < 2 || (set.size() == 2 && others_may_hold_labels(set))) return;
    std::vector<ChosenColumn> labels;
    for (const int index : set) labels.push_back(column(index, true));
    set_labels(std::move(labels), fmt::format("each of these columns holds {}, and is a label of its own",
                                              &set == &numbers ? "0 or 1" : "true or false"));
  }

  static std::vector<int> longest_run(const std::vector<int>& indices) {
    std::vector<int> longest, run;
    for (const int index : indices) {
      if (!run.empty() && index != run.back() + 1) run.clear();
      run.push_back(index);
      if (run.size() > longest.size()) longest = run;
    }
    return longest;
  }

  bool others_may_hold_labels(const std::vector<int>& set) const {
    for (int i = 0; i < columns(); ++i) {
      if (taken(i) || numbers_rows(i) || std::ranges::find(set, i) != set.end()) continue;
      if (label_evidence(facts(i)) > 0) return true;
    }
    return false;
  }

  // Of two columns, what one of them is says what the other is.
  void guess_among_few() {
    if (columns() != 2 || choice_.text_pair) return;
    if (!choice_.text && !choice_.label) {
      const int label = label_by_values();
      if (label >= 0) choice_.label = column(label, true);
      // What numbers the rows is no label, and no text either.
      const bool numbers[] = {numbers_rows(0), numbers_rows(1)};
      if (label < 0 && numbers[0] != numbers[1]) choice_.text = column(numbers[0] ? 1 : 0, true);
    }
    if (choice_.label && !choice_.text) choice_.text = column(choice_.label.index == 0 ? 1 : 0, true);
    if (choice_.text && !choice_.label) {
      const int other = choice_.text.index == 0 ? 1 : 0;
      if (label_by_values() == other) choice_.label = column(other, true);
    }
  }

  // Of two columns the one whose values repeat, or are the only numbers; -1 when neither can be told.
  int label_by_values() const {
    if (head_.samples.size() != 2 || head_.samples[0].empty()) return -1;
    const std::size_t rows = head_.samples[0].size();
    const int fewer = facts(0).distinct < facts(1).distinct ? 0 : 1;
    const std::size_t few = facts(fewer).distinct, many = facts(1 - fewer).distinct;
    if (few * 2 <= rows && few * 2 <= many) return fewer;
    const bool numbers[] = {facts(0).numbers && facts(0).full(), facts(1).numbers && facts(1).full()};
    if (numbers[0] == numbers[1]) return -1;
    const int label = numbers[0] ? 0 : 1;
    return numbers_rows(label) ? -1 : label;
  }

  // By a name that ends in the usual name of labels, or by values that repeat.
  void guess_label_by_values() {
    std::vector<int> best = best_labels(true);
    if (best.empty()) best = best_labels(false);
    if (best.empty()) return;
    const auto alike = [&](int other) {
      return say_the_same(head_.samples[static_cast<std::size_t>(best[0])],
                          head_.samples[static_cast<std::size_t>(other)]);
    };
    if (best.size() > 1 && !std::all_of(best.begin() + 1, best.end(), alike)) {
      fail(fmt::format("which column holds the labels? {} fit equally: name one with `label_column`",
                       names_of(best)));
    }
    const ColumnFacts& found = facts(best[0]);
    std::string reason = found.repeats()
                             ? fmt::format("its values repeat, {} in {} rows", found.distinct, found.rows)
                             : "its values are numbers with fractions";
    if (const std::string_view word = label_word_of(name(best[0])); !word.empty())
      reason = fmt::format("its name ends in \"{}\", and {}", word, reason);
    if (best.size() > 1) reason += fmt::format("; \"{}\" says the same", name(best[1]));
    choice_.label = column(best[0], true, std::move(reason));
  }

  // Of columns whose names say that they hold labels too, the person should know.
  void name_other_labels() {
    if (!choice_.label.guessed || !choice_.labels.empty()) return;
    const auto usual = label_names();
    for (int i = 0; i < columns(); ++i) {
      const bool named = std::ranges::find(usual, keys_[static_cast<std::size_t>(i)]) != usual.end() ||
                         !label_word_of(name(i)).empty();
      if (!named || taken(i) || label_evidence(facts(i)) == 0) continue;
      std::string& reason = choice_.label.reason;
      reason += fmt::format("{}; \"{}\" may be one too", reason.empty() ? "by its name" : "", name(i));
      return;
    }
  }

  std::string names_of(const std::vector<int>& indices) const {
    std::vector<std::string> names;
    for (const int index : indices) names.push_back(name(index));
    return quoted_list(names);
  }

  std::vector<int> best_labels(bool by_name) const {
    std::vector<int> best;
    int most = 0;
    for (int i = 0; i < columns(); ++i) {
      if (taken(i) || (by_name && label_word_of(name(i)).empty())) continue;
      if (!choice_.text && facts(i).is_text()) continue;
      const int evidence = numbers_rows(i) ? 0 : label_evidence(facts(i));
      if (evidence == 0 || evidence < most) continue;
      if (evidence > most) best.clear();
      most = evidence;
      best.push_back(i);
    }
    return best;
  }

  // Columns of texts that nothing else is, the longest first.
  std::vector<int> texts() const {
    std::vector<int> found;
    for (int i = 0; i < columns(); ++i)
      if (!taken(i) && facts(i).is_text() && facts(i).fullness() >= 0.5) found.push_back(i);
    std::ranges::stable_sort(found, std::greater(), [&](int i) { return facts(i).mean_length; });
    return found;
  }

  // A title stands above a text: what is longer than it, and filled as often, is the text.
  void prefer_to_title() {
    const ColumnFacts& title = facts(choice_.text.index);
    if (title.rows < 2 || (!names_a_title(choice_.text.name) && title.fullness() >= 0.5)) return;
    const std::vector<int> others = texts();
    if (others.empty()) return;
    const ColumnFacts& text = facts(others[0]);
    if (text.mean_length < 1.5 * title.mean_length || text.fullness() < 0.8 * title.fullness()) return;
    choice_.text = column(others[0], true,
                          fmt::format("longer than \"{}\", {:.0f} characters to {:.0f} on average",
                                      choice_.text.name, text.mean_length, title.mean_length));
  }

  void guess_text() {
    const std::vector<int> found = texts();
    if (found.empty()) return;
    const int first = found[0];
    if (found.size() == 1) {
      choice_.text = column(first, true, "the only column of texts");
      return;
    }
    const int second = found[1];
    const std::vector<int> both = {std::min(first, second), std::max(first, second)};
    const bool only_two = found.size() == 2 || facts(found[2]).mean_length * 1.5 < facts(second).mean_length;
    const auto sample = [&](int index) { return head_.samples[static_cast<std::size_t>(index)]; };
    const bool twins = are_twins(name(both[0]), name(both[1])) && head_.header_line > 0;
    // A title shares words with its text too, and is much shorter.
    const bool as_long = facts(first).mean_length < 2 * facts(second).mean_length;
    if (only_two && options_.guess_pairs &&
        (twins || (as_long && belong_together(sample(both[0]), sample(both[1]))))) {
      const std::string reason =
          twins ? "two columns of texts with names alike" : "two columns of texts that share words";
      choice_.text = column(both[0], true, reason);
      choice_.text_pair = column(both[1], true);
      return;
    }
    if (facts(first).mean_length < 1.5 * facts(second).mean_length) {
      fail(fmt::format(
          "which column holds the text? {} fit equally: name one with `text_column`, or both of a pair "
          "with `text_column` and `text_pair_column`",
          names_of(both)));
    }
    choice_.text = column(first, true,
                          fmt::format("longer than \"{}\", {:.0f} characters to {:.0f} on average",
                                      name(second), facts(first).mean_length, facts(second).mean_length));
  }

  void check() const {
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
    for (const ChosenColumn* chosen : {&choice_.text, &choice_.text_pair, &choice_.label})
      check_name(*chosen);
  }

  void check_name(const ChosenColumn& chosen) const {
    const auto count = std::ranges::count(head_.names, chosen.name);
    if (!chosen || count < 2) return;
    throw Error(fmt::format("{}:{}: {} columns are called \"{}\"; rename all but one", head_.path,
                            head_.header_line, count, chosen.name));
  }

  const TableHead& head_;
  const ReadOptions& options_;
  std::vector<std::string> keys_;
  std::vector<ColumnFacts> facts_;
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
  if (!others.samples.empty()) others.samples.erase(others.samples.begin() + fold);
  ColumnChoice choice = Chooser(others, options).choose();
  for (ChosenColumn* column : {&choice.text, &choice.text_pair, &choice.label})
    if (column->index >= fold) ++column->index;
  for (ChosenColumn& column : choice.labels)
    if (column.index >= fold) ++column.index;
  choice.fold = {head.names[static_cast<std::size_t>(fold)], fold};
  choice.all = head.names;
  return choice;
}

bool header_is_an_example(const TableHead& head) {
  return head.header_line > 0 && is_an_example(head.names, head.samples);
}

bool is_used(const ColumnChoice& choice, int index) {
  const auto is_it = [index](const ChosenColumn& column) { return column.index == index; };
  return is_it(choice.text) || is_it(choice.text_pair) || is_it(choice.label) || is_it(choice.fold) ||
         std::ranges::any_of(choice.labels, is_it);
}

}  // namespace bertune::data
