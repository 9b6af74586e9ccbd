// Tables of words: a word and its tag per row, with the number of the sentence or blank lines between
// sentences; or a sentence per row, whose words and tags are lists as JSON or Python writes them, or
// separated by blanks.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "bertune/error.h"
#include "core/lower_case.h"
#include "core/nearest.h"
#include "data/files/python_literal.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_form.h"
#include "data/texts/columns.h"

namespace bertune::data {
namespace {

constexpr std::array<std::string_view, 11> kSentenceNames = {
    "sentence #", "sentence_id", "sentence id", "sent_id",      "sentence_idx", "sentence_number",
    "sent_idx",   "sentence_no", "sentence",    "sentence_num", "sent"};
constexpr std::array<std::string_view, 6> kWordNames = {"word",   "words", "token",
                                                        "tokens", "form",  "surface"};
constexpr std::array<std::string_view, 3> kListOfWordNames = {"sentence", "text", "sentences"};
constexpr std::array<std::string_view, 20> kTagNames = {
    "ner_tags",    "ner_tag",  "ner",      "tag",      "tags",  "iob_tag", "iob_tags",
    "bio_tag",     "bio_tags", "bio",      "iob",      "label", "labels",  "entity",
    "word_labels", "slots",    "tag_name", "pos_tags", "pos",   "upos"};

int first_named(const std::vector<std::string>& names, std::span<const std::string_view> wanted,
                int except = -1) {
  for (const std::string_view name : wanted) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (static_cast<int>(i) != except && lower_case(names[i]) == name) return static_cast<int>(i);
  }
  return -1;
}

std::string text_of(const Record& record, int column) {
  return cell_text(record.cells[static_cast<std::size_t>(column)]);
}

// A list as JSON or Python writes it, or what stands between blanks; no value where it is no list of texts.
std::optional<std::vector<std::string>> listed(const std::string& cell) {
  std::vector<std::string> items;
  if (const std::optional<Json> value = parse_cell_value(cell, true); value && value->is_array()) {
    for (const Json& item : *value) {
      if (!item.is_string() && !item.is_number_integer()) return std::nullopt;
      items.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    }
    return items;
  }
  std::vector<std::string_view> cells;
  split_cells(cell, false, cells);
  for (const std::string_view item : cells) items.emplace_back(item);
  return items;
}

std::unique_ptr<RecordParser> parser_of(const std::string& path, const TagTable& table) {
  if (table.delimiter == '\t') return make_tsv_parser(path, {.delimiter = '\t', .quote = '\0'});
  return make_csv_parser(path, {.delimiter = table.delimiter});
}

// The rows after the header, as many as tell.
std::vector<Record> first_rows(RecordParser& parser, std::string_view& input) {
  constexpr std::size_t kRows = 200;
  std::vector<Record> rows;
  Record record;
  while (rows.size() < kRows && parser.next(input, true, record) == Parse::record) rows.push_back(record);
  return rows;
}

class TableLooker {
 public:
  TableLooker(std::string_view input, const std::string& label_column) : label_(label_column) {
    std::string_view head = input;
    std::string_view line;
    take_line(head, true, line);
    table_.delimiter = line.find('\t') != line.npos ? '\t' : guess_delimiter(input);
    const auto parser = parser_of("", table_);
    try {
      rows_ = first_rows(*parser, input);
      blank_lines_ = parser->blank_lines();
    } catch (const Error&) {
      rows_.clear();  // whoever reads it says what is wrong
    }
  }

  std::optional<TagTable> look() {
    if (rows_.size() < 2 || rows_[0].cells.size() < 2) return std::nullopt;
    for (const Record& row : rows_)
      if (row.cells.size() != rows_[0].cells.size()) return std::nullopt;
    for (const Cell& cell : rows_[0].cells) table_.names.push_back(cell_name(cell));
    if (has_named_columns()) return table_;
    return has_numbered_columns() ? std::optional(table_) : std::nullopt;
  }

 private:
  std::string value(std::size_t row, int column) const {
    return cell_name(rows_[row].cells[static_cast<std::size_t>(column)]);
  }

  bool has_named_columns() {
    table_.has_header = true;
    table_.tag = label_.empty() ? first_named(table_.names, kTagNames) : column_named(table_.names, label_);
    if (table_.tag < 0) return false;
    table_.word = first_named(table_.names, kWordNames, table_.tag);
    if (table_.word >= 0) table_.sentence = first_named(table_.names, kSentenceNames);
    if (table_.word < 0) table_.word = first_named(table_.names, kListOfWordNames, table_.tag);
    if (table_.word < 0) return false;
    table_.lists = holds_lists();
    if (table_.lists) return true;
    if (first_named({table_.names[static_cast<std::size_t>(table_.word)]}, kWordNames) < 0) return false;
    const bool separated = table_.sentence >= 0 || blank_lines_ > 0;
    return separated || are_entity_tags(1);
  }

  // Words and tags, and nothing that names them.
  bool has_numbered_columns() {
    if (table_.delimiter == '\t') return false;  // read as CoNLL
    table_.has_header = false;
    table_.word = 0, table_.tag = static_cast<int>(table_.names.size()) - 1, table_.sentence = -1;
    table_.lists = false;
    for (std::size_t i = 0; i < table_.names.size(); ++i) table_.names[i] = std::to_string(i + 1);
    return are_entity_tags(0);
  }

