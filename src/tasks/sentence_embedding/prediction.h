// Embeddings and similarities as lines of a file, and embeddings as a NumPy array.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "data/texts/reader.h"
#include "tasks/prediction.h"
#include "tasks/request.h"
#include "tasks/sentence_embedding/task.h"

namespace bertune::tasks {

// Items are texts, or pairs of them. `examples` must outlive it.
std::unique_ptr<Decoder> decoder_of(const SentenceEmbeddingExamples& examples, UsePrediction use);

// Returns the request of rows: single texts get an Embedding, pairs the Score of how alike they are. The
// texts need not stay.
Request request_of(std::span<const data::Row> rows, bool pairs, const SentenceEmbedding& task,
                   const BertTokenizer& tokenizer);

// {"text", "embedding"}, or of a pair {"text", "text_pair", "embedding", "embedding_pair"}, with its newline.
// `pair_embedding` is empty for a single text. Numbers are written so that they are read back to the same
// bits.
std::string embedding_line(const data::Row& row, std::span<const float> embedding,
                           std::span<const float> pair_embedding = {});

// {"text", "text_pair", "score"}, or text,text_pair,score.
std::string similarity_line(const data::Row& row, double similarity, bool csv);
inline constexpr std::string_view kSimilarityHeader = "text,text_pair,score\n";

// Returns the header of a .npy file: a float32 array [rows, columns] in C order, format version 1.0. Its
// length is that of every other, so that it can be written again when the rows are known.
std::string npy_header(std::int64_t rows, std::int64_t columns);

}  // namespace bertune::tasks
