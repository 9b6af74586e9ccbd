#include "report/data_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "data/texts/columns.h"
#include "report/table.h"

namespace bertune::report {
namespace {

using data::CheckResult;
using data::ChosenColumn;
using data::ColumnChoice;
using data::LabelCount;
using data::LengthCheck;
using data::NamedDataset;
using data::RowPair;
using data::SplitCheck;

constexpr int kLabelWidth = 28, kTextWidth = 60, kNoteWidth = 150;

// How much to show of what may be long.
struct Detail {
  std::size_t labels, examples, notes;
};
constexpr std::array kDetails = {Detail{12, 3, 6}, Detail{8, 2, 4}, Detail{6, 1, 2}, Detail{4, 1, 1}};

std::string quoted(const std::string& name) { return "\"" + shorten(printable(name), kLabelWidth) + "\""; }

std::string rows_text(std::int64_t count) { return grouped(count) + (count == 1 ? " row" : " rows"); }

std::string of_split(std::int64_t part, const SplitCheck& split) {
  return fmt::format("{} ({})", rows_text(part),
                     percent(static_cast<double>(part), static_cast<double>(split.rows)));
}

class Writer {
 public:
  Writer(const CheckResult& result, std::span<const NamedDataset> datasets, const DataReportOptions& options,
         const Detail& detail)
      : result_(result), datasets_(datasets), options_(options), style_(options.style), detail_(detail) {}

  std::string text() const {
    std::string all;
    for (const std::string& block : {splits(), columns(), labels(), lengths(), findings(), notes()}) {
      if (!block.empty()) all += (all.empty() ? "" : "\n") + block;
    }
    return all;
  }

 private:
  std::string rendered(const std::string& text) const {
    return options_.render ? options_.render(text) : text;
  }
  std::string title(const std::string& text) const { return style_.bold(text) + "\n"; }

  std::string splits() const {
    Table table({Align::left, Align::right, Align::left, Align::left});
    for (const SplitCheck& split : result_.splits) {
      const std::string unlabeled =
          split.unlabeled > 0 ? fmt::format("{} without a label", grouped(split.unlabeled)) : "";
      table.add({printable(split.name), rows_text(split.rows), printable(split.path), unlabeled});
    }
    return table.empty() ? "" : title("Data") + table.text();
  }

  static std::string choice_text(const ColumnChoice& choice) {
    std::string text;
    const std::pair<const ChosenColumn*, const char*> roles[] = {
        {&choice.text, "text"}, {&choice.text_pair, "text pair"}, {&choice.label, "label"}};
    for (const auto& [column, role] : roles) {
      if (!*column) continue;
      text +=
          fmt::format("  {} column: {}{}\n", role, quoted(column->name), column->guessed ? " (guessed)" : "");
    }
    return text;
  }

  static std::string others_text(const ColumnChoice& choice) {
    constexpr std::size_t kShown = 6;
    std::string names;
    std::size_t count = 0, nameless = 0;
    for (std::size_t i = 0; i < choice.all.size(); ++i) {
      if (data::is_used(choice, static_cast<int>(i))) continue;
      if (choice.all[i].empty()) {
        ++nameless;
        continue;
      }
      if (++count <= kShown) names += (names.empty() ? "" : ", ") + quoted(choice.all[i]);
    }
    if (count > kShown) names += fmt::format(" and {} more", count - kShown);
    if (nameless > 0) {
      names += fmt::format("{}{} {} without a name", count == 0 ? "" : ", ", nameless,
                           nameless == 1 ? "column" : "columns");
    }
    const std::string fold = choice.fold ? fmt::format("  fold column: {}\n", quoted(choice.fold.name)) : "";
    return fold + (names.empty() ? "" : "  not used: " + names + "\n");
  }

