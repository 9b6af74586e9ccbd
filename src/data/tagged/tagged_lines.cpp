// Lines of words: with their tags behind bars, as WikiNER has them ("In|IN|O Paris|NNP|I-LOC"), or in the
// lines of another file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/files/label_lines.h"
#include "data/files/records.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_form.h"

namespace bertune::data {
namespace {

constexpr std::size_t kLinesLooked = 50;

std::string_view tag_behind_bar(std::string_view token) { return token.substr(token.rfind('|') + 1); }

class BarredLinesReader {
 public:
  explicit BarredLinesReader(TaggedFile& file) : file_(file) {}

  void read() {
    file_.note(
        fmt::format("{}: a sentence per line: the word is before the first '|', the tag behind the last "
                    "(detected)",
                    file_.where(1)));
    for (std::string_view line; file_.next_line(line);) {
      TaggedSentence sentence;
      sentence.line = file_.line();
      split_cells(line, false, tokens_);
      if (!tokens_.empty() && file_.bad().reads([&] { read_tokens(sentence); }))
        file_.add(std::move(sentence));
    }
  }

 private:
  void read_tokens(TaggedSentence& sentence) {
    for (const std::string_view token : tokens_) {
      // The word may be a bar itself.
      const std::size_t bar = token.find('|', 1);
      if (bar == token.npos)
        file_.refuse(file_.line(), fmt::format("word {} has no '|' with its tag", sentence.words.size() + 1));
      sentence.words.push_back(file_.valid(token.substr(0, bar)));
      sentence.tags.push_back(file_.keep_tag(file_.valid(tag_behind_bar(token))));
    }
  }

  TaggedFile& file_;
  std::vector<std::string_view> tokens_;
};

}  // namespace

std::string example_of_barred_lines(std::string_view input) {
  std::string_view line;
  std::vector<std::string_view> tokens;
  std::string example;
  bool has_outside = false;
  for (std::size_t lines = 0; lines < kLinesLooked && !input.empty();) {
    take_line(input, true, line);
    split_cells(line, false, tokens);
    if (tokens.empty()) continue;
    ++lines;
    for (const std::string_view token : tokens) {
      const std::string_view tag = tag_behind_bar(token);
      if (token.find('|', 1) == token.npos || !is_entity_tag(tag)) return "";
      has_outside = has_outside || tag == "O";
      if (tag != "O" && example.empty()) example = token;
    }
  }
  return has_outside ? example : "";
}

bool are_tags_of_words(std::string_view input, const fs::path& labels_file) {
  const LabelLines labels(labels_file);
  std::string_view line;
  std::vector<std::string_view> words, tags;
  bool has_several = false;
  for (std::size_t i = 0; i < kLinesLooked && !input.empty(); ++i) {
    take_line(input, true, line);
    split_cells(line, false, words);
    if (i < labels.lines().size()) split_cells(labels.lines()[i], false, tags);
    if (i >= labels.lines().size() || words.size() != tags.size() ||
        !std::ranges::all_of(tags, is_entity_tag))
      return false;
    has_several = has_several || tags.size() > 1;
  }
  return has_several;
}

void read_words_and_tags(TaggedFile& file) {
  const LabelLines labels(file.options().labels_file);
  file.note(labels.note(file.path()));
  std::vector<std::string_view> cells;
  std::size_t number = 0;
  for (std::string_view line; file.next_line(line); ++number) {
    TaggedSentence sentence;
    sentence.line = file.line();
    split_cells(line, false, cells);
    for (const std::string_view word : cells) sentence.words.push_back(file.valid(word));
    if (number < labels.lines().size()) split_cells(labels.lines()[number], false, cells);
    for (const std::string_view tag : cells) sentence.tags.push_back(file.keep_tag(file.valid(tag)));
    if (number >= labels.lines().size() || (sentence.words.empty() && sentence.tags.empty())) continue;
    const bool fits = file.bad().reads([&] {
      if (sentence.words.size() != sentence.tags.size())
        file.refuse(file.line(), fmt::format("{} words, but {} tags in the line of the labels",
                                             sentence.words.size(), sentence.tags.size()));
    });
    if (fits) file.add(std::move(sentence));
  }
  labels.require(number, "lines", file.path(), file.is_full());
}

void read_barred_lines(TaggedFile& file) { BarredLinesReader(file).read(); }

}  // namespace bertune::data
