#include "data/tagged/tagged_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/utf8.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr std::size_t kMostWords = 100'000, kLongestWord = 10'000;
constexpr std::string_view kBlanks = " \t\r\v\f";

}  // namespace

TaggedFile::TaggedFile(std::string_view input, const TaggedReadOptions& options, Arena& arena,
                       TaggedDataset& dataset)
    : input_(input),
      options_(options),
      arena_(arena),
      dataset_(dataset),
      line_(options.lines_before),
      bad_(options.max_bad_rows) {}

bool TaggedFile::is_full() const {
  return options_.max_sentences >= 0 && dataset_.size() >= options_.max_sentences;
}

bool TaggedFile::next_line(std::string_view& line) {
  if (is_full() || input_.empty()) return false;
  take_line(input_, true, line);
  ++line_;
  return true;
}

std::string TaggedFile::where(std::int64_t line) const { return place_in(dataset_.path, line); }

void TaggedFile::refuse(std::int64_t line, std::string_view what) const {
  throw Error(fmt::format("{}: {}", where(line), what));
}

std::string_view TaggedFile::valid(std::string_view text) {
  if (find_invalid_utf8(text) == std::string_view::npos) return text;
  std::uint64_t replaced = 0;
  const std::string clean = replace_invalid_utf8(text, replaced);
  count("bytes that are not UTF-8 were replaced by U+FFFD", line_);
  return keep(clean);
}

std::string_view TaggedFile::keep_tag(std::string_view tag) {
  const auto found = kept_tags_.find(tag);
  return found != kept_tags_.end() ? *found : *kept_tags_.insert(keep(tag)).first;
}

void TaggedFile::add(TaggedSentence sentence) {
  if (sentence.words.size() > kMostWords) {
    refuse(sentence.line,
           fmt::format("a sentence of {} words, where {} are allowed; are the blank lines between "
                       "sentences missing?",
                       sentence.words.size(), kMostWords));
  }
  const auto longest = std::ranges::max_element(sentence.words, {}, &std::string_view::size);
  if (longest != sentence.words.end() && longest->size() > kLongestWord) {
    const auto word = static_cast<std::size_t>(longest - sentence.words.begin());
    refuse(sentence.line + (sentence.word_lines.empty() ? 0 : sentence.word_lines[word]),
           fmt::format("a word of {} bytes, where {} are allowed; is this a file of words?", longest->size(),
                       kLongestWord));
  }
  if (sentence.words.empty()) {
    count(options_.labels_required ? "a sentence without words was left out" : "a sentence without words",
          sentence.line);
    if (options_.labels_required) return;
  }
  dataset_.sentences.push_back(std::move(sentence));
}

void TaggedFile::count(std::string_view what, std::int64_t line) {
  const auto found = std::ranges::find(tallies_, what, &Tally::what);
  if (found == tallies_.end()) {
    tallies_.push_back({what, line, 1});
  } else {
    ++found->count;
  }
}

void TaggedFile::add_counts_to_notes() {
  for (const Tally& tally : tallies_) {
    const std::string more =
        tally.count == 1 ? "" : fmt::format(" ({} times; this is the first)", tally.count);
    note(fmt::format("{}: {}{}", where(tally.line), tally.what, more));
  }
}

void split_cells(std::string_view line, bool by_tabs, std::vector<std::string_view>& cells) {
  cells.clear();
  if (by_tabs) {
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find('\t', begin), line.size());
      cells.push_back(trim_blanks(line.substr(begin, end - begin)));
      begin = end + 1;
    }
    return;
  }
  for (std::size_t end = 0;;) {
    const std::size_t begin = line.find_first_not_of(kBlanks, end);
    if (begin == std::string_view::npos) return;
    end = std::min(line.find_first_of(kBlanks, begin), line.size());
    cells.push_back(line.substr(begin, end - begin));
  }
}

}  // namespace bertune::data
