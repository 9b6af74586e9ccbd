// A vocabulary of numbered words, and corpora in which every token has an id of its own, so that a row says
// itself where its tokens come from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bertune/tokenizer.h"
#include "core/random.h"
#include "data/documents/tokenized_documents.h"
#include "support/temporary_directory.h"

namespace bertune::tasks::testing {

inline constexpr std::int32_t kSpecial = 5;  // [PAD] [UNK] [CLS] [SEP] [MASK]
inline constexpr std::int32_t kUnknown = 1, kCls = 2, kSep = 3, kMask = 4;

// Ids from kSpecial: `words` words, of which every `piece_every`-th goes on the one before it.
inline BertTokenizer numbered_tokenizer(std::int32_t words, std::int32_t piece_every = 0) {
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (std::int32_t i = 0; i < words; ++i) {
    const bool piece = piece_every > 0 && i % piece_every == piece_every - 1;
    vocabulary += (piece ? "##p" : "w") + std::to_string(i) + "\n";
  }
  const bertune::testing::TemporaryDirectory folder;
  return BertTokenizer::from_vocabulary(folder.write("vocab.txt", vocabulary));
}

// The sizes of the sentences of each document.
using Shape = std::vector<std::vector<std::int64_t>>;

// Tokens have the ids kSpecial, kSpecial + 1, ...; those of a token is its place in the corpus + kSpecial.
inline data::TokenizedDocuments numbered_documents(const Shape& shape, std::int64_t id_limit,
                                                   std::int64_t max_sentence_tokens = 65535) {
  data::TokenizedDocuments documents(id_limit, max_sentence_tokens);
  std::int32_t next = kSpecial;
  for (const auto& sentences : shape) {
    for (const std::int64_t size : sentences) {
      std::vector<std::int32_t> ids(static_cast<std::size_t>(size));
      for (std::int32_t& id : ids) id = next++;
      documents.add_sentence(ids);
    }
    documents.end_document();
  }
  return documents;
}

// Between 1 and the given numbers of sentences and tokens.
inline Shape random_shape(std::uint64_t seed, std::size_t documents, std::uint64_t most_sentences,
                          std::uint64_t most_tokens) {
  Random random(seed, 0x7E57);
  Shape shape(documents);
  for (auto& sentences : shape) {
    sentences.resize(1 + random.below(most_sentences));
    for (std::int64_t& size : sentences) size = 1 + static_cast<std::int64_t>(random.below(most_tokens));
  }
  return shape;
}

inline std::int64_t total_tokens(const Shape& shape) {
  std::int64_t total = 0;
  for (const auto& sentences : shape) {
    for (const std::int64_t size : sentences) total += size;
  }
  return total;
}

}  // namespace bertune::tasks::testing