  std::string columns() const {
    std::string text, first;
    for (const NamedDataset& named : datasets_) {
      const std::string choice = choice_text(named.dataset->columns);
      if (first.empty()) {
        first = choice;
        text += choice + others_text(named.dataset->columns);
      } else if (choice != first) {
        std::string line = choice;
        std::replace(line.begin(), line.end(), '\n', ',');
        if (line.ends_with(',')) line.pop_back();
        text += fmt::format("  but in {}:{}\n", named.name, line);
      }
    }
    return text.empty() ? "" : title("Columns") + text;
  }

  void add_label(Table& table, const LabelCount& label) const {
    std::vector<std::string> cells = {shorten_middle(printable(label.label), kLabelWidth)};
    for (std::size_t i = 0; i < result_.splits.size(); ++i) {
      const std::int64_t rows = i < label.rows.size() ? label.rows[i] : 0;
      const std::int64_t labeled = result_.splits[i].rows - result_.splits[i].unlabeled;
      const std::string share = percent(static_cast<double>(rows), static_cast<double>(labeled));
      cells.push_back(fmt::format("{}  {:>7}", grouped(rows), share));
    }
    table.add(std::move(cells));
  }

  std::string labels() const {
    const std::vector<LabelCount>& all = result_.labels;
    if (all.empty()) return "";
    std::vector<Align> alignment(1 + result_.splits.size(), Align::right);
    alignment[0] = Align::left;
    Table table(alignment);
    std::vector<std::string> header = {""};
    for (const SplitCheck& split : result_.splits) header.push_back(printable(split.name));
    table.add(std::move(header));
    const bool cut = all.size() > detail_.labels;
    const std::size_t least = cut ? detail_.labels / 2 : 0, most = cut ? detail_.labels - least : all.size();
    for (std::size_t i = 0; i < most; ++i) add_label(table, all[i]);
    if (cut) table.add({fmt::format("... {} more ...", all.size() - most - least)});
    for (std::size_t i = all.size() - least; i < all.size(); ++i) add_label(table, all[i]);
    return title(fmt::format("Labels ({})", all.size())) + table.text() + label_remarks();
  }

  std::string label_remarks() const {
    std::string text;
    if (!result_.rare_labels.empty()) {
      text += fmt::format(
          "  {} {} fewer than {} training rows, too few to learn well\n", result_.rare_labels.size(),
          result_.rare_labels.size() == 1 ? "label has" : "labels have", result_.options.few_rows);
    }
    if (result_.imbalance >= result_.options.imbalance) {
      text += fmt::format(
          "  the most frequent has {:.0f} times the rows of the least: judge by f1_macro, not accuracy\n",
          result_.imbalance);
    }
    return text;
  }

  std::string lengths() const {
    if (result_.lengths.empty()) return "";
    Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
    table.add({"", "median", "90 %", "95 %", "99 %", "longest"});
    std::string cuts;
    for (std::size_t i = 0; i < result_.lengths.size(); ++i) {
      const LengthCheck& check = result_.lengths[i];
      const std::string name = i < result_.splits.size() ? printable(result_.splits[i].name) : "";
      table.add({name, std::to_string(check.p50), std::to_string(check.p90), std::to_string(check.p95),
                 std::to_string(check.p99), std::to_string(check.max)});
      if (check.truncated_rows == 0) continue;
      cuts += fmt::format("  {}: {} {} ({}) {} longer than `max_length={}` and will be cut; {} of tokens\n",
                          name, grouped(check.truncated_rows), check.truncated_rows == 1 ? "text" : "texts",
                          percent(check.truncated_share, 1), check.truncated_rows == 1 ? "is" : "are",
                          check.max_length, percent(check.lost_token_share, 1));
    }
    return title("Length in tokens") + table.text() + rendered(cuts);
  }

