#include "data/documents/text_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "bertune/error.h"
#include "core/names.h"
#include "data/documents/sentences.h"
#include "data/files/records.h"

namespace bertune::data {
namespace {

constexpr Names kNames(std::to_array<Named<DocumentPer>>(
    {{DocumentPer::blank_line, "blank-line"}, {DocumentPer::file, "file"}, {DocumentPer::line, "line"}}));

struct LineStatistics {
  std::int64_t lines = 0;            // that are not blank
  std::int64_t blank_lines = 0;      // between two that are not
  std::int64_t followed = 0;         // lines with another one right behind them
  std::int64_t followed_ending = 0;  // of these, how many end a sentence
  std::vector<std::size_t> followed_sizes;

  explicit LineStatistics(std::string_view text) {
    std::string_view line, previous;
    std::int64_t blanks = 0;
    while (!text.empty() && take_line(text, true, line)) {
      line = trim_blanks(line);
      if (line.empty()) {
        ++blanks;
      } else {
        if (lines > 0) blank_lines += blanks;
        ++lines;
        blanks = 0;
        if (!previous.empty()) add_followed(previous);
      }
      previous = line;
    }
  }

  bool wrapped() {
    constexpr std::int64_t kFew = 4;
    if (followed < kFew || followed_ending * 2 >= followed) return false;
    std::sort(followed_sizes.begin(), followed_sizes.end());
    const std::size_t longest = followed_sizes[followed_sizes.size() * 95 / 100];  // but for a few
    std::size_t text = 0, in_long_lines = 0;
    for (const std::size_t size : followed_sizes) {
      text += size;
      in_long_lines += size * 4 >= longest * 3 ? size : 0;
    }
    return in_long_lines * 2 >= text;
  }

 private:
  void add_followed(std::string_view line) {
    ++followed;
    followed_ending += ends_sentence(line) ? 1 : 0;
    followed_sizes.push_back(line.size());
  }
};

std::int64_t count_sentences(std::string_view text) {
  std::int64_t count = 0;
  std::string_view line, sentence;
  while (!text.empty() && take_line(text, true, line)) {
    for (SentenceSplitter splitter(line); splitter.next(sentence);) ++count;
  }
  return count;
}

DocumentPer guess_document_per(const LineStatistics& lines, const TextLayout& layout) {
  if (layout.wrapped_lines) return DocumentPer::file;
  const bool groups = lines.followed * 4 >= lines.lines;
  if (lines.blank_lines > 0) return groups ? DocumentPer::blank_line : DocumentPer::file;
  return layout.sentence_per_line ? DocumentPer::file : DocumentPer::line;
}

}  // namespace

std::string_view to_string(DocumentPer document_per) { return kNames.of(document_per); }

DocumentPer document_per_from_string(std::string_view name) {
  if (const auto document_per = kNames.find(name)) return *document_per;
  throw UsageError("document_per", fmt::format("unknown choice \"{}\" for what holds a document; choose {}",
                                               name, kNames.choices("or")));
}

bool has_wrapped_lines(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  return LineStatistics(text).wrapped();
}

TextLayout guess_layout(std::string_view beginning, std::optional<DocumentPer> document_per) {
  LineStatistics lines(beginning);
  TextLayout layout;
  layout.wrapped_lines = lines.wrapped();
  layout.sentence_per_line = !layout.wrapped_lines && count_sentences(beginning) * 2 < lines.lines * 3;
  layout.document_per = document_per ? *document_per : guess_document_per(lines, layout);
  if (layout.document_per == DocumentPer::line) layout.wrapped_lines = layout.sentence_per_line = false;
  return layout;
}

std::string describe(const TextLayout& layout) {
  switch (layout.document_per) {
    case DocumentPer::line:
      return "a document a line, split into sentences";
    case DocumentPer::blank_line:
    case DocumentPer::file:
      break;
  }
  const std::string_view documents =
      layout.document_per == DocumentPer::file ? "a document a file" : "documents between blank lines";
  const std::string_view lines = layout.wrapped_lines       ? "wrapped lines joined and split into sentences"
                                 : layout.sentence_per_line ? "one sentence per line"
                                                            : "lines split into sentences";
  return fmt::format("{}, {}", documents, lines);
}

}  // namespace bertune::data
