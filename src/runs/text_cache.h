// The text of a pre-training as token ids: in memory, or for much text in files that are made once and mapped
// in.
#pragma once

#include <filesystem>
#include <vector>

#include "bertune/tokenizer.h"
#include "data/documents/tokenized_documents.h"
#include "runs/pretraining.h"
#include "train/observer.h"

namespace bertune::runs {

// Returns the names with those that are patterns ("texts/*.txt.zst") replaced by the files that they fit,
// sorted. Throws UsageError for a pattern that fits none.
std::vector<std::filesystem::path> files_named(const std::vector<std::filesystem::path>& names);

class TextCache {
 public:
  // `options` must outlive it.
  explicit TextCache(const PretrainOptions& options);

  // The documents of the files, tokenized by this tokenizer, whose folder is given. What is in the cache is
  // taken from there if it is of the same contents of files, the same tokenizer and the same options, and if
  // its hashes are right; several processes that want the same make it once. Throws Interrupted when the stop
  // is asked for.
  data::TokenizedDocuments read(const std::vector<std::filesystem::path>& paths,
                                const BertTokenizer& tokenizer, std::int64_t max_sentence_tokens,
                                train::Observer& observer) const;
  // Removes a cache that is the run's own, once it has finished.
  void finish() const;

 private:
  std::string key_of(const std::vector<std::filesystem::path>& paths, const BertTokenizer& tokenizer,
                     std::int64_t max_sentence_tokens) const;

  const PretrainOptions& options_;
  std::filesystem::path folder_;  // empty: all is in memory
};

}  // namespace bertune::runs
