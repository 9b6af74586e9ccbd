#include "data/tagged/tagged_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "bertune/error.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/packing.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_keys.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLooked = 2000;  // lines

// The beginnings of a file of CoNLL-U, if it does not begin with a word.
constexpr std::array<std::string_view, 5> kComments = {"# newdoc", "# newpar", "# sent_id",
                                                       "# text = ", "# global.columns"};

std::string_view first_line(std::string_view input) {
  std::string_view line;
  while (!input.empty()) {
    take_line(input, true, line);
    if (!trim_blanks(line).empty()) return line;
  }
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "(ORG*", "*", "*)", "(ORG)" of CoNLL-2012.
bool is_bracket_tag(std::string_view tag) {
  if (tag == "*" || tag == "*)") return true;
  if (!tag.starts_with('(')) return false;
  tag.remove_prefix(1);
  const std::size_t end = tag.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  return end != 0 && end != tag.npos &&
         (tag.substr(end) == "*" || tag.substr(end) == ")" || tag.substr(end) == "*)");
}

// The contents of one column's cells.
struct ColumnLook {
  std::size_t entities = 0, outside = 0, others = 0, brackets = 0, opened = 0;
  std::set<std::string> types, values;
  std::string example;

  void add(std::string_view cell) {
    if (values.size() < 3) values.emplace(cell);
    brackets += is_bracket_tag(cell) ? 1 : 0;
    opened += is_bracket_tag(cell) && cell.starts_with('(') ? 1 : 0;
    if (cell == "O") {
      ++outside;
    } else if (is_entity_tag(cell)) {
      if (example.empty()) example = cell;
      if (cell.size() > 2) types.emplace(cell.substr(2));
      ++entities;
    } else {
      ++others;
    }
  }
  bool are_entities() const { return others == 0 && entities > 0; }
};

class LineLooker {
 public:
  explicit LineLooker(std::string_view input) : input_(input) {}

  std::optional<WordColumns> look() {
    if (!find_width()) return std::nullopt;
    std::string_view rest = input_, line;
    std::size_t group = 0, number = 0;
    for (; !rest.empty() && found_.lines < kLooked;) {
      take_line(rest, true, line);
      const std::string_view trimmed = trim_blanks(line);
      if (trimmed.empty() || trimmed.starts_with("-DOCSTART-")) {
        found_.has_blank_lines = found_.has_blank_lines || (group > 0 && !trim_blanks(rest).empty());
        group = 0;
        continue;
      }
      split_cells(without_margins(line, found_.by_tabs), found_.by_tabs, cells_);
      if (is_comment(trimmed, cells_, found_.columns)) continue;
      if (group++ == 0) number = 0;
      found_.longest_group = std::max(found_.longest_group, group);
      add(number);
    }
    choose();
    return found_;
  }

 private:
  bool find_width() {
    std::string_view rest = input_, line, first;
    for (std::size_t i = 0; !rest.empty() && i < kLooked; ++i) {
      take_line(rest, true, line);
      const std::string_view trimmed = trim_blanks(line);
      if (trimmed.empty() || trimmed.starts_with("-DOCSTART-")) continue;
      if (first.empty()) first = line;
      if (trimmed.starts_with('#')) continue;
      first = line;
      break;
    }
    if (first.empty()) return false;
    const std::string_view trimmed = trim_blanks(first);
    found_.by_tabs = trimmed.find('\t') != trimmed.npos;
    split_cells(without_margins(first, found_.by_tabs), found_.by_tabs, cells_);
    found_.columns = cells_.size();
    looks_.resize(found_.columns);
    return true;
  }

  void add(std::size_t& number) {
    ++found_.lines;
    if (cells_.size() != found_.columns) {
      ++ragged_;
      if (cells_.size() < found_.columns) ++short_;
      if (cells_.size() < found_.columns) return;
    }
    for (std::size_t i = 0; i < found_.columns; ++i) looks_[i].add(cells_[i]);
    found_.single_words = found_.single_words && cells_[0].find(' ') == cells_[0].npos;
    // Words that count themselves begin with 0 or 1.
    for (const std::size_t column : {std::size_t{0}, std::size_t{2}}) {
      if (column >= found_.columns) continue;
      const std::string_view cell = cells_[column];
      const bool follows =
          is_number(cell) && (cell == std::to_string(number) || cell == std::to_string(number + 1));
      (follows ? counted_ : uncounted_)[column] += 1;
    }
    ++number;
  }

  void choose() {
    const std::size_t columns = found_.columns, last = columns - 1;
    found_.tag = last;
    const auto counts = [&](std::size_t column) { return counted_[column] > 1 && uncounted_[column] == 0; };
    if (columns >= 11 && counts(2)) return choose_of_2012();
    if (columns >= 3 && counts(0)) {
      found_.word = 1;
      found_.why = "the first numbers the words";
    }
    if (columns < 2) return;
    found_.tag = tag_column(last);
    if (columns == 2 && looks_[0].are_entities() && looks_[0].outside > 0 && looks_[1].others > 0) {
      found_.word = 1, found_.tag = 0;
      found_.why = "the first holds the tags";
    }
    const ColumnLook& look = looks_[found_.tag];
    if (look.others == 0) found_.entity_tags = look.entities;
    found_.outside = look.outside;
    found_.example = look.example;
    if (ragged_ * 20 > found_.lines) found_.entity_tags = 0;
  }

  // The last one, unless it says nothing, or its entities lie within those of the one before it, which may
  // lie within others again.
  std::size_t tag_column(std::size_t last) {
    std::size_t best = last;
    const auto say = [&](std::string_view what) {
      found_.why += fmt::format("{}the last {}", found_.why.empty() ? "" : ", and ", what);
    };
    if (looks_[last].values.size() < 2 && found_.lines > 4) {
      while (best > found_.word && !looks_[best].are_entities()) --best;
      if (best == found_.word) return last;
      if (best != last) say("says nothing");
    }
    const std::size_t innermost = best;
    while (best > found_.word + 1 && lies_within(looks_[best], looks_[best - 1])) --best;
    if (best != innermost) say("holds entities within those of the one before it");
    return best;
  }

  static bool lies_within(const ColumnLook& inner, const ColumnLook& outer) {
    return outer.are_entities() && inner.others == 0 && inner.entities * 2 < outer.entities &&
           std::ranges::includes(outer.types, inner.types);
  }

  void choose_of_2012() {
    for (std::size_t column = 4; column < found_.columns; ++column) {
      if (looks_[column].brackets != found_.lines - short_ || looks_[column].opened == 0) continue;
      found_.word = 3, found_.tag = column, found_.brackets = true;
      found_.entity_tags = looks_[column].opened;
      found_.example = "(ORG*";
      found_.why = "the columns are those of CoNLL-2012";
      return;
    }
    found_.word = 3;
  }

  std::string_view input_;
  WordColumns found_;
  std::vector<ColumnLook> looks_;
  std::vector<std::string_view> cells_;
  std::array<std::size_t, 3> counted_{}, uncounted_{};
  std::size_t ragged_ = 0, short_ = 0;  // lines with another number of columns, and with fewer
};

// Rows of JSON that hold tagged words, seen in the first of them.
std::string looks_like_tagged_json(const fs::path& path, std::string_view input) {
  constexpr int kRows = 50;
  JsonRows rows(path.string());
  JsonMends mends;
  std::string reason;
  JsonRow row;
  for (int i = 0; i < kRows && rows.next(input, true, row) == Parse::record; ++i) {
    const Json value = parse_json_row(row.text, path.string(), mends);
    reason = tagged_row(value);
    if (reason.empty() || !reason.starts_with('?')) return reason;
  }
  return "";  // entities are always empty: they could be anything
}

// A row with words or with entities, tagged or not.
bool is_sentence_json(const fs::path& path, std::string_view input) {
  JsonRows rows(path.string());
  JsonMends mends;
  JsonRow row;
  if (rows.next(input, true, row) != Parse::record) return false;
  return holds_words(parse_json_row(row.text, path.string(), mends));
}

bool is_conllu(const std::string& extension, std::string_view line) {
  std::vector<std::string_view> cells;
  split_cells(line, true, cells);
  const bool ten_columns = cells.size() == 10 && (cells[0] == "1" || cells[0].starts_with("1-"));
  const bool comment =
      std::ranges::any_of(kComments, [&](std::string_view key) { return line.starts_with(key); });
  // Tables of other columns are called so too.
  const bool is_narrow = !line.starts_with('#') && cells.size() > 1 && cells.size() < 10;
  return (extension == ".conllu" && !is_narrow) || ten_columns || comment;
}

bool is_of_words(const std::string& extension) {
  return extension == ".conll" || extension == ".conllu" || extension == ".conllup" || extension == ".bio" ||
         extension == ".iob" || extension == ".iob2";
}

}  // namespace

