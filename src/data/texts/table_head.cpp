// The beginning of a file: its format, its header, some of its rows, and the columns that they show.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "core/json.h"
#include "data/files/sniff.h"
#include "data/texts/column_names.h"
#include "data/texts/table.h"
#include "data/texts/trained_columns.h"

namespace bertune::data {
namespace {

constexpr std::size_t kSampleRows = 1000, kSampleBytes = std::size_t{64} << 10;

bool holds_json_lines(std::string_view input) {
  std::string_view line;
  return is_json(input) && input.starts_with('{') && take_line(input, true, line) && Json::accept(line);
}

}  // namespace

Table::Table(std::string path, const ReadOptions& options)
    : path_(std::move(path)),
      format_(options.format ? options.format : format_by_name(path_)),
      options_(options),
      guesses_lines_(!options.format),
      bad_(options.max_bad_rows) {
  const char delimiter = options.delimiter;
  if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
    throw UsageError("the delimiter cannot be a quote or a line end");
  }
  if (format_ == Format::text && delimiter == '\0' && options.trained && options.trained->has_pairs())
    options_.delimiter = '\t';
}

bool Table::open(std::string_view& input, bool final) {
  if (!marked_) {
    // Lines of plain text from a pipe are taken as they come: somebody may be waiting for the answer to the
    // first.
    const bool lines_as_they_come = format_ == Format::text && !guesses_lines_;
    const std::size_t enough_to_recognise = lines_as_they_come ? 4 : 4096;
    if (!final && input.size() < enough_to_recognise) return false;
    refuse_foreign_bytes(input, path_);
    input.remove_prefix(byte_order_mark(input));
    marked_ = true;
    settle_format(input);
  }
  if (final && trim_blanks(input).empty() && format_ != Format::text) {
    throw Error(fmt::format("{}: is empty", path_));
  }
  if (!read_head(input, final)) return false;
  settle_header(input, final);
  options_ = with_trained_columns(head_, options_, head_notes_);
  choice_ = choose_columns(head_, options_);
  name_labels_as_trained(options_, choice_);
  require_trained_kind(head_, options_, choice_);
  find_spilled_text();
  parser_->set_keys(head_.names);
  if (head_.header_line > 0) parser_->next(input, final, record_);
  return true;
}

// Detects what the name does not say from the content: the format, and what lines of plain text hold.
void Table::settle_format(std::string_view input) {
  if (!format_) {
    format_ = guess_format(input.substr(0, kSampleBytes));
    head_notes_.push_back(fmt::format("{}: read as {} (detected from its content; change with `format`)",
                                      path_, to_string(*format_)));
  }
  if (format_ != Format::text || !guesses_lines_) return;
  if (holds_json_lines(input)) {
    format_ = Format::jsonl;
    head_notes_.push_back(
        fmt::format("{}: lines are JSON objects (detected; change with `format=text`)", path_));
    return;
  }
  layout_ =
      guess_line_layout(input, options_.delimiter, options_.labels_required && options_.label_column.empty());
  if (layout_.form == LineLayout::Form::plain) return;
  if (layout_.form == LineLayout::Form::fields && options_.text_column.empty() &&
      are_trained_texts(input, layout_.delimiter, options_)) {
    layout_ = {};
    head_notes_.push_back(
        fmt::format("{}: a line is a text, tabs and all, as in training (change with `format=tsv`)", path_));
    return;
  }
  head_notes_.push_back(fmt::format("{}: {} (detected; change with `format=text`)", path_, layout_.reason));
  if (layout_.form != LineLayout::Form::fields) return;
  format_ = layout_.delimiter == '\t' ? Format::tsv : Format::csv;
  options_.delimiter = layout_.delimiter;
}

// A first row that looks like the others is one of them, and so it is where a model knows columns by number.
void Table::settle_header(std::string_view input, bool final) {
  if (head_.header_line == 0 || has_given_columns()) return;
  std::string_view why = "its values are such as those below";
  if (!header_is_an_example(head_)) {
    if (!options_.trained || !has_numbered_columns(*options_.trained) ||
        column_named(head_.names, options_.trained->text) >= 0)
      return;
    if (std::ranges::any_of(head_.names, is_usual_name)) {
      *options_.trained = named_by_place(*options_.trained, head_.names);
      head_notes_.push_back(
          fmt::format("{}: names the columns, which had numbers in training: they are taken by their places",
                      where(head_.header_line)));
      return;
    }
    why = "the columns had numbers and no names in training";
  }
  head_notes_.push_back(
      fmt::format("{}: looks like an example and not like a header ({}): read as one; columns are numbered",
                  where(head_.header_line), why));
  options_.header = false;
  read_head(input, final);
}

bool Table::has_given_columns() const {
  return !options_.text_column.empty() || !options_.text_pair_column.empty() ||
         !options_.label_column.empty();
}

