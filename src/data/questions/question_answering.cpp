#include "data/questions/question_answering.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/utf8.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/questions/question_answering_builder.h"
#include "data/questions/question_answering_json.h"

namespace bertune::data {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// A cell as the value that JSON would have in its place.
Json value_of(const std::string& name, std::string text, const std::string& where) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  const bool is_empty = first == std::string::npos;
  if (name == "answers") {
    if (is_empty) return Json::array();
    try {
      return parse_json(text, where);
    } catch (const Error&) {
      throw Error(
          fmt::format("{}: the column \"answers\" must hold JSON: {{\"text\": [\"...\"], "
                      "\"answer_start\": [0]}}",
                      where));
    }
  }
  if (name == "answer_start") {
    if (is_empty) return nullptr;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return is_number ? Json(number) : Json(std::move(text));
  }
  if (name == "is_impossible") {
    if (is_empty) return nullptr;
    for (char& letter : text)
      letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter + 32 : letter);
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
  }
  return text;
}

std::vector<std::string> header_of(const Record& record, const std::string& where) {
  std::vector<std::string> names;
  for (const Cell& cell : record.cells) names.push_back(cell_text(cell));
  for (const char* needed : {"question", "context"}) {
    const auto count = std::count(names.begin(), names.end(), needed);
    if (count == 1) continue;
    throw UsageError(fmt::format("{}: {} \"{}\" for question answering; the columns are {}", where,
                                 count == 0 ? "there is no column" : "more than one column is called", needed,
                                 quoted_list(names)));
  }
  return names;
}

void read_table(std::string_view text, const std::string& path, RecordParser& parser,
                QuestionAnsweringBuilder& builder) {
  Record record;
  if (parser.next(text, true, record) != Parse::record) throw Error(fmt::format("{}: is empty", path));
  const std::vector<std::string> names = header_of(record, fmt::format("{}:{}", path, record.line));
  while (!builder.is_full() && parser.next(text, true, record) == Parse::record) {
    const std::string where = fmt::format("{}:{}", path, record.line);
    if (record.cells.size() != names.size()) {
      throw Error(
          fmt::format("{}: {} fields where the header has {}", where, record.cells.size(), names.size()));
    }
    Json row = Json::object();
    for (std::size_t i = 0; i < names.size(); ++i)
      row[names[i]] = value_of(names[i], cell_text(record.cells[i]), where);
    if (row.contains("id") && row["id"] == "") row.erase("id");
    builder.set_context(row, where);
    builder.add_question(row, where, record.line);
  }
}

}  // namespace

QuestionAnsweringDataset parse_question_answering(std::string_view text, const std::string& path,
                                                  Format format,
                                                  const QuestionAnsweringReadOptions& options) {
  refuse_foreign_bytes(text, path);
  text.remove_prefix(byte_order_mark(text));
  if (text.find_first_not_of(kBlanks) == std::string_view::npos)
    throw Error(fmt::format("{}: is empty", path));
  QuestionAnsweringBuilder builder(path, options);
  std::vector<std::string> notes;
  std::string clean;
  if (find_invalid_utf8(text) != std::string_view::npos) {
    std::uint64_t replaced = 0;
    clean = replace_invalid_utf8(text, replaced);
    text = clean;
    notes.push_back(fmt::format("{}: {} bytes that are not UTF-8 were replaced by U+FFFD", path, replaced));
  }
  switch (format) {
    case Format::csv:
    case Format::tsv:
      read_table(text, path, *make_parser(path, format, options.delimiter, text, notes), builder);
      break;
    case Format::jsonl:
      read_json_lines(text, path, options.lines_before, builder);
      break;
    case Format::json:
      read_json_document(text, path, builder);
      break;
    case Format::text:
      throw UsageError(fmt::format(
          "{}: plain text cannot hold questions and their contexts; use SQuAD's JSON, JSON Lines, "
          "CSV or TSV",
          path));
  }
  for (std::string& note : notes) builder.note(std::move(note));
  return builder.finish();
}

QuestionAnsweringDataset read_question_answering(const fs::path& path,
                                                 const QuestionAnsweringReadOptions& options) {
  const Format format = options.format ? *options.format : format_from_path(path);
  const MappedFile file(path);
  return parse_question_answering(file.text(), path.string(), format, options);
}

void QuestionAnsweringDataset::take_over(const QuestionAnsweringDataset& whole,
                                         std::span<const std::int64_t> /*numbers*/) {
  std::vector<std::int64_t> numbers_of(whole.contexts.size(), -1);
  for (QuestionAnsweringExample& example : examples) {
    std::int64_t& number = numbers_of[static_cast<std::size_t>(example.context_index)];
    if (number < 0) {
      number = static_cast<std::int64_t>(contexts.size());
      contexts.push_back(example.context);
    }
    example.context_index = number;
  }
}

}  // namespace bertune::data
