#include "data/tagged/tagged.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "bertune/error.h"
#include "core/names.h"
#include "data/files/records.h"
#include "data/files/sniff.h"
#include "data/files/storage.h"
#include "data/files/text_file.h"
#include "data/tagged/tagged_file.h"
#include "data/tagged/tagged_form.h"
#include "data/tagged/words.h"

namespace bertune::data {
namespace {

constexpr Names kFormats(std::to_array<Named<TagFormat>>({{TagFormat::conll, "conll"},
                                                          {TagFormat::conllu, "conllu"},
                                                          {TagFormat::jsonl, "jsonl"},
                                                          {TagFormat::csv, "csv"}}));

void read_sentences(std::string_view input, const TaggedReadOptions& options, Arena& arena,
                    TaggedDataset& dataset) {
  TaggedFile file(input, options, arena, dataset);
  if (!options.labels_file.empty()) {
    if (!options.label_column.empty())
      throw UsageError("labels_file",
                       "`labels_file` and `label_column` both say where the tags are; leave one out");
    read_words_and_tags(file);
    file.settle();
    return file.add_counts_to_notes();
  }
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
    case TagFormat::csv:
      read_tag_table(file);
      break;
  }
  file.settle();
  file.add_counts_to_notes();
}

bool is_whole_number(const std::string& tag) {
  return !tag.empty() && std::ranges::all_of(tag, [](char c) { return c >= '0' && c <= '9'; });
}

// Tells IOB1 from IOB2, in which an I- that continues nothing is a mistake.
void look_at_iob(TaggedDataset& dataset) {
  IobUse use;
  std::string first;
  for (const TaggedSentence& sentence : dataset.sentences) {
    const std::size_t word = use.add(sentence.tags);
    if (first.empty() && word < sentence.tags.size()) first = dataset.where(sentence, word);
  }
  if (use.is_iob1()) {
    dataset.scheme = TagScheme::iob1;
    if (use.needless() > 0) {
      dataset.notes.push_back(
          fmt::format("{}: the tags are read as IOB1, in which an entity begins with I-: {} do, and {} begin "
                      "with B- where IOB1 "
                      "needs none",
                      dataset.path, use.begun_inside(), use.needless()));
    }
  } else if (use.begun_inside() > 0) {
    dataset.notes.push_back(fmt::format(
        "{}: the tag is I- where no entity of its type continues ({} in all; this is the first): it begins "
        "an entity, as seqeval reads it",
        first, use.begun_inside()));
  }
}

// Tags that are types, without B- and I-: "O" for most words, and names for the others.
bool are_types(const TaggedDataset& dataset) {
  if (dataset.scheme != TagScheme::none || dataset.tags.size() < 2) return false;
  const bool named = std::ranges::all_of(dataset.tags, [](const std::string& tag) {
    return tag == "O" || (tag.size() > 1 && !is_entity_tag(tag) && !is_whole_number(tag));
  });
  if (!named) return false;
  std::map<const char*, std::int64_t> counts;  // by address: a tag is stored once
  std::int64_t outside = 0, most = 0;
  for (const TaggedSentence& sentence : dataset.sentences) {
    for (const std::string_view tag : sentence.tags) {
      std::int64_t& count = tag == "O" ? outside : counts[tag.data()];
      ++count;
      if (tag != "O") most = std::max(most, count);
    }
  }
  return outside > most;
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
  if (are_types(dataset)) {
    dataset.scheme = TagScheme::io;
    dataset.notes.push_back(fmt::format(
        "{}: the tags are types without B- and I-: neighboring words of one type are taken for one "
        "entity (detected; tags with B- and I- tell them apart)",
        dataset.path));
  }
  if (!dataset.tags.empty() && std::ranges::all_of(dataset.tags, is_whole_number)) {
    dataset.notes.push_back(
        fmt::format("{}: the tags are numbers, and nothing in the file names them: they are names as they "
                    "are, and no entities "
                    "are counted; put the names of the tags in their place",
                    dataset.path));
  }
}

TaggedDataset read_all(std::string_view input, const std::string& path, const TaggedReadOptions& options,
                       const fs::path& name, Arena& arena) {
  refuse_foreign_bytes(input, path);
  input.remove_prefix(byte_order_mark(input));
  TaggedDataset dataset;
  dataset.path = path;
  dataset.has_tags = true;
  if (trim_blanks(input).empty()) throw Error(fmt::format("{}: is empty", dataset.path));
  dataset.format = options.format ? *options.format : guess_tag_format(name, input);
  read_sentences(input, options, arena, dataset);
  if (dataset.sentences.empty() && options.max_sentences != 0 && options.beginning.empty()) {
    throw Error(fmt::format("{}: has no sentence with words", dataset.path));
  }
  look_at_tags(dataset);
  return dataset;
}

}  // namespace

std::string_view to_string(TagFormat format) { return kFormats.of(format); }

TagFormat tag_format_from_string(std::string_view name) {
  if (const auto format = kFormats.find(name)) return *format;
  if (name == "json") return TagFormat::jsonl;
  if (name == "tsv") return TagFormat::csv;
  throw UsageError("format", fmt::format("unknown format \"{}\" of tagged sentences; choose {}", name,
                                         kFormats.choices("or")));
}

TagFormat guess_tag_format(const fs::path& path) {
  const TextFile file(file_part(path).file);
  std::string_view input = file.text();
  input.remove_prefix(byte_order_mark(input));
  return guess_tag_format(path, input);
}

std::int64_t TaggedDataset::words() const {
  std::int64_t count = 0;
  for (const TaggedSentence& sentence : sentences) count += static_cast<std::int64_t>(sentence.words.size());
  return count;
}

std::string TaggedDataset::where(const TaggedSentence& sentence) const {
  return place_in(path, sentence.line);
}

std::string TaggedDataset::where(const TaggedSentence& sentence, std::size_t word) const {
  return place_in(path, sentence.line + (sentence.word_lines.empty() ? 0 : sentence.word_lines[word]));
}

TaggedDataset read_tagged(const fs::path& path, const TaggedReadOptions& options) {
  const auto storage = std::make_shared<Storage>(path);
  TaggedDataset dataset = read_all(storage->file.text(), path.string(), options, path, storage->arena);
  dataset.storage = storage;
  return dataset;
}

TaggedDataset parse_tagged(std::string text, const std::string& path, const TaggedReadOptions& options) {
  struct TextStorage {
    std::string text;
    Arena arena;
  };
  const auto storage = std::make_shared<TextStorage>();
  storage->text = std::move(text);
  TaggedDataset dataset = read_all(storage->text, path, options, "", storage->arena);
  dataset.storage = storage;
  return dataset;
}

TaggedForm form_of_tagged(const fs::path& path, std::optional<TagFormat> format) {
  const ShardFile file(path);
  if (!format) format = guess_tag_format(path, file.beginning());
  switch (*format) {
    case TagFormat::jsonl:
      require_json_lines(file, path);
      return {*format, Cut::lines};
    case TagFormat::csv:
      throw Error(
          fmt::format("{}: a table of words cannot be cut into shards, for only its cells tell where a "
                      "sentence ends; write JSON Lines or CoNLL",
                      path.string()));
    case TagFormat::conll:
    case TagFormat::conllu:
      break;
  }
  const bool barred = !example_of_barred_lines(file.beginning()).empty();
  return {*format, barred ? Cut::lines : Cut::sentences};
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
