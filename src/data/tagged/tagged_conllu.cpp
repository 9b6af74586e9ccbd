// CoNLL-U, the format of Universal Dependencies (https://universaldependencies.org/format.html): ten columns,
// or those that the first line of CoNLL-U Plus names, comments, tokens of several words ("3-4") and empty
// nodes ("5.1").
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "bertune/error.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/words.h"

namespace bertune::data {
namespace {

constexpr std::array<std::string_view, 10> kColumns = {"ID",    "FORM", "LEMMA",  "UPOS", "XPOS",
                                                       "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  return result;
}

constexpr std::string_view kGlobalColumns = "# global.columns = ";

// The names of the columns: those that the first line of CoNLL-U Plus names, or the ten of CoNLL-U.
std::vector<std::string> columns_of(std::string_view input) {
  std::string_view line;
  take_line(input, true, line);
  if (!line.starts_with(kGlobalColumns)) return {kColumns.begin(), kColumns.end()};
  std::vector<std::string_view> cells;
  split_cells(line.substr(kGlobalColumns.size()), false, cells);
  return {cells.begin(), cells.end()};
}

class ConlluReader {
 public:
  explicit ConlluReader(TaggedFile& file) : file_(file), columns_(columns_of(file.beginning())) {
    id_ = place_of("ID"), form_ = place_of("FORM");
    if (form_ == columns_.size())
      throw UsageError(fmt::format("{}: there is no FORM among its columns, {}", file.where(1),
                                   fmt::join(columns_, ", ")));
    tag_ = tag_column(file.options().label_column);
  }

  void read() {
    for (std::string_view line; file_.next_line(line);) {
      if (trim_blanks(line).empty()) {
        end_sentence();
        continue;
      }
      if (sentence_.line == 0) sentence_.line = file_.line();
      if (!line.starts_with('#')) {
        if (!broken_) broken_ = !file_.bad().reads([&] { read_word(line); });
      } else if (constexpr std::string_view kText = "# text = "; line.starts_with(kText)) {
        sentence_.text = file_.valid(line.substr(kText.size()));
      }
    }
    end_sentence();
    file_.note(fmt::format("{}: CoNLL-U{}: the tag is column {} ({})", file_.where(1),
                           std::ranges::equal(columns_, kColumns) ? "" : " Plus", tag_ + 1, columns_[tag_]));
  }

 private:
  // The number of columns where there is none of the name.
  std::size_t place_of(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(columns_, name, upper) - columns_.begin());
  }

  std::size_t tag_column(const std::string& given) const {
    const std::size_t upos = place_of("UPOS"), named = place_of(upper(given));
    if (given.empty()) return upos < columns_.size() ? upos : columns_.size() - 1;
    if (named < columns_.size()) return named;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
    if (error != std::errc() || end != given.data() + given.size() || number < 1 ||
        number > columns_.size()) {
      throw UsageError("label_column",
                       fmt::format("CoNLL-U has no column \"{}\"; give one of {} (`label_column`)", given,
                                   fmt::join(columns_, ", ")));
    }
    return number - 1;
  }

  void read_word(std::string_view line) {
    split_cells(line, true, cells_);
    if (cells_.size() != columns_.size()) {
      file_.refuse(file_.line(), fmt::format("{} columns, where CoNLL-U has {}, separated by TABs",
                                             cells_.size(), columns_.size()));
    }
    if (id_ < columns_.size() && !is_next_word(cells_[id_])) return;
    if (cells_[form_].empty()) file_.refuse(file_.line(), "a tag without a word");
    if (cells_[tag_].empty()) file_.refuse(file_.line(), "a word without a tag");
    sentence_.words.push_back(file_.valid(cells_[form_]));
    sentence_.tags.push_back(file_.keep_tag(file_.valid(cells_[tag_])));
    sentence_.word_lines.push_back(static_cast<std::uint32_t>(file_.line() - sentence_.line));
  }

  // Returns false for a token of several words ("3-4") and an empty node ("5.1").
  bool is_next_word(std::string_view text) const {
    std::size_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    if (error == std::errc() && !is_number && (*end == '-' || *end == '.')) return false;
    if (!is_number || id != sentence_.words.size() + 1) {
      file_.refuse(file_.line(),
                   fmt::format("the word has the number \"{}\" where {} was expected; is the blank line "
                               "between two sentences missing?",
                               text, sentence_.words.size() + 1));
    }
    return true;
  }

  void end_sentence() {
    if (broken_) {
      broken_ = false;
    } else if (sentence_.line != 0 && sentence_.words.empty()) {
      file_.count("comments without a sentence", sentence_.line);
    } else if (sentence_.line != 0) {
      sentence_.spans = locate_words(sentence_.text, sentence_.words);
      if (sentence_.spans.empty()) sentence_.text = {};
      // A test set without its answers has "_" everywhere.
      const bool unanswered =
          upper(columns_[tag_]) == "UPOS" &&
          std::ranges::all_of(sentence_.tags, [](std::string_view tag) { return tag == "_"; });
      if (unanswered) {
        if (file_.options().labels_required) {
          file_.refuse(sentence_.line, fmt::format("no word of the sentence has a tag (column {}, {})",
                                                   tag_ + 1, columns_[tag_]));
        }
        sentence_.tags.clear();
      }
      file_.add(std::move(sentence_));
    }
    sentence_ = {};
  }

  TaggedFile& file_;
  std::vector<std::string> columns_;
  std::size_t id_ = 0, form_ = 0, tag_ = 0;
  bool broken_ = false;      // a word of the sentence cannot be read
  TaggedSentence sentence_;  // line 0: not begun
  std::vector<std::string_view> cells_;
};

}  // namespace

void read_conllu(TaggedFile& file) { ConlluReader(file).read(); }

}  // namespace bertune::data