bool is_entity_tag(std::string_view tag) {
  if (tag == "O") return true;
  constexpr std::string_view kLetters = "BIESLUM";
  if (tag.empty() || kLetters.find(tag[0]) == kLetters.npos) return false;
  return (tag.size() > 2 && tag[1] == '-') || tag == "B" || tag == "I";
}

bool is_comment(std::string_view line, std::span<const std::string_view> cells, std::size_t columns) {
  if (!line.starts_with('#')) return false;
  if (cells.size() != columns) return true;
  const bool is_several_words = cells[0].find(' ') != cells[0].npos;
  return is_several_words || (line.starts_with("# ") && line.find(" = ") != line.npos);
}

std::string_view without_margins(std::string_view line, bool by_tabs) {
  const std::size_t first = line.find_first_not_of(' ');
  const bool begins_empty = by_tabs && first != line.npos && line[first] == '\t';
  if (!begins_empty) return trim_blanks(line);
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

std::optional<WordColumns> find_word_columns(std::string_view input) { return LineLooker(input).look(); }

TagFormat guess_tag_format(const fs::path& path, std::string_view input) {
  const std::string extension = unpacked_name(file_part(path).file).extension().string();
  const std::string_view line = first_line(input);
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json" || is_json(input))
    return TagFormat::jsonl;
  if (is_conllu(extension, line)) return TagFormat::conllu;
  if (find_tag_table(input, "")) return TagFormat::csv;
  return TagFormat::conll;
}

std::string looks_like_tagged_words(const fs::path& path, std::string_view input) {
  const std::string extension = unpacked_name(file_part(path).file).extension().string();
  if (is_json(input)) return looks_like_tagged_json(path, input);
  if (is_of_words(extension)) return fmt::format("its name ends in {}", extension);
  if (is_conllu("", first_line(input))) return "its lines have the columns of CoNLL-U";
  if (const auto table = find_tag_table(input, "")) {
    return table->lists ? fmt::format("a row holds the words of a sentence (\"{}\") and their tags (\"{}\")",
                                      table->names[static_cast<std::size_t>(table->word)],
                                      table->names[static_cast<std::size_t>(table->tag)])
                        : fmt::format("a row holds a word and its tag (columns \"{}\" and \"{}\")",
                                      table->names[static_cast<std::size_t>(table->word)],
                                      table->names[static_cast<std::size_t>(table->tag)]);
  }
  if (const std::string example = example_of_barred_lines(input); !example.empty())
    return fmt::format("each line is a sentence of words with tags, such as {}", example);
  const auto found = find_word_columns(input);
  if (!found || found->columns < 2 || found->lines < 2) return "";
  if (found->brackets) return "its lines have the columns of CoNLL-2012";
  const std::string blank = found->has_blank_lines ? ", and blank lines stand between sentences" : "";
  if (found->entity_tags > 0 && found->outside > 0) {
    return fmt::format("each line is a word and a tag such as {}{}", found->example, blank);
  }
  // Tags of another kind: parts of speech, or types alone.
  if (!found->has_blank_lines || !found->by_tabs || found->longest_group < 3) return "";
  return found->single_words ? "each line is a single word and its tag" + blank : "";
}

bool holds_sentences(const fs::path& path, std::string_view input) {
  const std::string extension = unpacked_name(file_part(path).file).extension().string();
  try {
    if (is_json(input)) return is_sentence_json(path, input);
    return is_of_words(extension) || !looks_like_tagged_words(path, input).empty();
  } catch (const UsageError&) {
    throw;
  } catch (const Error&) {
    return false;  // whoever reads it says what is wrong with it
  }
}

}  // namespace bertune::data
