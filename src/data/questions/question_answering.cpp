#include "data/questions/question_answering.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "core/quoted.h"
#include "core/utf8.h"
#include "data/files/file_part.h"
#include "data/files/json_text.h"
#include "data/files/packing.h"
#include "data/files/python_literal.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"
#include "data/questions/answer_places.h"
#include "data/questions/question_answering_builder.h"
#include "data/questions/question_answering_json.h"
#include "data/questions/question_names.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// A cell as the value that JSON would have in its place.
Json value_of(const std::string& name, std::string text, const std::string& where) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  const bool is_empty = first == std::string::npos;
  if (name == "answers") {
    if (is_empty) return Json::array();
    if (text[first] != '[' && text[first] != '{') return text;
    if (std::optional<Json> value = parse_cell_value(text)) return *value;
    throw Error(
        fmt::format("{}: the column \"answers\" must hold JSON: {{\"text\": [\"...\"], "
                    "\"answer_start\": [0]}}",
                    where));
  }
  if (name == "answer_start") {
    if (is_empty) return nullptr;
    if (std::optional<Json> value = parse_cell_value(text)) return *value;
    const std::optional<double> number = parse_number(trim_blanks(text));
    return number ? Json(*number) : Json(std::move(text));
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

// NewsQA's "294:297|None|10:14,20:25": what each reader marked, from and to a character. Of several parts the
// first is taken, as their authors do.
Json answers_of_ranges(std::string_view ranges, std::string_view context, const std::string& where) {
  const CodePointIndex index(context);
  Json answers = Json::array();
  while (!ranges.empty()) {
    const std::size_t end = std::min(ranges.find('|'), ranges.size());
    std::string_view range = trim_blanks(ranges.substr(0, end));
    ranges.remove_prefix(std::min(end + 1, ranges.size()));
    range = range.substr(0, range.find(','));
    if (range.empty() || range == "None") continue;
    const std::size_t colon = range.find(':');
    const std::optional<double> from = parse_number(range.substr(0, colon)),
                                to = colon == range.npos ? from : parse_number(range.substr(colon + 1));
    if (!from || !to || *from < 0 || *to <= *from || *to > static_cast<double>(index.size())) {
      throw Error(fmt::format("{}: \"{}\" holds {}, and no places of the context, \"from:to\" by characters",
                              where, kRangesName, in_quotes(range)));
    }
    const std::size_t begin = index.byte_of(static_cast<std::int64_t>(*from));
    const std::string_view part =
        context.substr(begin, index.byte_of(static_cast<std::int64_t>(*to)) - begin);
    const std::string_view text = trim_blanks(part);
    if (!text.empty())
      answers.push_back(
          {{"text", text}, {"answer_start", static_cast<std::int64_t>(*from) + (text.data() - part.data())}});
  }
  return answers;
}

std::vector<std::string> header_of(const Record& record, const std::string& where,
                                   QuestionAnsweringBuilder& builder) {
  std::vector<std::string> given, names;
  for (const Cell& cell : record.cells) given.push_back(cell_name(cell));
  for (const std::string& name : given) {
    names.push_back(usual_name(name, given));
    if (names.back() != name)
      builder.note(
          fmt::format("{}: the column \"{}\" is taken for \"{}\" (detected)", where, name, names.back()));
  }
  for (const char* needed : {"question", "context"}) {
    const auto count = std::count(names.begin(), names.end(), needed);
    if (count == 1) continue;
    throw UsageError(fmt::format("{}: {} \"{}\" for question answering; the columns are {}", where,
                                 count == 0 ? "there is no column" : "more than one column is called", needed,
                                 quoted_list(given)));
  }
  return names;
}

void read_table(std::string_view text, const std::string& path, RecordParser& parser,
                const QuestionAnsweringReadOptions& options, QuestionAnsweringBuilder& builder) {
  Record record;
  std::string_view beginning = options.beginning;
  if (parser.next(beginning.empty() ? text : beginning, true, record) != Parse::record)
    throw Error(fmt::format("{}: is empty", path));
  if (!options.beginning.empty()) parser.set_line(options.lines_before + 1);
  const std::vector<std::string> names = header_of(record, fmt::format("{}:{}", path, record.line), builder);
  while (!builder.is_full() && parser.next(text, true, record) == Parse::record) {
    const std::string where = fmt::format("{}:{}", path, record.line);
    if (record.cells.size() != names.size()) {
      builder.add_bad_row(
          fmt::format("{}: {} fields where the header has {}", where, record.cells.size(), names.size()));
      continue;
    }
    Json row = Json::object();
    try {
      for (std::size_t i = 0; i < names.size(); ++i)
        row[names[i]] = value_of(names[i], cell_text(record.cells[i]), where);
      if (row.contains(kRangesName) && !row.contains("answers")) {
        row["answers"] = answers_of_ranges(row[kRangesName].get_ref<const std::string&>(),
                                           row["context"].get_ref<const std::string&>(), where);
      }
    } catch (const Error& error) {
      builder.add_bad_row(error.what());
      continue;
    }
    if (row.contains("id") && row["id"] == "") row.erase("id");
    builder.add_row(row, where, record.line);
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
  std::vector<std::string> notes;
  std::string clean;
  if (find_invalid_utf8(text) != std::string_view::npos) {
    std::uint64_t replaced = 0;
    clean = replace_invalid_utf8(text, replaced);
    text = clean;
    notes.push_back(fmt::format("{}: {} bytes that are not UTF-8 were replaced by U+FFFD", path, replaced));
  }
  const auto read = [&](std::string_view valid) {
    QuestionAnsweringBuilder builder(path, options);
    if (is_delimited(format)) {
      const std::string_view beginning = options.beginning.empty() ? valid : options.beginning;
      read_table(valid, path, *make_parser(path, format, options.delimiter, beginning, notes), options,
                 builder);
    } else if (format == Format::text) {
      throw UsageError(fmt::format(
          "{}: plain text cannot hold questions and their contexts; use SQuAD's JSON, JSON Lines, "
          "CSV or TSV",
          path));
    } else {
      read_json_questions(valid, path, format, options.lines_before, builder);
    }
    for (std::string& note : notes) builder.note(std::move(note));
    return builder.finish();
  };
  try {
    return read(text);
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    // A document is parsed as a whole, and so it is mended as one.
    JsonMends mends;
    const std::string mended = is_delimited(format) ? "" : mended_json(text, mends);
    if (mends.all() == 0) throw;
    if (mends.surrogates > 0)
      notes.push_back(fmt::format("{}: {} halves of surrogate pairs became U+FFFD", path, mends.surrogates));
    return read(mended);
  }
}

QuestionAnsweringDataset read_question_answering(const fs::path& path,
                                                 const QuestionAnsweringReadOptions& options) {
  const TextFile file(file_part(path).file);
  std::string_view text = file.text();
  text.remove_prefix(byte_order_mark(text));
  // The content says what is JSON, whatever the name.
  const bool json =
      !options.format && is_json(text) && unpacked_name(file_part(path).file).extension() != ".jsonl";
  const Format format = options.format ? *options.format : json ? Format::json : format_from_path(path);
  QuestionAnsweringDataset dataset = parse_question_answering(file.text(), path.string(), format, options);
  dataset.notes.insert(dataset.notes.begin(), file.notes().begin(), file.notes().end());
  return dataset;
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
