#include "data/documents/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <istream>

#include "bertune/error.h"
#include "data/documents/sentences.h"
#include "data/files/decoding.h"
#include "data/files/packing.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/text_file.h"

namespace bertune::data {
namespace {

// Gives the sentences of a text to a sink, by the layout of its lines.
class LineReader {
 public:
  LineReader(const TextLayout& layout, DocumentSink& sink) : layout_(layout), sink_(sink) {}

  // `line` is a view into one text, as those before it.
  void add(std::string_view line) {
    const std::string_view text = trim_blanks(line);
    if (text.empty()) {
      end_paragraph();
      if (layout_.document_per == DocumentPer::blank_line && document_begun_) end_document();
      return;
    }
    document_begun_ = any_ = true;
    if (layout_.wrapped_lines) {
      if (paragraph_.empty()) paragraph_ = text;
      paragraph_ = {paragraph_.data(),
                    static_cast<std::size_t>(text.data() + text.size() - paragraph_.data())};
    } else if (layout_.sentence_per_line) {
      sink_.sentence(text);
    } else {
      split(text);
    }
    if (layout_.document_per == DocumentPer::line) end_document();
  }
  void end() {
    end_paragraph();
    if (document_begun_) end_document();
  }
  bool any() const { return any_; }

 private:
  void split(std::string_view text) {
    std::string_view sentence;
    for (SentenceSplitter splitter(text); splitter.next(sentence);) sink_.sentence(sentence);
  }
  void end_paragraph() {
    split(paragraph_);
    paragraph_ = {};
  }
  void end_document() {
    sink_.end_document();
    document_begun_ = false;
  }

