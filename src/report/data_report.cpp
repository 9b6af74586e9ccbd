#include "report/data_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "data/texts/columns.h"
#include "report/finding_text.h"
#include "report/table.h"

namespace bertune::report {
namespace {

using data::CheckResult;
using data::ChosenColumn;
using data::ColumnChoice;
using data::Count;
using data::LabelCount;
using data::LengthCheck;
using data::NumberRange;
using data::SetCheck;

constexpr int kTextWidth = 60, kNoteWidth = 150;

// The most lines to show of what may be long.
struct Detail {
  std::size_t labels, examples, notes;
};
constexpr std::array kDetails = {Detail{12, 3, 6}, Detail{8, 2, 4}, Detail{6, 1, 2}, Detail{4, 1, 1}};

bool is_of_labels(FindingKind kind) {
  return kind == FindingKind::rare_label || kind == FindingKind::imbalance ||
         kind == FindingKind::untrained_label || kind == FindingKind::one_label;
}
bool is_of_lengths(FindingKind kind) {
  return kind == FindingKind::truncated || kind == FindingKind::windowed;
}

// "1,234 words, 3 tags (IOB2)"
std::string counts_text(const std::vector<Count>& counts) {
  std::string text;
  for (const Count& count : counts)
    text += (text.empty() ? "" : ", ") + counted(count.number, count.unit) + count.after;
  return text;
}

class Writer {
 public:
  Writer(const CheckResult& result, const DataReportOptions& options, const Detail& detail)
      : result_(result), options_(options), style_(options.style), detail_(detail) {}

  std::string text() const {
    std::string all;
    for (const std::string& block :
         {sets(), columns(), labels(), numbers(), lengths(), findings(), notes()}) {
      if (!block.empty()) all += (all.empty() ? "" : "\n") + block;
    }
    return all;
  }

 private:
  std::string rendered(const std::string& text) const {
    return options_.render ? options_.render(text) : text;
  }
  std::string title(const std::string& text) const { return style_.bold(text) + "\n"; }

  std::string sets() const {
    Table table({Align::left, Align::right, Align::left, Align::left});
    for (const SetCheck& set : result_.sets) {
      const std::string unlabeled =
          set.unlabeled > 0 ? fmt::format("{} without a label", grouped(set.unlabeled)) : "";
      table.add({printable(set.name), counted(set.rows, set.unit), printable(set.path),
                 unlabeled + counts_text(set.counts)});
    }
    return table.empty() ? "" : title("Data") + table.text();
  }