  void add_examples(std::string& text, const std::vector<RowPair>& pairs) const {
    for (std::size_t i = 0; i < std::min(pairs.size(), detail_.examples); ++i) {
      const RowPair& pair = pairs[i];
      std::string places = printable(pair.first) + " and " + printable(pair.second);
      if (pair.first_label != pair.second_label) {
        places = fmt::format("{} {} and {} {}", printable(pair.first), quoted(pair.first_label),
                             printable(pair.second), quoted(pair.second_label));
      }
      text += style_.dim(fmt::format("    {}: {}", places, shorten(printable(pair.text), kTextWidth))) + "\n";
    }
  }

  std::string finding(const std::string& line) const { return style_.yellow("  " + line) + "\n"; }

  std::string leaks(const SplitCheck& split) const {
    if (split.leaked_rows == 0) return "";
    const std::string training = printable(result_.splits.front().name);
    const std::string differ =
        split.leaked_with_other_label > 0
            ? fmt::format(", {} with another label", grouped(split.leaked_with_other_label))
            : "";
    std::string text = finding(
        fmt::format("{}: {} also in {}{}; scores will look better than they are: remove them from {}",
                    printable(split.name), of_split(split.leaked_rows, split), training, differ, training));
    add_examples(text, split.leak_examples);
    return text;
  }

  std::string conflicts(const SplitCheck& split) const {
    if (split.conflicting_rows == 0) return "";
    std::string text = finding(fmt::format("{}: {} share a text but not the label: correct or remove them",
                                           printable(split.name), of_split(split.conflicting_rows, split)));
    add_examples(text, split.conflict_examples);
    return text;
  }

  std::string duplicates(const SplitCheck& split) const {
    std::string text;
    if (split.normalized_duplicates > 0) {
      text += finding(
          fmt::format("{}: {} {} an earlier text: keep one of each, unless they are meant to count more",
                      printable(split.name), of_split(split.normalized_duplicates, split),
                      split.normalized_duplicates == 1 ? "repeats" : "repeat"));
      add_examples(text, split.duplicate_examples);
    }
    if (split.empty_texts > 0) {
      const std::string first = split.empty_examples.empty()
                                    ? ""
                                    : fmt::format(", the first at {}", printable(split.empty_examples[0]));
      text += finding(fmt::format("{}: {} with an empty text{}: remove them", printable(split.name),
                                  of_split(split.empty_texts, split), first));
    }
    return text;
  }

  std::string findings() const {
    std::string text;
    for (const SplitCheck& split : result_.splits) text += leaks(split);
    for (const SplitCheck& split : result_.splits) text += conflicts(split);
    for (const SplitCheck& split : result_.splits) text += duplicates(split);
    if (text.empty()) return "";
    return title("Findings") + text;
  }

  std::string notes() const {
    std::vector<std::string> lines;
    std::set<std::string> seen;
    for (const NamedDataset& named : datasets_) {
      for (const std::string& note : named.dataset->notes) {
        // The block of columns says it already.
        const bool about_columns = note.find(": columns guessed: ") != std::string::npos;
        if (!about_columns && seen.insert(note).second) lines.push_back(note);
      }
    }
    if (lines.empty()) return "";
    const std::size_t shown = std::min(lines.size(), detail_.notes);
    std::string text;
    for (std::size_t i = 0; i < shown; ++i)
      text += "  " + shorten(printable(rendered(lines[i])), kNoteWidth) + "\n";
    if (shown < lines.size()) text += fmt::format("  and {} more\n", lines.size() - shown);
    return title("Notes") + text;
  }

  const CheckResult& result_;
  std::span<const NamedDataset> datasets_;
  const DataReportOptions& options_;
  Style style_;
  Detail detail_;
};

}  // namespace

std::string data_report(const data::CheckResult& result, std::span<const data::NamedDataset> datasets,
                        const DataReportOptions& options) {
  std::string text;
  for (const Detail& detail : kDetails) {
    text = Writer(result, datasets, options, detail).text();
    if (std::count(text.begin(), text.end(), '\n') <= options.max_lines) break;
  }
  return text;
}

}  // namespace bertune::report