  bool are_entity_tags(std::size_t first) const {
    std::size_t entities = 0, outside = 0;
    for (std::size_t row = first; row < rows_.size(); ++row) {
      const std::string tag = value(row, table_.tag);
      if (!is_entity_tag(tag)) return false;
      (tag == "O" ? outside : entities) += 1;
    }
    return entities > 0 && outside > 0;
  }

  bool holds_lists() const {
    std::size_t several = 0;
    for (std::size_t row = 1; row < rows_.size(); ++row) {
      const auto words = listed(value(row, table_.word)), tags = listed(value(row, table_.tag));
      if (!words || !tags) return false;
      const bool looks_alike = words->size() == tags->size();
      if (looks_alike && words->size() > 1) ++several;
    }
    return several * 2 > rows_.size() - 1;
  }

  std::string label_;
  TagTable table_;
  std::vector<Record> rows_;
  std::int64_t blank_lines_ = 0;
};

class TagTableReader {
 public:
  TagTableReader(TaggedFile& file, const TagTable& table)
      : file_(file), table_(table), parser_(parser_of(file.path(), table)) {}

  void read() {
    std::string_view input = file_.rest();
    Record record;
    if (table_.has_header) parser_->next(input, true, record);
    say_columns();
    while (!file_.is_full() && parser_->next(input, true, record) == Parse::record) {
      if (table_.lists) {
        file_.bad().reads([&] { read_list(record); });
      } else {
        read_word(record);
      }
    }
    end_sentence();
  }

 private:
  void say_columns() {
    const auto name = [&](int column) { return table_.names[static_cast<std::size_t>(column)]; };
    const std::string between =
        table_.lists           ? "one sentence per row"
        : table_.sentence >= 0 ? fmt::format("a sentence ends where \"{}\" changes", name(table_.sentence))
                               : "blank lines stand between sentences";
    file_.note(
        fmt::format("{}: a table of words: \"{}\" is the word, \"{}\" the tag, {} (detected; change the tag "
                    "with `label_column`)",
                    file_.where(1), name(table_.word), name(table_.tag), between));
  }

  void check_width(const Record& record) const {
    if (record.cells.size() == table_.names.size()) return;
    file_.refuse(record.line,
                 fmt::format("{} fields where {} were expected", record.cells.size(), table_.names.size()));
  }

  void read_word(const Record& record) {
    const bool begins = is_new_sentence(record);
    if (begins) end_sentence();
    if (broken_) return;
    broken_ = !file_.bad().reads([&] {
      check_width(record);
      const std::string word = text_of(record, table_.word), tag = text_of(record, table_.tag);
      if (trim_blanks(word).empty()) file_.refuse(record.line, "a tag without a word");
      if (trim_blanks(tag).empty() && file_.options().labels_required)
        file_.refuse(record.line, "a word without a tag");
      if (sentence_.words.empty()) sentence_.line = record.line;
      sentence_.words.push_back(file_.keep(file_.valid(trim_blanks(word))));
      sentence_.word_lines.push_back(static_cast<std::uint32_t>(record.line - sentence_.line));
      if (!trim_blanks(tag).empty()) sentence_.tags.push_back(file_.keep_tag(file_.valid(trim_blanks(tag))));
    });
  }

  bool is_new_sentence(const Record& record) {
    const std::int64_t blank = parser_->blank_lines();
    if (table_.sentence < 0) return std::exchange(blank_lines_, blank) != blank;
    if (table_.sentence >= static_cast<int>(record.cells.size())) return false;
    const std::string name(trim_blanks(text_of(record, table_.sentence)));
    if (name.empty() || name == current_) return false;
    current_ = name;
    return true;
  }

  void read_list(const Record& record) {
    check_width(record);
    const auto words = listed(text_of(record, table_.word)), tags = listed(text_of(record, table_.tag));
    if (!words || !tags) file_.refuse(record.line, "the words, or the tags, are no list of texts");
    if (words->size() != tags->size() && (file_.options().labels_required || !tags->empty()))
      file_.refuse(record.line, fmt::format("{} words but {} tags", words->size(), tags->size()));
    TaggedSentence sentence;
    sentence.line = record.line;
    for (const std::string& word : *words) sentence.words.push_back(file_.keep(file_.valid(word)));
    for (const std::string& tag : *tags) sentence.tags.push_back(file_.keep_tag(file_.valid(tag)));
    file_.add(std::move(sentence));
  }

  void end_sentence() {
    if (sentence_.tags.size() != sentence_.words.size()) sentence_.tags.clear();
    if (!sentence_.words.empty() && !broken_) file_.add(std::move(sentence_));
    sentence_ = {};
    broken_ = false;
  }

  TaggedFile& file_;
  const TagTable& table_;
  std::unique_ptr<RecordParser> parser_;
  TaggedSentence sentence_;
  std::string current_;  // sentence
  std::int64_t blank_lines_ = 0;
  bool broken_ = false;  // a word of the sentence cannot be read
};

}  // namespace

std::optional<TagTable> find_tag_table(std::string_view input, const std::string& label_column) {
  return TableLooker(input, label_column).look();
}

void read_tag_table(TaggedFile& file) {
  const std::optional<TagTable> table = find_tag_table(file.rest(), file.options().label_column);
  if (!table) {
    throw UsageError(
        fmt::format("{}: is no table of words: it needs a column of words (\"word\", \"token\") and one of "
                    "tags (\"tag\", \"ner_tags\"; `label_column` names another), and the number of the "
                    "sentence or blank lines between sentences",
                    file.path()));
  }
  TagTableReader(file, *table).read();
}

}  // namespace bertune::data
