// Sentences of words with a tag each: CoNLL columns, CoNLL-U, tables with a word or a sentence per row, and
// JSON with lists of words and tags or with a text and its entities.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"
#include "core/file.h"
#include "data/files/shard.h"
#include "data/tagged/tag_scheme.h"

namespace bertune::data {

enum class TagFormat { conll, conllu, jsonl, csv };

std::string_view to_string(TagFormat format);
TagFormat tag_format_from_string(std::string_view name);  // throws UsageError, naming the choices
TagFormat guess_tag_format(const fs::path& path);         // by its content, and by extension

struct TaggedReadOptions {
  std::optional<TagFormat> format = {};  // unset: by content, and by extension
  // Options of a text that is part of a file or a stream: the lines before it, and, of CoNLL, the
  // beginning of the file, which shows its columns.
  std::int64_t lines_before = 0;
  std::string_view beginning = {};
  // The column or key that holds the tags. conll: its number from 1 (empty: the last one that says
  // something). conllu: its name or number (empty: UPOS). csv: its name. jsonl: the key of the tags or
  // entities. Empty: the usual ones.
  std::string label_column = {};
  bool labels_required = true;      // a sentence without tags is an error
  std::int64_t max_sentences = -1;  // negative: all
  std::int64_t max_bad_rows = 0;    // this many sentences that cannot be read are left out
  // A file whose lines are the tags of the lines of words; empty: the file has them.
  fs::path labels_file = {};
};

// The views live as long as the dataset.
struct TaggedSentence {
  std::vector<std::string_view> words;
  std::vector<std::string_view> tags;  // [words], or empty where the file has none
  std::string_view text;    // the original, where the file has it and the words lie in it; or empty
  std::vector<Span> spans;  // [words]: their bytes in `text`; empty without it
  std::int64_t line = 0;    // where it begins, from 1
  std::vector<std::uint32_t> word_lines;  // [words]: lines after `line`; empty when all are on that line
};

// The properties of all sentences of a file, and of a part of them (data/splits/subset.h).
struct AboutSentences {
  std::string path;  // as given, for messages
  TagFormat format = TagFormat::conll;
  TagScheme scheme = TagScheme::none;
  std::vector<std::string> tags;        // the different ones, sorted by code point
  bool has_tags = false;                // every sentence has
  std::shared_ptr<const void> storage;  // what the sentences point into
};

struct TaggedDataset : AboutSentences {
  std::vector<TaggedSentence> sentences;
  std::vector<std::string> notes;  // for a person: detected settings, replaced bytes, odd tags

  using Whole = AboutSentences;
  static constexpr std::vector<TaggedSentence> TaggedDataset::*kRows = &TaggedDataset::sentences;

  std::int64_t size() const { return static_cast<std::int64_t>(sentences.size()); }
  std::int64_t words() const;
  // "file:line" of a sentence or of one of its words, for messages.
  std::string where(const TaggedSentence& sentence) const;
  std::string where(const TaggedSentence& sentence, std::size_t word) const;
};

// Throws Error ("file:line: what is wrong") for a damaged file and UsageError for a label column that it does
// not have.
TaggedDataset read_tagged(const fs::path& path, const TaggedReadOptions& options = {});
// The same of a text in memory; `path` stands for it in messages.
TaggedDataset parse_tagged(std::string text, const std::string& path, const TaggedReadOptions& options);

// The format of a file that is to be cut into shards, and where.
struct TaggedForm {
  TagFormat format;
  Cut cut;
};
// Throws Error for what cannot be cut: tables of words, and JSON whose rows are not lines.
TaggedForm form_of_tagged(const fs::path& path, std::optional<TagFormat> format);

// Texts as sentences without tags, cut by split_words. The views point into the texts.
std::vector<TaggedSentence> sentences_of(std::span<const std::string_view> texts);

}  // namespace bertune::data
