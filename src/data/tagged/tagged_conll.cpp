// CoNLL columns: a word a line with its tag in another column, a blank line after each sentence.
#include <fmt/format.h>

#include <charconv>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"

namespace bertune::data {
namespace {

class ConllReader {
 public:
  explicit ConllReader(TaggedFile& file) : file_(file) {}

  void read() {
    for (std::string_view line; file_.next_line(line);) {
      const std::string_view trimmed = trim_blanks(line);
      if (trimmed.empty() || trimmed.starts_with("-DOCSTART-")) {
        end_sentence();
      } else {
        read_word(line, trimmed);
      }
    }
    end_sentence();
  }

 private:
  void read_word(std::string_view line, std::string_view trimmed) {
    if (columns_ == 0) by_tabs_ = trimmed.find('\t') != std::string_view::npos;
    // A TAB in front of everything else says that there is no word.
    split_cells(by_tabs_ && line.starts_with('\t') ? line : trimmed, by_tabs_, cells_);
    if (columns_ == 0) choose_columns();
    if (cells_.size() != columns_) {
      file_.refuse(file_.line(),
                   fmt::format("{} {} where line {} has {}; each line is a word and its tag, separated by {}",
                               cells_.size(), cells_.size() == 1 ? "column" : "columns", first_line_,
                               columns_, by_tabs_ ? "TABs" : "blanks"));
    }
    if (cells_[0].empty()) file_.refuse(file_.line(), "a tag without a word");
    if (has_tags_ && cells_[tag_].empty()) file_.refuse(file_.line(), "a word without a tag");
    if (sentence_.words.empty()) sentence_.line = file_.line();
    sentence_.words.push_back(file_.valid(cells_[0]));
    sentence_.word_lines.push_back(static_cast<std::uint32_t>(file_.line() - sentence_.line));
    if (has_tags_) sentence_.tags.push_back(file_.keep_tag(file_.valid(cells_[tag_])));
  }

  void choose_columns() {
    columns_ = cells_.size();
    first_line_ = file_.line();
    const std::string& given = file_.options().label_column;
    has_tags_ = columns_ > 1;
    tag_ = columns_ - 1;
    if (!given.empty()) {
      const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), tag_);
      if (error != std::errc() || end != given.data() + given.size() || tag_ < 2 || tag_ > columns_) {
        throw UsageError(
            "label_column",
            fmt::format("{}: there is no label column \"{}\": the lines have {} {}, of which the first "
                        "is the word; give a number from 2 (`label_column`)",
                        file_.where(first_line_), given, columns_, columns_ == 1 ? "column" : "columns"));
      }
      --tag_;
    }
    if (!has_tags_ && file_.options().labels_required) {
      file_.refuse(first_line_,
                   "a single column: words without tags; put the tag behind the word, after a TAB");
    }
    if (has_tags_) {
      file_.note(
          fmt::format("{}: CoNLL columns separated by {}: the word is column 1, the tag column {} of {}{}",
                      file_.where(first_line_), by_tabs_ ? "TABs" : "blanks", tag_ + 1, columns_,
                      given.empty() && columns_ > 2 ? " (the last; `label_column` chooses)" : ""));
    }
  }

  void end_sentence() {
    if (!sentence_.words.empty()) file_.add(std::move(sentence_));
    sentence_ = {};
  }

  TaggedFile& file_;
  TaggedSentence sentence_;
  std::vector<std::string_view> cells_;
  std::size_t columns_ = 0, tag_ = 0;  // columns_: 0 before the first word
  std::int64_t first_line_ = 0;
  bool by_tabs_ = false, has_tags_ = false;
};

}  // namespace

void read_conll(TaggedFile& file) { ConllReader(file).read(); }

}  // namespace bertune::data
