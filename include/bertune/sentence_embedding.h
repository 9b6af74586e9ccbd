// SentenceEmbeddingConfig says how one embedding is made from the tokens of a text, as the files of the
// sentence-transformers package do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "bertune/export.h"

namespace bertune {

// The pooling of a text's hidden states, special tokens included, into one vector: their mean, that of the
// first token ([CLS]), the largest value of each element, or the sum divided by the square root of their
// number.
enum class Pooling { mean, cls, max, mean_sqrt_len_tokens };

BERTUNE_EXPORT std::string_view to_string(Pooling pooling);         // as sentence-transformers names it
BERTUNE_EXPORT Pooling pooling_from_string(std::string_view name);  // throws UsageError, naming the choices

struct BERTUNE_EXPORT SentenceEmbeddingConfig {
  Pooling pooling = Pooling::mean;
  bool normalize = false;                           // embeddings have the length 1
  bool do_lower_case = false;                       // texts are lower-cased, whatever the tokenizer does
  std::optional<std::int64_t> max_seq_length = {};  // tokens of a text; unset: what tokenizer and model take

  // Reads DIR/modules.json and the files that it names; where there is none, those of `base`, the base of an
  // adapter. Returns nothing where neither has them. Throws Error, naming the file, when one is damaged or
  // asks for something else than a Transformer, one Pooling and perhaps a Normalize.
  static std::optional<SentenceEmbeddingConfig> from_pretrained(const std::filesystem::path& directory,
                                                                const std::filesystem::path& base = {});
  // Writes these files into an existing folder, for embeddings of `hidden_size` elements; throws Error if one
  // cannot be written.
  void save(const std::filesystem::path& directory, std::int64_t hidden_size) const;

  bool operator==(const SentenceEmbeddingConfig&) const = default;
};

}  // namespace bertune
