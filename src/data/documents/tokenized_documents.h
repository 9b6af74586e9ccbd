// A corpus as token ids: documents, their sentences, their tokens, all numbered from 0 through the whole
// corpus. It takes 2 bytes per token for vocabularies of up to 65,536 (4 above), 2.1 per sentence and 8 per
// document: about half a byte for a byte of English text. These are in memory, or in files that are mapped
// in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bertune/tokenizer.h"
#include "data/documents/column.h"
#include "data/documents/documents.h"
#include "data/documents/token_ids.h"

namespace bertune::data {

// The file of a folder that says what the others hold; it is written last.
inline constexpr const char* kCorpusFile = "corpus.json";

class TokenizedDocuments {
 public:
  // Token ids run below `id_limit`; a sentence of more than `max_sentence_tokens` is cut into several.
  explicit TokenizedDocuments(std::int64_t id_limit, std::int64_t max_sentence_tokens = kLongestSentence);
  // The same in files of the folder, which is there; nothing can be read before finish() returns.
  TokenizedDocuments(std::int64_t id_limit, std::int64_t max_sentence_tokens, const fs::path& folder);
  // Opens what was finished in the folder. Throws Error for what it does not hold, or not whole.
  static TokenizedDocuments open(const fs::path& folder);

  // A sentence of the document being added; one without tokens is none.
  void add_sentence(std::span<const std::int32_t> ids);
  // Ends the document being added. False: it had no sentence, and is none.
  bool end_document();
  // Ends the corpus; its notes must be there.
  void finish();

  std::int64_t size() const { return static_cast<std::int64_t>(document_begins_.size()) - 1; }
  std::int64_t sentences() const { return static_cast<std::int64_t>(sentence_sizes_.size()); }
  std::int64_t tokens() const { return ids_.size(); }

  // The sentences of a document are document_begin(d) .. document_begin(d + 1), at least one.
  std::int64_t document_begin(std::int64_t document) const {
    return document_begins_[static_cast<std::size_t>(document)];
  }
  std::int64_t sentence_size(std::int64_t sentence) const {
    return sentence_sizes_[static_cast<std::size_t>(sentence)];
  }
  // The tokens of a sentence are sentence_begin(s) and the sentence_size(s) that follow.
  std::int64_t sentence_begin(std::int64_t sentence) const;
  // Tokens [first, first + to.size()).
  void copy(std::int64_t first, std::span<std::int32_t> to) const { ids_.copy(first, to); }

  std::int64_t memory_bytes() const;
  // Returns the folder of the files; empty where all is in memory.
  const fs::path& folder() const { return folder_; }
  // Gives back the memory that pages of the files took, which are read again when they are needed.
  void release_pages() const;
  // A hash of everything: equal for equal corpora, whatever files they came from.
  std::uint64_t fingerprint() const;

  std::vector<std::string> notes;  // for a person: detected settings, replaced bytes, empty documents

  static constexpr std::int64_t kLongestSentence = 65535;

 private:
  static constexpr std::int64_t kAnchorEvery = 64;

  std::uint64_t hash_of_all() const;

  std::int64_t id_limit_, max_sentence_tokens_;
  fs::path folder_;
  std::optional<std::uint64_t> fingerprint_;  // of what is in files
  TokenIds ids_;
  Column<std::uint16_t> sentence_sizes_;
  Column<std::int64_t> anchors_;          // the first token of every 64th sentence
  Column<std::int64_t> document_begins_;  // [documents + 1]
};

// The documents of all files, in order, tokenized on all cores while they are read; memory beyond the result
// does not grow with the files. Special tokens that a text holds ("[SEP]") are plain text. Where a folder is
// given, which is there, the result is in its files. Throws Error for a file that holds no text, naming it,
// and Interrupted when the stop is asked for.
TokenizedDocuments tokenize_documents(const std::vector<fs::path>& paths, const BertTokenizer& tokenizer,
                                      const DocumentOptions& options = {},
                                      std::int64_t max_sentence_tokens = TokenizedDocuments::kLongestSentence,
                                      const fs::path& folder = {}, const std::stop_token& stop = {});

}  // namespace bertune::data
