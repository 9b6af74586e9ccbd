// Chooses the column of the text, and that of its pair.
#include "data/texts/column_chooser.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "data/texts/column_names.h"

namespace bertune::data {

ChosenColumn ColumnChooser::text_by_name() const {
  const ChosenColumn first = first_of(text_names());
  if (!first || !names_a_title(first.name)) return first;
  const ColumnFacts& title = facts(first.index);
  for (const std::string_view key : text_names()) {
    const int index = find(key);
    if (index < 0 || taken(index) || names_a_title(name(index)) || !facts(index).is_text()) continue;
    if (facts(index).fullness() >= title.fullness() && facts(index).mean_length >= title.mean_length)
      return column(index, true, longer_than(index, first.index));
  }
  return first;
}

void ColumnChooser::guess_pair() {
  for (const auto& [first, second] : pair_names()) {
    const int left = find(first), right = find(second);
    if (left < 0 || right < 0 || left == choice_.label.index || right == choice_.label.index) continue;
    if (choice_.text_pair && choice_.text_pair.index != right) continue;
    // "answer" is a label where it says yes or no.
    if (facts(left).is_yes_or_no() || facts(right).is_yes_or_no()) continue;
    choice_.text = column(left, true);
    if (!choice_.text_pair) choice_.text_pair = column(right, true);
    return;
  }
}

std::string ColumnChooser::longer_than(int longer, int other) const {
  return fmt::format("longer than \"{}\", {:.0f} characters to {:.0f} on average", name(other),
                     facts(longer).mean_length, facts(other).mean_length);
}

std::vector<int> ColumnChooser::texts() const {
  std::vector<int> found;
  for (int i = 0; i < columns(); ++i)
    if (!taken(i) && facts(i).is_text() && facts(i).fullness() >= 0.5) found.push_back(i);
  std::ranges::stable_sort(found, std::greater(), [&](int i) { return facts(i).mean_length; });
  return found;
}

void ColumnChooser::prefer_to_title() {
  const ColumnFacts& title = facts(choice_.text.index);
  if (title.rows < 2 || (!names_a_title(choice_.text.name) && title.fullness() >= 0.5)) return;
  const std::vector<int> others = texts();
  if (others.empty()) return;
  const ColumnFacts& text = facts(others[0]);
  if (text.mean_length < 1.5 * title.mean_length || text.fullness() < 0.8 * title.fullness()) return;
  choice_.text = column(others[0], true, longer_than(others[0], choice_.text.index));
}

void ColumnChooser::guess_text() {
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
  choice_.text = column(first, true, longer_than(first, second));
}

}  // namespace bertune::data