// Learns the names of the columns from the front of the input, which is left as it is.
bool Table::read_head(std::string_view input, bool final) {
  head_ = {};
  head_.path = path_;
  nested_.clear();
  dialect_notes_.clear();
  parser_ = in_lines() ? make_labelled_line_parser(path_, layout_)
                       : make_parser(path_, *format_, options_.delimiter, input, dialect_notes_);
  const std::unique_ptr<RecordParser> parser = parser_->clone();
  if (options_.header && is_delimited(*format_)) {
    const Parse parse = parser->next(input, final, record_);
    if (parse == Parse::incomplete) return false;
    if (parse == Parse::end) throw Error(fmt::format("{}: is empty", path_));
    head_.header_line = record_.line;
    for (const Cell& cell : record_.cells) head_.names.push_back(cell_name(cell));
  }
  return sample_rows(*parser, input, final);
}

// Returns the names for records without a header.
std::vector<std::string> Table::names_without_header(std::size_t columns) const {
  if (in_lines() && layout_.form == LineLayout::Form::cut_last) return {"text", "label"};
  if (in_lines()) return {"label", "text"};
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= columns; ++i) names.push_back(std::to_string(i));
  return names;
}

bool Table::sample_rows(RecordParser& parser, std::string_view input, bool final) {
  std::size_t rows = 0;
  // A user who reads ten rows of a damaged file hears nothing of the eleventh.
  const std::size_t wanted =
      options_.max_rows > 0 ? std::min<std::size_t>(kSampleRows, static_cast<std::size_t>(options_.max_rows))
                            : kSampleRows;
  for (; rows < wanted; ++rows) {
    const Parse parse = parser.next(input, final, record_);
    if (parse == Parse::incomplete && rows == 0) return false;
    if (parse != Parse::record) break;
    if (head_.names.empty() && !is_json()) head_.names = names_without_header(record_.cells.size());
    sample_row();
  }
  if (is_json()) head_.names = parser.keys();
  if (rows == 0 && format_ == Format::text) head_.names = {"1"};
  if (rows == 0 && format_ != Format::text) {
    throw Error(head_.header_line > 0 ? fmt::format("{}: holds a header and no rows", path_)
                                      : fmt::format("{}: holds no rows", path_));
  }
  if (final && rows == kSampleRows && is_delimited(*format_)) sample_elsewhere(input);
  head_.samples.resize(head_.names.size());
  for (std::vector<std::string>& column : head_.samples) column.resize(head_.samples[0].size());
  const auto is_empty = [](const std::string& cell) { return cell.empty(); };
  for (std::size_t i = 0; i < nested_.size() && i < head_.names.size(); ++i)
    if (nested_[i] && std::ranges::all_of(head_.samples[i], is_empty))
      head_.objects.push_back(head_.names[i]);
  return true;
}

// Samples a row; nothing is learned from one that is narrower or wider than the others.
void Table::sample_row() {
  constexpr std::size_t kLongest = 2000;
  const std::size_t width = is_json() ? record_.cells.size() : head_.names.size();
  if (record_.cells.size() != width) return;
  const std::size_t before = head_.samples.empty() ? 0 : head_.samples[0].size();
  if (head_.samples.size() < width) head_.samples.resize(width, std::vector<std::string>(before));
  if (nested_.size() < width) nested_.resize(width);
  for (std::size_t i = 0; i < width; ++i) {
    head_.samples[i].push_back(cell_name(record_.cells[i]).substr(0, kLongest));
    if (record_.cells[i].kind == CellKind::nested) nested_[i] = true;
  }
}

// Files are often sorted by label: some rows from farther behind show the others. Where a line begins within
// a quoted field the rows are none, which their width shows.
void Table::sample_elsewhere(std::string_view input) {
  constexpr std::size_t kPlaces = 8, kRowsAtEach = 50;
  for (std::size_t place = 1; place <= kPlaces; ++place) {
    std::string_view rest = input.substr(input.size() / (kPlaces + 1) * place);
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    const std::unique_ptr<RecordParser> parser = parser_->clone_behind_preamble();
    try {
      for (std::size_t row = 0; row < kRowsAtEach && parser->next(rest, true, record_) == Parse::record;
           ++row)
        sample_row();
    } catch (const Error&) {
      continue;
    }
  }
}

// Columns without a name behind the text hold what an unquoted delimiter cut off it.
void Table::find_spilled_text() {
  if (head_.header_line == 0 || choice_.text.index < 0 || choice_.text_pair) return;
  const std::size_t behind = static_cast<std::size_t>(choice_.text.index) + 1;
  const auto is_nameless = [](const std::string& name) {
    return name.empty() || name.starts_with("Unnamed: ");
  };
  spills_ = behind < head_.names.size() &&
            std::all_of(head_.names.begin() + static_cast<std::ptrdiff_t>(behind), head_.names.end(),
                        is_nameless) &&
            !(choice_.label.index >= static_cast<int>(behind));
  for (std::size_t i = behind; i < head_.samples.size() && spills_; ++i) {
    const auto filled =
        std::ranges::count_if(head_.samples[i], [](const auto& cell) { return !cell.empty(); });
    spills_ = static_cast<std::size_t>(filled) * 2 < head_.samples[i].size();
  }
}

}  // namespace bertune::data
