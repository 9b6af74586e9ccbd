// CoNLL columns: a word per line with its tag in another column, a blank line after each sentence.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_form.h"

namespace bertune::data {
namespace {

class ConllReader {
 public:
  explicit ConllReader(TaggedFile& file) : file_(file) {
    if (const auto found = find_word_columns(file.beginning())) columns_ = *found;
    prefix_ = language_prefix();
  }

  void read() {
    for (std::string_view line; file_.next_line(line);) {
      const std::string_view trimmed = trim_blanks(line);
      if (trimmed.empty() || trimmed.starts_with("-DOCSTART-")) {
        end_sentence();
      } else {
        read_line(line, trimmed);
      }
    }
    end_sentence();
  }

 private:
  void read_line(std::string_view line, std::string_view trimmed) {
    // A TAB in front of everything else says that there is no word.
    split_cells(without_margins(line, columns_.by_tabs), columns_.by_tabs, cells_);
    if (is_comment(trimmed, cells_, columns_.columns)) {
      file_.count("a line that begins with # is a comment", file_.line());
      return;
    }
    // Corpora of characters tag the blanks too.
    if (columns_.word == 0 && cells_[0].empty() && line.starts_with(' ')) {
      file_.count("a word that is a blank was left out", file_.line());
      return;
    }
    if (first_line_ == 0) choose_columns();
    // The rest of a sentence that cannot be read says nothing new.
    if (!broken_) broken_ = !file_.bad().reads([&] { read_word(); });
  }

  void read_word() {
    const std::size_t columns = columns_.columns;
    if (cells_.size() != columns && !(columns_.brackets && cells_.size() > columns_.tag)) {
      file_.refuse(file_.line(),
                   fmt::format("{} {} where line {} has {}; each line is a word and its tag, separated by {}",
                               cells_.size(), cells_.size() == 1 ? "column" : "columns", first_line_, columns,
                               columns_.by_tabs ? "TABs" : "blanks"));
    }
    std::string_view word = cells_[columns_.word];
    if (word.empty()) file_.refuse(file_.line(), "a tag without a word");
    if (has_tags_ && cells_[tag_].empty()) file_.refuse(file_.line(), "a word without a tag");
    if (word.size() > prefix_.size() && word.starts_with(prefix_)) word.remove_prefix(prefix_.size());
    if (sentence_.words.empty()) sentence_.line = file_.line();
    sentence_.words.push_back(file_.valid(word));
    sentence_.word_lines.push_back(static_cast<std::uint32_t>(file_.line() - sentence_.line));
    if (!has_tags_) return;
    const std::string_view tag = file_.valid(cells_[tag_]);
    sentence_.tags.push_back(columns_.brackets && tag_ == columns_.tag ? opened_tag(tag)
                                                                       : file_.keep_tag(tag));
  }

  // "(ORG*" begins an entity, "*" continues it, "*)" ends it.
  std::string_view opened_tag(std::string_view tag) {
    const bool ends = tag.ends_with(')');
    const std::size_t begin = tag.find_first_not_of('('), size = tag.find_first_of("*)") - begin;
    std::string result = open_.empty() ? "O" : "I-" + open_;
    if (tag.starts_with('(') && begin != tag.npos) {
      open_ = tag.substr(begin, size);
      result = "B-" + open_;
    }
    if (ends) open_.clear();
    return file_.keep_tag(result);
  }

  // "en:" before every word of the first lines, as WikiANN has it.
  std::string_view language_prefix() const {
    constexpr int kLines = 200;
    std::string_view rest = file_.beginning(), line, prefix;
    std::vector<std::string_view> cells;
    for (int lines = 0; lines < kLines && !rest.empty();) {
      take_line(rest, true, line);
      if (trim_blanks(line).empty()) continue;
      split_cells(line, columns_.by_tabs, cells);
      if (cells.empty()) return {};
      if (++lines == 1) {
        const std::size_t colon = cells[0].find(':');
        const bool is_language = (colon == 2 || colon == 3) && cells[0].size() > colon + 1 &&
                                 cells[0].find_first_not_of("abcdefghijklmnopqrstuvwxyz") == colon;
        if (!is_language) return {};
        prefix = cells[0].substr(0, colon + 1);
      }
      if (!cells[0].starts_with(prefix)) return {};
    }
    return prefix;
  }

  void choose_columns() {
    first_line_ = file_.line();
    const std::size_t columns = columns_.columns;
    const std::string& given = file_.options().label_column;
    has_tags_ = columns_.tag != columns_.word;
    tag_ = columns_.tag;
    if (!given.empty()) {
      const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), tag_);
      if (columns_.tag == 0 && tag_ == columns_.word + 1) columns_.word = 0;
      const bool is_other = tag_ >= 1 && tag_ <= columns && tag_ != columns_.word + 1;
      if (error != std::errc() || end != given.data() + given.size() || !is_other) {
        throw UsageError(
            "label_column",
            fmt::format("{}: there is no label column \"{}\": the lines have {} {}, of which column {} "
                        "is the word; give the number of another (`label_column`)",
                        file_.where(first_line_), given, columns, columns == 1 ? "column" : "columns",
                        columns_.word + 1));
      }
      --tag_;
    }
    if (!has_tags_ && file_.options().labels_required) {
      file_.refuse(first_line_,
                   "a single column: words without tags; put the tag behind the word, after a TAB");
    }
    if (has_tags_) say_columns(given.empty());
    if (!prefix_.empty()) {
      file_.note(fmt::format(
          "{}: every word begins with \"{}\", which is taken for its language and left out (detected)",
          file_.where(first_line_), prefix_));
    }
  }

  void say_columns(bool guessed) {
    const bool is_last = tag_ + 1 == columns_.columns;
    std::string how =
        guessed && columns_.columns > 2 && is_last ? " (the last; change with `label_column`)" : "";
    if (guessed && !columns_.why.empty())
      how = fmt::format(" (detected: {}; change with `label_column`)", columns_.why);
    file_.note(
        fmt::format("{}: CoNLL columns separated by {}: the word is column {}, the tag column {} of {}{}",
                    file_.where(first_line_), columns_.by_tabs ? "TABs" : "blanks", columns_.word + 1,
                    tag_ + 1, columns_.columns, how));
  }

  void end_sentence() {
    if (!sentence_.words.empty() && !broken_) file_.add(std::move(sentence_));
    sentence_ = {};
    broken_ = false;
    open_.clear();
  }

  TaggedFile& file_;
  WordColumns columns_;
  std::string_view prefix_;
  TaggedSentence sentence_;
  std::vector<std::string_view> cells_;
  std::size_t tag_ = 0;
  std::int64_t first_line_ = 0;  // with a word; 0: before it
  bool has_tags_ = false, broken_ = false;
  std::string open_;  // of brackets: the type of the entity that continues
};

}  // namespace

void read_conll(TaggedFile& file) {
  if (!example_of_barred_lines(file.beginning()).empty()) return read_barred_lines(file);
  ConllReader(file).read();
}

}  // namespace bertune::data
