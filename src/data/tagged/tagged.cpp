#include "data/tagged/tagged.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "bertune/error.h"
#include "core/names.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/storage.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/words.h"

namespace bertune::data {
namespace {

constexpr Names kNames(std::to_array<Named<TagFormat>>(
    {{TagFormat::conll, "conll"}, {TagFormat::conllu, "conllu"}, {TagFormat::jsonl, "jsonl"}}));

// What a file of CoNLL-U begins with, if not with a word.
constexpr std::array<std::string_view, 5> kComments = {"# newdoc", "# newpar", "# sent_id",
                                                       "# text = ", "# global.columns"};

// The first line that is not blank.
std::string_view first_line(std::string_view input) {
  std::string_view line;
  while (!input.empty()) {
    take_line(input, true, line);
    if (!trim_blanks(line).empty()) return line;
  }
  return {};
}

// Extensions lie (CoNLL-U is often named .conll), so the first line decides where it can.
TagFormat guess_format(const fs::path& path, std::string_view input) {
  const std::string extension = path.extension().string();
  const std::string_view line = first_line(input), trimmed = trim_blanks(line);
  const bool is_object = trimmed.starts_with("{\"") && trimmed.ends_with('}');
  if (extension == ".json" && trimmed.starts_with('[')) {
    throw Error(
        fmt::format("{}: is one JSON array; write an object a line instead: jq -c '.[]'", path.string()));
  }
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json" || is_object) {
    return TagFormat::jsonl;
  }
  std::vector<std::string_view> cells;
  split_cells(line, true, cells);
  const bool ten_columns = cells.size() == 10 && (cells[0] == "1" || cells[0].starts_with("1-"));
  const bool comment =
      std::ranges::any_of(kComments, [&](std::string_view key) { return line.starts_with(key); });
  return extension == ".conllu" || ten_columns || comment ? TagFormat::conllu : TagFormat::conll;
}

void read_sentences(std::string_view input, const TaggedReadOptions& options, Arena& arena,
                    TaggedDataset& dataset) {
  TaggedFile file(input, options, arena, dataset);
  switch (dataset.format) {
    case TagFormat::conll:
      read_conll(file);
      break;
    case TagFormat::conllu:
      read_conllu(file);
      break;
    case TagFormat::jsonl:
      read_tagged_jsonl(file);
      break;
  }
  file.add_counts_to_notes();
}

// Tells IOB1 from IOB2, in which an I- that goes on with nothing is a mistake.
void look_at_iob(TaggedDataset& dataset) {
  IobUse use;
  std::string first;
  for (const TaggedSentence& sentence : dataset.sentences) {
    const std::size_t word = use.add(sentence.tags);
    if (first.empty() && word < sentence.tags.size()) first = dataset.where(sentence, word);
  }
  if (use.is_iob1()) {
    dataset.scheme = TagScheme::iob1;
  } else if (use.begun_inside() > 0) {
    dataset.notes.push_back(fmt::format(
        "{}: the tag is I- where no entity of its type goes on ({} in all; this is the first): it begins "
        "an entity, as seqeval reads it",
        first, use.begun_inside()));
  }
}

void look_at_tags(TaggedDataset& dataset) {
  std::set<std::string_view> different;
  for (const TaggedSentence& sentence : dataset.sentences) {
    dataset.has_tags = dataset.has_tags && (!sentence.tags.empty() || sentence.words.empty());
    different.insert(sentence.tags.begin(), sentence.tags.end());
  }
  dataset.tags.assign(different.begin(), different.end());
  dataset.has_tags = dataset.has_tags && !dataset.tags.empty();
  dataset.scheme = scheme_of_tags(dataset.tags);
  if (dataset.scheme == TagScheme::iob2) look_at_iob(dataset);
}

}  // namespace

std::string_view to_string(TagFormat format) { return kNames.of(format); }

TagFormat tag_format_from_string(std::string_view name) {
  if (const auto format = kNames.find(name)) return *format;
  throw UsageError("format", fmt::format("unknown format \"{}\" of tagged sentences; choose {}", name,
                                         kNames.choices("or")));
}

TagFormat guess_tag_format(const fs::path& path) {
  const MappedFile file(path);
  std::string_view input = file.text();
  input.remove_prefix(byte_order_mark(input));
  return guess_format(path, input);
}

std::int64_t TaggedDataset::words() const {
  std::int64_t count = 0;
  for (const TaggedSentence& sentence : sentences) count += static_cast<std::int64_t>(sentence.words.size());
  return count;
}

std::string TaggedDataset::where(const TaggedSentence& sentence) const {
  return fmt::format("{}:{}", path, sentence.line);
}

std::string TaggedDataset::where(const TaggedSentence& sentence, std::size_t word) const {
  return fmt::format("{}:{}", path,
                     sentence.line + (sentence.word_lines.empty() ? 0 : sentence.word_lines[word]));
}

TaggedDataset read_tagged(const fs::path& path, const TaggedReadOptions& options) {
  const auto storage = std::make_shared<Storage>(path);
  std::string_view input = storage->file.text();
  refuse_foreign_bytes(input, path.string());
  input.remove_prefix(byte_order_mark(input));
  TaggedDataset dataset;
  dataset.path = path.string();
  dataset.storage = storage;
  dataset.has_tags = true;
  if (trim_blanks(first_line(input)).empty()) throw Error(fmt::format("{}: is empty", dataset.path));
  dataset.format = options.format ? *options.format : guess_format(path, input);
  read_sentences(input, options, storage->arena, dataset);
  if (dataset.sentences.empty() && options.max_sentences != 0) {
    throw Error(fmt::format("{}: has no sentence with words", dataset.path));
  }
  look_at_tags(dataset);
  return dataset;
}

std::vector<TaggedSentence> sentences_of(std::span<const std::string_view> texts) {
  std::vector<TaggedSentence> sentences(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TaggedSentence& sentence = sentences[i];
    sentence.text = texts[i];
    sentence.spans = split_words(texts[i]);
    for (const Span span : sentence.spans) {
      sentence.words.push_back(texts[i].substr(span.begin, span.end - span.begin));
    }
  }
  return sentences;
}

}  // namespace bertune::data
