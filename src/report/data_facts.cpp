#include "report/data_facts.h"

#include <fmt/format.h>

#include <string_view>

#include "report/table.h"

namespace bertune::report {
namespace {

using tasks::Count, tasks::DataFacts, tasks::SetFacts;

std::string notes_text(const std::vector<std::string>& notes, const DataReportOptions& options) {
  std::string text;
  for (const std::string& note : notes)
    text += fmt::format("note: {}\n", options.render ? options.render(note) : note);
  return text;
}

std::string special_tokens(const DataFacts& facts, std::string_view what, const DataReportOptions& options) {
  if (facts.with_special_tokens == 0) return "";
  return fmt::format(
      "{} {} {} hold special tokens such as [SEP] themselves; they are taken as such, as Transformers does\n",
      options.style.yellow("warning:"), facts.with_special_tokens, what);
}

// "12 questions (3 without an answer), 4 contexts"
std::string counts_text(const std::vector<Count>& counts) {
  std::string text;
  for (const Count& count : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(count.number), count.things);
    if (!count.of_these.empty()) text += fmt::format(" ({})", counts_text(count.of_these));
  }
  return text;
}

std::string set_lines(const DataFacts& facts, const DataReportOptions& options) {
  std::string text = notes_text(facts.notes, options);
  for (const SetFacts& set : facts.sets) {
    text += fmt::format("{} {}: {}\n", set.name, set.path, counts_text(set.counts));
    text += notes_text(set.notes, options);
  }
  return text;
}

std::string choice_tables(const DataFacts& facts, const DataReportOptions& options) {
  Table sizes({Align::left, Align::right, Align::left, Align::left});
  Table lengths({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
  lengths.add({"", "median", "95 %", "99 %", "longest",
               fmt::format("cut at {}", facts.sets.front().lengths->max_length)});
  for (const SetFacts& set : facts.sets) {
    const Count& questions = set.counts.front();
    sizes.add({set.name, grouped(questions.number),
               fmt::format("{} of {}", questions.things, questions.of_these.front().number),
               printable(set.path)});
    const data::LengthCheck& check = *set.lengths;
    lengths.add({set.name, std::to_string(check.p50), std::to_string(check.p95), std::to_string(check.p99),
                 std::to_string(check.max), percent(check.truncated_share, 1)});
  }
  return fmt::format("\n{}\n{}\n{} of a choice with its question\n{}\n", options.style.bold("Data"),
                     sizes.text(), options.style.bold("Length in tokens"), lengths.text()) +
         notes_text(facts.notes, options) + special_tokens(facts, "pairs of texts", options);
}

}  // namespace

std::string data_facts(const DataFacts& facts, const DataReportOptions& options) {
  if (facts.check) {
    return fmt::format("\n{}\n", data_report(*facts.check, facts.texts, options)) +
           notes_text(facts.notes, options) + special_tokens(facts, "texts", options);
  }
  if (facts.sets.empty()) return "";
  return facts.sets.front().lengths ? choice_tables(facts, options) : set_lines(facts, options);
}

}  // namespace bertune::report
