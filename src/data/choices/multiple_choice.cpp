#include "data/choices/multiple_choice.h"

#include <fmt/format.h>

#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"
#include "data/choices/choice_labels.h"
#include "data/choices/multiple_choice_builder.h"
#include "data/choices/multiple_choice_columns.h"
#include "data/choices/nested_choices.h"
#include "data/files/bad_rows.h"
#include "data/files/file_part.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/label_lines.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"
#include "data/texts/columns.h"

namespace bertune::data {
namespace {

using Names = std::vector<std::string>;
using Notes = std::vector<std::string>;

constexpr std::int64_t kFew = 20;  // one of so many

// Reads the header, or looks into the first objects, which may not all have every key; false where there is
// none. `line` is that of the first.
bool read_names(std::string_view& text, Format format, RecordParser& parser, std::int64_t& line,
                Names& names) {
  std::string_view rest = text;
  Record record;
  const std::unique_ptr<RecordParser> peeking = parser.clone();
  if ((is_delimited(format) ? parser : *peeking).next(rest, true, record) != Parse::record) return false;
  line = record.line;
  if (!is_delimited(format)) {
    constexpr int kObjects = 100;
    for (int i = 1; i < kObjects && peeking->next(rest, true, record) == Parse::record;) ++i;
    names = peeking->keys();
    return true;
  }
  text = rest;
  for (const Cell& cell : record.cells) names.push_back(cell_text(cell));
  return true;
}

}  // namespace

std::span<const std::string_view> MultipleChoiceDataset::choices_of(std::int64_t question) const {
  return std::span(choices).subspan(static_cast<std::size_t>(question * num_choices),
                                    static_cast<std::size_t>(num_choices));
}

std::string MultipleChoiceDataset::where(std::int64_t question) const {
  return place_in(path, questions[static_cast<std::size_t>(question)].line);
}

void MultipleChoiceDataset::take_over(const MultipleChoiceDataset& whole,
                                      std::span<const std::int64_t> numbers) {
  choices.reserve(numbers.size() * static_cast<std::size_t>(num_choices));
  for (const std::int64_t number : numbers) {
    const std::span<const std::string_view> of_question = whole.choices_of(number);
    choices.insert(choices.end(), of_question.begin(), of_question.end());
  }
}

std::string_view MultipleChoiceDataset::first_text(std::int64_t question) const {
  const MultipleChoiceQuestion& asked = questions[static_cast<std::size_t>(question)];
  return is_blank(asked.context) ? asked.question : asked.context;
}

std::string MultipleChoiceDataset::second_text(std::int64_t question, std::int64_t choice) const {
  const MultipleChoiceQuestion& asked = questions[static_cast<std::size_t>(question)];
  const std::string_view answer = choices_of(question)[static_cast<std::size_t>(choice)];
  if (is_blank(asked.context)) return std::string(answer);
  if (!fills_blanks || asked.question.find('_') == std::string_view::npos)
    return fmt::format("{} {}", asked.question, answer);
  std::string filled;
  for (const char letter : asked.question) {
    if (letter == '_') {
      filled += answer;
    } else {
      filled += letter;
    }
  }
  return filled;
}

namespace {

bool begins_nested(std::string_view text, const std::string& path) {
  JsonRows rows(path);
  JsonRow row;
  JsonMends mends;
  try {
    return rows.next(text, true, row) == Parse::record &&
           has_nested_choices(parse_json_row(row.text, path, mends));
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    return false;  // whoever reads it says what is wrong with it
  }
}

// Returns the file's own format, or the one that its content shows.
Format format_of(const fs::path& path, std::string_view text, std::optional<Format> given) {
  if (given) return *given;
  text.remove_prefix(byte_order_mark(text));
  return is_json(text) ? Format::json : format_from_path(path);
}

void take_label_lines(MultipleChoiceDataset& dataset, const MultipleChoiceReadOptions& options) {
  if (!options.label_column.empty())
    throw UsageError("labels_file",
                     "`labels_file` and `label_column` both say where the labels are; leave one out");
  const LabelLines labels(options.labels_file);
  labels.require(static_cast<std::size_t>(dataset.size()), "questions", dataset.path, false);
  dataset.notes.push_back(labels.note(dataset.path));
  set_choice_labels(dataset, labels.lines(), options.max_bad_rows);
}

// Returns how many choices the first question of the file has.
std::int64_t choices_of_first(const std::string& path, Format format, MultipleChoiceReadOptions options) {
  const std::string_view beginning = std::exchange(options.beginning, {});
  options.max_questions = 1, options.lines_before = 0;
  return parse_multiple_choice(beginning, path, format, options).num_choices;
}

}  // namespace

MultipleChoiceDataset parse_multiple_choice(std::string_view text, const std::string& path, Format format,
                                            const MultipleChoiceReadOptions& options) {
  refuse_foreign_bytes(text, path);
  text.remove_prefix(byte_order_mark(text));
  if (is_blank(text)) throw Error(fmt::format("{}: is empty", path));
  Notes notes;
  std::string clean;
  if (find_invalid_utf8(text) != std::string_view::npos) {
    std::uint64_t replaced = 0;
    clean = replace_invalid_utf8(text, replaced);
    text = clean;
    notes.push_back(fmt::format("{}: {} bytes that are not UTF-8 were replaced by U+FFFD", path, replaced));
  }
  if (format == Format::text) {
    throw UsageError(fmt::format(
        "{}: plain text cannot hold questions and their choices; use CSV, TSV, JSON Lines or JSON", path));
  }
  std::string_view beginning = options.beginning.empty() ? text : options.beginning;
  std::unique_ptr<RecordParser> parser =
      make_parser(path, format, options.delimiter, beginning, notes, options.lines_before);
  if (!is_delimited(format) && begins_nested(beginning, path)) {
    parser = make_nested_choice_parser(path, options.lines_before);
    notes.push_back(fmt::format("{}: the questions are read from objects within objects (detected)", path));
  }
  Names names;
  std::int64_t line = 0;
  if (!read_names(beginning, format, *parser, line, names))
    throw Error(fmt::format("{}: holds no questions", path));
  if (options.beginning.empty()) {
    text = beginning;
  } else {
    parser->set_line(options.lines_before + 1);
  }
  Names others = names;
  if (const int fold = column_named(names, options.fold_column); fold >= 0 && !options.fold_column.empty())
    others.erase(others.begin() + fold);
  const MultipleChoiceColumns columns = choose_multiple_choice_columns(
      others, place_in(path, line), options.label_column, options.with_labels && options.labels_file.empty());
  if (const std::string guesses = guessed_columns(columns, others); !guesses.empty())
    notes.push_back(
        fmt::format("{}: columns detected: {} (`label_column` names another label)", path, guesses));
  if (!is_delimited(format)) {
    names = columns.known();
    parser->set_keys(names);
  }
  MultipleChoiceBuilder builder(path, columns, names);
  if (!options.beginning.empty()) builder.set_num_choices(choices_of_first(path, format, options));
  Record record;
  const auto is_full = [&] { return options.max_questions >= 0 && builder.size() >= options.max_questions; };
  BadRows bad(options.max_bad_rows), odd(options.max_bad_rows);
  for (bool more = true; more && !is_full();) {
    const std::size_t before = text.size();
    const bool is_read = bad.reads([&] {
      more = parser->next(text, true, record) == Parse::record;
      if (!more) return;
      if (record.cells.size() != names.size()) {
        throw Error(fmt::format("{}: {} fields where the header has {}", place_in(path, record.line),
                                record.cells.size(), names.size()));
      }
      try {
        builder.add(record);
      } catch (const OtherNumberOfChoices& error) {
        odd.add(error.what());
      }
    });
    if (!is_read && text.size() == before) bad.stop();
  }
  bad.settle(path, builder.size(), "questions", notes);
  // ARC has a few among its thousands.
  if (odd.count() > 0 && odd.count() * kFew <= builder.size()) {
    notes.push_back(
        fmt::format("{}: {} of {} questions have another number of choices and are left out; the first: {}",
                    path, odd.count(), builder.size() + odd.count(), odd.first()));
  } else {
    odd.settle(path, builder.size(), "questions", notes);
  }
  MultipleChoiceDataset dataset = builder.finish(std::move(notes), options.max_bad_rows);
  if (options.with_labels && !options.labels_file.empty()) take_label_lines(dataset, options);
  return dataset;
}

MultipleChoiceDataset read_multiple_choice(const fs::path& path, const MultipleChoiceReadOptions& options) {
  const TextFile file(file_part(path).file);
  const Format format = format_of(path, file.text(), options.format);
  MultipleChoiceDataset dataset = parse_multiple_choice(file.text(), path.string(), format, options);
  dataset.notes.insert(dataset.notes.begin(), file.notes().begin(), file.notes().end());
  return dataset;
}

bool looks_like_multiple_choice(const fs::path& path) {
  try {
    const TextFile file(file_part(path).file);
    std::string_view text = file.text();
    const Format format = format_of(path, text, std::nullopt);
    if (format == Format::text) return false;
    text.remove_prefix(byte_order_mark(text));
    if (!is_delimited(format) && begins_nested(text, path.string())) return true;
    Notes notes;
    Names names;
    std::int64_t line = 0;
    return read_names(text, format, *make_parser(path.string(), format, '\0', text, notes), line, names) &&
           are_multiple_choice_columns(names);
  } catch (const Error&) {
    return false;  // whoever reads it says what is wrong with it
  }
}

}  // namespace bertune::data