  TextLayout layout_;
  DocumentSink& sink_;
  std::string_view paragraph_;  // wrapped lines so far, with their line ends
  bool document_begun_ = false, any_ = false;
};

[[noreturn]] void refuse_empty(const fs::path& path) {
  throw Error(fmt::format("{}: holds no text", path.string()));
}

}  // namespace

void DocumentReader::read(const fs::path& path, DocumentSink& sink) {
  const Format format = options_.format ? *options_.format : format_from_path(path);
  format == Format::text ? read_text(path, sink) : read_rows(path, format, sink);
}

namespace {

constexpr std::size_t kBeginning = std::size_t{1} << 20;

TextLayout layout_of(std::string_view text, bool is_all, std::optional<DocumentPer> document_per) {
  std::string_view beginning = text.substr(0, kBeginning);
  if (!is_all || beginning.size() < text.size()) beginning = beginning.substr(0, beginning.rfind('\n'));
  return guess_layout(beginning, document_per);
}

// The size of the front of a text that can be read without what follows: whole lines, and where lines are
// wrapped whole paragraphs. 0: none of them ends in it.
std::size_t readable_size(std::string_view text, bool wrapped_lines) {
  for (std::size_t end = text.rfind('\n'); end != text.npos && end > 0; end = text.rfind('\n', end - 1)) {
    if (!wrapped_lines) return end + 1;
    const std::string_view before = text.substr(0, end);
    if (is_blank(before.substr(before.rfind('\n') + 1))) return end + 1;
  }
  return 0;
}

}  // namespace

void DocumentReader::read_text(const fs::path& path, DocumentSink& sink) {
  const TextLayout layout = is_packed(path) ? read_stream(path, sink) : read_mapped(path, sink);
  Files& files = layouts_[describe(layout)];
  if (files.count++ == 0) files.first = path.string();
}

TextLayout DocumentReader::read_mapped(const fs::path& path, DocumentSink& sink) {
  constexpr std::size_t kRelease = std::size_t{64} << 20;
  const TextFile file(path);
  std::string_view text = file.text();
  refuse_foreign_bytes(text, path.string());
  text.remove_prefix(byte_order_mark(text));
  const TextLayout layout = layout_of(text, true, options_.document_per);
  LineReader reader(layout, sink);
  std::string_view line;
  for (std::size_t kept = text.size(); !text.empty() && take_line(text, true, line);) {
    reader.add(line);
    if (kept - text.size() < kRelease) continue;
    file.release_pages();
    kept = text.size();
  }
  reader.end();
  if (!reader.any()) refuse_empty(path);
  return layout;
}

// Unpacks some of the text at a time.
TextLayout DocumentReader::read_stream(const fs::path& path, DocumentSink& sink) {
  constexpr std::size_t kBlock = std::size_t{4} << 20, kLongest = std::size_t{256} << 20;
  TextStream file = open_text(path);
  bool is_decoded = false;  // its encoding is looked for when its beginning is unpacked
  std::string window;
  std::optional<TextLayout> layout;
  std::optional<LineReader> reader;
  for (bool final = false; !final;) {
    const std::size_t held = window.size();
    if (held > kLongest)
      throw Error(fmt::format("{}: a paragraph of more than {} MB", path.string(), kLongest >> 20));
    window.resize(held + std::max(kBlock, held));
    file.stream->read(window.data() + held, static_cast<std::streamsize>(window.size() - held));
    final = static_cast<std::size_t>(file.stream->gcount()) < window.size() - held;
    window.resize(held + static_cast<std::size_t>(file.stream->gcount()));
    if (!layout) {
      std::string encoding(marked_encoding(window));
      if (encoding.empty()) encoding = guess_encoding(std::string_view(window).substr(0, window.rfind('\n')));
      if (!is_decoded && !encoding.empty()) {
        file = open_text(path, encoding);
        window.clear();
        is_decoded = true, final = false;
        continue;
      }
      refuse_foreign_bytes(window, path.string());
      window.erase(0, byte_order_mark(window));
      layout = layout_of(window, final, options_.document_per);
      reader.emplace(*layout, sink);
    }
    const std::size_t size = final ? window.size() : readable_size(window, layout->wrapped_lines);
    std::string_view text = std::string_view(window).substr(0, size), line;
    while (!text.empty() && take_line(text, true, line)) reader->add(line);
    if (final) reader->end();
    window.erase(0, size);
  }
  if (!reader->any()) refuse_empty(path);
  return *layout;
}

void DocumentReader::read_rows(const fs::path& path, Format format, DocumentSink& sink) {
  ReadOptions options;
  options.format = format;
  options.text_column = options_.text_column;
  options.labels_required = options.guess_labels = false;
  RowStream rows(path, options);
  bool any = false;
  for (Row row; rows.next(row);) {
    LineReader reader({DocumentPer::file, has_wrapped_lines(row.text), false}, sink);
    std::string_view text = row.text, line;
    while (!text.empty() && take_line(text, true, line)) reader.add(line);
    reader.end();
    if (!reader.any()) sink.end_document();
    any |= reader.any();
  }
  if (!any) refuse_empty(path);
  const std::vector<std::string> notes = rows.notes();
  row_notes_.insert(row_notes_.end(), notes.begin(), notes.end());
}

std::vector<std::string> DocumentReader::notes() const {
  std::vector<std::string> notes;
  for (const auto& [layout, files] : layouts_) {
    const std::string more = files.count > 1 ? fmt::format(" and {} more", files.count - 1) : "";
    notes.push_back(fmt::format(
        "{}{}: {}{}", files.first, more, layout,
        options_.document_per ? "" : " (detected; change with `document_per=blank-line|file|line`)"));
  }
  constexpr std::size_t kMost = 10;  // corpora of thousands of files are common
  for (std::size_t i = 0; i < row_notes_.size() && i < kMost; ++i) notes.push_back(row_notes_[i]);
  if (row_notes_.size() > kMost) {
    notes.push_back(fmt::format("{} more notes of this kind", row_notes_.size() - kMost));
  }
  return notes;
}

}  // namespace bertune::data