  static std::string choice_text(const ColumnChoice& choice) {
    std::string text;
    const std::pair<const ChosenColumn*, const char*> roles[] = {
        {&choice.text, "text"}, {&choice.text_pair, "text pair"}, {&choice.label, "label"}};
    for (const auto& [column, role] : roles) {
      if (!*column) continue;
      text += fmt::format("  {} column: {}{}\n", role, quoted(column->name),
                          column->guessed ? " (detected)" : "");
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

  // Other sets are read by the columns of the first, as far as they have them; how it chose them is of no
  // interest.
  std::string columns() const {
    std::string text;
    const ColumnChoice* first = nullptr;
    const auto name_of = [](const ColumnChoice& choice) {
      return std::tie(choice.text.name, choice.text_pair.name, choice.label.name);
    };
    for (const SetCheck& set : result_.sets) {
      if (!set.columns) continue;
      const std::string choice = choice_text(*set.columns);
      if (first == nullptr) {
        first = &*set.columns;
        text += choice + others_text(*set.columns);
      } else if (name_of(*set.columns) != name_of(*first)) {
        std::string line = choice;
        std::replace(line.begin(), line.end(), '\n', ',');
        if (line.ends_with(',')) line.pop_back();
        text += fmt::format("  but in {}:{}\n", set.name, line);
      }
    }
    return text.empty() ? "" : title("Columns") + text;
  }

  void add_label(Table& table, const LabelCount& label) const {
    std::vector<std::string> cells = {shorten_middle(printable(label.label), kLabelWidth)};
    for (std::size_t i = 0; i < result_.sets.size(); ++i) {
      const std::string share =
          percent(static_cast<double>(label.rows[i]), static_cast<double>(result_.labeled[i]));
      cells.push_back(fmt::format("{}  {:>6}", grouped(label.rows[i]), share));
    }
    table.add(std::move(cells));
  }

  std::string labels() const {
    const std::vector<LabelCount>& all = result_.labels;
    if (all.empty()) return "";
    std::vector<Align> alignment(1 + result_.sets.size(), Align::right);
    alignment[0] = Align::left;
    Table table(alignment);
    std::vector<std::string> header = {""};
    for (const SetCheck& set : result_.sets) header.push_back(printable(set.name));
    table.add(std::move(header));
    const bool cut = all.size() > detail_.labels;
    const std::size_t least = cut ? detail_.labels / 2 : 0, most = cut ? detail_.labels - least : all.size();
    for (std::size_t i = 0; i < most; ++i) add_label(table, all[i]);
    if (cut) table.add({fmt::format("... {} more ...", all.size() - most - least)});
    for (std::size_t i = all.size() - least; i < all.size(); ++i) add_label(table, all[i]);
    const std::string_view what = result_.label == "tag"      ? "Tags"
                                  : result_.label == "choice" ? "Right choices"
                                                              : "Labels";
    return title(fmt::format("{} ({})", what, all.size())) + table.text() + label_remarks();
  }

  std::string label_remarks() const {
    std::string text;
    if (options_.ranked) return text;
    for (const Finding& found : result_.findings) {
      if (!is_of_labels(found.kind)) continue;
      const std::string advice = found.kind == FindingKind::imbalance ? ": " + found.advice : "";
      text += "  " + finding_text(found) + advice + "\n";
    }
    return text;
  }

  std::string numbers() const {
    Table table({Align::left, Align::right, Align::right, Align::right, Align::right});
    for (const SetCheck& set : result_.sets) {
      if (!set.numbers) continue;
      if (table.empty()) table.add({"", "least", "median", "mean", "most"});
      const NumberRange& range = *set.numbers;
      table.add({printable(set.name), fmt::format("{:.6g}", range.least), fmt::format("{:.6g}", range.median),
                 fmt::format("{:.4g}", range.mean), fmt::format("{:.6g}", range.most)});
    }
    return table.empty() ? "" : title("Numbers") + table.text();
  }

  std::string lengths() const {
    Table table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
    for (const SetCheck& set : result_.sets) {
      if (!set.lengths) continue;
      if (table.empty()) table.add({"", "median", "90%", "95%", "99%", "longest"});
      const LengthCheck& check = *set.lengths;
      table.add({printable(set.name), std::to_string(check.p50), std::to_string(check.p90),
                 std::to_string(check.p95), std::to_string(check.p99), std::to_string(check.max)});
    }
    if (table.empty()) return "";
    std::string cuts;
    for (const Finding& found : result_.findings) {
      if (is_of_lengths(found.kind) && !options_.ranked)
        cuts += fmt::format("  {}: {}\n", printable(found.set), finding_text(found));
    }
    const std::string of = result_.lengths_of.empty() ? "" : fmt::format(" of {}", result_.lengths_of);
    return title("Length in tokens" + of) + table.text() + rendered(cuts);
  }

  std::string examples(const Finding& found) const {
    std::string text;
    for (std::size_t i = 0; i < std::min(found.examples.size(), detail_.examples); ++i) {
      const FindingExample& example = found.examples[i];
      std::string places;
      for (std::size_t k = 0; k < example.where.size(); ++k) {
        places += (k > 0 ? " and " : "") + printable(example.where[k]);
        if (!example.labels.empty() && example.labels.front() != example.labels.back())
          places += " " + quoted(example.labels[k]);
      }
      if (!example.text.empty()) places += ": " + shorten(printable(example.text), kTextWidth);
      text += style_.dim("    " + places) + "\n";
    }
    return text;
  }

  std::string ranked_line(const Finding& found) const {
    const std::string severity = fmt::format("{:<8}", to_string(found.severity));
    const std::string tag = found.severity == Severity::error     ? style_.red(severity)
                            : found.severity == Severity::warning ? style_.yellow(severity)
                                                                  : style_.dim(severity);
    std::string where;
    if (found.examples.empty() && !found.where.empty()) where = places(found);
    return "  " + tag + rendered(finding_line(found)) + "\n" + where;
  }

  // "train.csv:2, train.csv:7, ..." where there are no examples to show.
  std::string places(const Finding& found) const {
    std::string text;
    const std::size_t shown = std::min(found.where.size(), detail_.examples);
    for (std::size_t i = 0; i < shown; ++i) text += (i > 0 ? ", " : "") + printable(found.where[i]);
    if (found.rows > static_cast<std::int64_t>(shown)) text += ", ...";
    return style_.dim("    " + text) + "\n";
  }

  std::string findings() const {
    std::string text;
    for (const Finding& found : result_.findings) {
      if (options_.ranked) {
        text += ranked_line(found) + examples(found);
        continue;
      }
      if (is_of_labels(found.kind) || is_of_lengths(found.kind) || found.kind == FindingKind::special_tokens)
        continue;
      text += style_.yellow("  " + rendered(finding_line(found))) + "\n" + examples(found);
    }
    return text.empty() ? "" : title("Findings") + text;
  }

  std::string notes() const {
    std::vector<std::string> lines;
    std::set<std::string> seen;
    for (const SetCheck& set : result_.sets) {
      for (const std::string& note : set.notes) {
        // The block of columns says it already.
        const bool about_columns = note.find(": columns detected: ") != std::string::npos;
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
  const DataReportOptions& options_;
  Style style_;
  Detail detail_;
};

}  // namespace

std::string data_report(const data::CheckResult& result, const DataReportOptions& options) {
  std::string text;
  for (const Detail& detail : kDetails) {
    text = Writer(result, options, detail).text();
    if (std::count(text.begin(), text.end(), '\n') <= options.max_lines) break;
  }
  return text;
}

std::string data_facts(const tasks::DataFacts& facts, const DataReportOptions& options) {
  const std::string report = data_report(facts.check, options);
  std::string text = report.empty() ? "" : fmt::format("\n{}\n", report);
  for (const std::string& note : facts.notes)
    text += fmt::format("note: {}\n", options.render ? options.render(note) : note);
  for (const Finding& found : facts.check.findings) {
    if (found.kind == FindingKind::special_tokens && !options.ranked)
      text += fmt::format("{} {}\n", options.style.yellow("warning:"), finding_text(found));
  }
  return text;
}

}  // namespace bertune::report
