// Chooses the columns of the labels.
#include "data/texts/column_chooser.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/texts/column_names.h"

namespace bertune::data {

void ColumnChooser::guess_labels() {
  if (!choice_.label) choice_.label = label_by_name();
  if (!choice_.label && options_.labels_required) refuse_objects();
  if (!choice_.label) guess_label_set();
  guess_among_few();
  if (!choice_.label && (options_.labels_required || choice_.text_pair)) guess_label_by_values();
  if (options_.labels_required) name_other_labels();
}

ChosenColumn ColumnChooser::label_by_name() const {
  for (const std::string_view key : label_names()) {
    const int index = find(key);
    if (index < 0 || taken(index)) continue;
    const ColumnFacts& found = facts(index);
    const bool sentences = found.is_text() && found.mean_words > 8 && found.distinct * 10 > found.filled * 9;
    const bool numbers_rows = found.counts_rows() && found.rows >= 10;
    if (found.rows > 1 && (sentences || numbers_rows || found.filled == 0)) continue;
    return column(index, true);
  }
  return {};
}

void ColumnChooser::refuse_objects() const {
  for (const std::string_view key : label_names()) {
    const int index = find(key);
    if (index < 0 || std::ranges::find(head_.objects, name(index)) == head_.objects.end()) continue;
    fail(
        fmt::format("\"{}\" is an object or a nested list, where a label is a text, a number or a list of "
                    "these: make it one, or name another column with `label_column`",
                    name(index)));
  }
}

bool ColumnChooser::numbers_rows(int index) const {
  const ColumnFacts& found = facts(index);
  return found.counts_rows() ||
         (found.whole && found.distinct == found.filled && names_an_index(name(index)));
}

void ColumnChooser::guess_label_set() {
  std::vector<int> numbers, booleans;
  for (int i = 0; i < columns(); ++i) {
    if (taken(i) || facts(i).rows < 4 || numbers_rows(i)) continue;
    if (facts(i).zero_or_one) numbers.push_back(i);
    if (facts(i).boolean) booleans.push_back(i);
  }
  numbers = longest_run(numbers), booleans = longest_run(booleans);
  const std::vector<int>& set = numbers.size() >= booleans.size() ? numbers : booleans;
  // Two of them, or columns without names, may as well be counts.
  const bool doubtful = set.size() == 2 || head_.header_line == 0;
  if (set.size() < 2 || (doubtful && others_may_hold_labels(set))) return;
  // Columns that always say the same describe the file.
  if (std::ranges::count_if(set, [&](int index) { return facts(index).distinct > 1; }) < 2) return;
  std::vector<ChosenColumn> labels;
  for (const int index : set) labels.push_back(column(index, true));
  set_labels(std::move(labels), fmt::format("each of these columns holds {}, and is a label of its own",
                                            &set == &numbers ? "0 or 1" : "true or false"));
}

std::vector<int> ColumnChooser::longest_run(const std::vector<int>& indices) {
  std::vector<int> longest, run;
  for (const int index : indices) {
    if (!run.empty() && index != run.back() + 1) run.clear();
    run.push_back(index);
    if (run.size() > longest.size()) longest = run;
  }
  return longest;
}

bool ColumnChooser::others_may_hold_labels(const std::vector<int>& set) const {
  for (int i = 0; i < columns(); ++i) {
    if (taken(i) || numbers_rows(i) || std::ranges::find(set, i) != set.end()) continue;
    if (label_evidence(facts(i)) > 0) return true;
  }
  return false;
}

void ColumnChooser::guess_among_few() {
  if (columns() != 2 || choice_.text_pair) return;
  if (!choice_.text && !choice_.label) {
    const int label = label_by_values();
    if (label >= 0) choice_.label = column(label, true);
    // A column that numbers the rows is not the label, and not the text either.
    const bool numbers[] = {numbers_rows(0), numbers_rows(1)};
    if (label < 0 && numbers[0] != numbers[1]) choice_.text = column(numbers[0] ? 1 : 0, true);
  }
  if (choice_.label && !choice_.text) choice_.text = column(choice_.label.index == 0 ? 1 : 0, true);
  if (choice_.text && !choice_.label) {
    const int other = choice_.text.index == 0 ? 1 : 0;
    if (label_by_values() == other) choice_.label = column(other, true);
  }
}

int ColumnChooser::label_by_values() const {
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

void ColumnChooser::guess_label_by_values() {
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

void ColumnChooser::name_other_labels() {
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

std::vector<int> ColumnChooser::best_labels(bool by_name) const {
  std::vector<int> best;
  int most = 0;
  for (int i = 0; i < columns(); ++i) {
    if (taken(i) || (by_name && label_word_of(name(i)).empty())) continue;
    if (names_a_date(name(i)) || (!choice_.text && facts(i).is_text())) continue;
    const int evidence = numbers_rows(i) ? 0 : label_evidence(facts(i));
    if (evidence == 0 || evidence < most) continue;
    if (evidence > most) best.clear();
    most = evidence;
    best.push_back(i);
  }
  return best;
}

}  // namespace bertune::data
