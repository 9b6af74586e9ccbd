#include "studio/preview.h"

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/utf8.h"
#include "core/writing.h"
#include "data/files/packing.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"
#include "data/texts/columns.h"
#include "data/texts/table.h"
#include "studio/data_options.h"
#include "studio/projects.h"
#include "tasks/registry/guess.h"

namespace bertune::studio {
namespace {

constexpr std::size_t kHead = std::size_t{1} << 20, kCell = 400, kRows = 20, kColumns = 40;

struct Head {
  std::string text;
  bool is_all = false;
  std::vector<std::string> notes;
};

Head head_of(const fs::path& path, const std::string& encoding) {
  data::TextStream file = data::open_text(path, encoding);
  Head head{.text = std::string(kHead, '\0'), .notes = file.notes};
  file.stream->read(head.text.data(), static_cast<std::streamsize>(kHead));
  head.text.resize(static_cast<std::size_t>(file.stream->gcount()));
  head.is_all = head.text.size() < kHead;
  return head;
}

// A file of the first lines, which stands for one that takes long to look at: what is shown of a file must
// not depend on its size. JSON is looked at as it is, for its beginning alone is none.
fs::path sample_of(const fs::path& project, const fs::path& path, const Head& head) {
  constexpr std::uintmax_t kShort = std::uintmax_t{8} << 20;
  std::error_code error;
  const fs::path unpacked = data::unpacked_name(path);
  if ((fs::file_size(path, error) <= kShort && unpacked == path) || unpacked.extension() == ".json")
    return path;
  const fs::path sample = project / kWork / "head" / unpacked.filename();
  writing::make_folders(sample.parent_path());
  const std::string_view text = head.text;
  write_file_atomically(sample, head.is_all ? text : text.substr(0, text.rfind('\n') + 1));
  return sample;
}

// Text for the page: whole code points, UTF-8, and not more than a person reads in a cell.
std::string shown_text(std::string_view text) {
  std::uint64_t replaced = 0;
  std::string shown = replace_invalid_utf8(beginning_of(text, kCell), replaced);
  if (text.size() > kCell) shown += " …";
  return shown;
}

std::string shown_cell(const data::Cell& cell) {
  if (cell.kind == data::CellKind::missing || cell.kind == data::CellKind::null) return "";
  if (cell.kind == data::CellKind::nested) return "{…}";
  return shown_text(data::cell_text(cell));
}

OrderedJson column_json(const data::ChosenColumn& column) {
  if (!column) return nullptr;
  OrderedJson json = {{"name", shown_text(column.name)}, {"guessed", column.guessed}};
  if (!column.reason.empty()) json["reason"] = shown_text(column.reason);
  return json;
}

std::string_view role_of(const data::ColumnChoice& choice, int index) {
  if (choice.text.index == index) return "text";
  if (choice.text_pair.index == index) return "text_pair";
  if (choice.label.index == index) return "label";
  return data::is_used(choice, index) ? "label" : "";
}

// The cells of the first records, under the names that the header or the keys have.
void add_cells(OrderedJson& shown, const std::string& path, const Head& head, data::Format format,
               const std::optional<data::Table>& table) {
  const data::ColumnChoice* const choice = table ? &table->columns() : nullptr;
  std::string_view input = head.text;
  input.remove_prefix(data::byte_order_mark(input));
  std::vector<std::string> notes, names;
  const std::unique_ptr<data::RecordParser> parser = data::make_parser(path, format, '\0', input, notes);
  std::vector<std::vector<std::string>> rows;
  data::Record record;
  while (rows.size() < kRows + 1 && parser->next(input, head.is_all, record) == data::Parse::record) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const data::Cell& cell : record.cells) row.push_back(shown_cell(cell));
  }
  if (data::is_delimited(format) && !rows.empty()) {
    const bool has_header = !table || table->has_header();
    names = has_header ? rows[0] : choice->all;
    if (has_header) rows.erase(rows.begin());
  } else {
    names = parser->keys();
  }
  if (rows.size() > kRows) rows.resize(kRows);
  shown["columns"] = OrderedJson::array(), shown["rows"] = OrderedJson::array();
  for (std::size_t i = 0; i < names.size() && i < kColumns; ++i)
    shown["columns"].push_back({{"name", shown_text(names[i])},
                                {"role", choice != nullptr ? role_of(*choice, static_cast<int>(i)) : ""}});
  for (std::vector<std::string>& row : rows) {
    row.resize(std::min(names.size(), kColumns));
    shown["rows"].push_back(row);
  }
}

void add_lines(OrderedJson& shown, const Head& head) {
  std::string_view input = head.text, line;
  shown["lines"] = OrderedJson::array();
  while (shown["lines"].size() < kRows && !input.empty() && data::take_line(input, head.is_all, line))
    shown["lines"].push_back(shown_text(line));
}

// Names in messages begin at the project's folder, as those of commands do.
std::string without_folder(std::string message, const fs::path& project) {
  const auto replace = [&](const std::string& folder, const std::string& by) {
    for (std::size_t at = 0; (at = message.find(folder, at)) != message.npos; at += by.size())
      message.replace(at, folder.size(), by);
  };
  replace((project / kWork / "head").string() + "/", "data/");
  replace(project.string() + "/", "");
  return message;
}

}  // namespace

OrderedJson preview(const fs::path& project, const std::string& file, const OrderedJson& settings) {
  const fs::path path = project / file;
  OrderedJson shown = {{"notes", OrderedJson::array()}};
  try {
    const Head head = head_of(path, settings.at("encoding").get<std::string>());
    for (const std::string& note : head.notes) shown["notes"].push_back(without_folder(note, project));
    const fs::path sample = sample_of(project, path, head);
    tasks::FileOptions options;
    options.text_column = settings.at("columns").at("text").get<std::string>();
    const tasks::TaskGuess guess = tasks::guess_task(sample, options);
    shown["task"] = guess.task->name, shown["reason"] = shown_text(without_folder(guess.reason, project));
    data::refuse_foreign_bytes(head.text, sample.string());
    const std::optional<data::Format> named = data::format_by_name(sample);
    const data::Format format = named ? *named : data::guess_format(head.text);
    std::optional<data::Table> table;
    if (guess.task->name == "text-classification") {
      try {
        table.emplace(sample.string(), read_options(settings, false));
        std::string_view input = head.text;
        if (!table->open(input, head.is_all)) table.reset();
      } catch (const Error& error) {
        table.reset();
        shown["error"] = without_folder(error.what(), project);
      }
    }
    if (table) {
      const data::ColumnChoice& choice = table->columns();
      shown["chosen"] = {{"text", column_json(choice.text)},
                         {"text_pair", column_json(choice.text_pair)},
                         {"label", column_json(choice.label)}};
    }
    if (format == data::Format::text) {
      add_lines(shown, head);
    } else {
      add_cells(shown, sample.string(), head, format, table);
    }
  } catch (const Error& error) {
    if (!shown.contains("error")) shown["error"] = without_folder(error.what(), project);
  }
  return shown;
}

}  // namespace bertune::studio
