// Chooses the tokens of the corpus for the rows of pre-training: pairs of segments for next-sentence
// prediction, blocks for masked language modeling alone.
#pragma once

#include <cstdint>
#include <vector>

#include "core/random.h"
#include "data/documents/tokenized_documents.h"

namespace bertune::tasks {

// Token ranges of the corpus; a block has no second one.
struct RowTokens {
  std::int64_t first_begin = 0, second_begin = 0;
  std::uint16_t first_size = 0, second_size = 0;
  bool random_next = false;  // the second range is of another document, and does not follow the first
};

// Pairs as google-research/bert's create_pretraining_data.py makes them. Sentences are gathered until they
// have `room` tokens, or with probability `short_seq_prob` a random number of 2 to room; A is the first few
// of them. In half of the pairs B is the rest, in the others sentences from a random place of another random
// document, and the rest is put back for the next pair. What is longer than `room` loses tokens one by one at
// the front or the back of the longer of A and B. Differences, so that labels are balanced and tell nothing
// of lengths: the length is drawn for each pair and not for each document; a document is never paired with
// itself; and a sentence that fills the row alone, or is left alone at the end of its document, gets the one
// behind or before it when a true pair is due. Only documents of one sentence have no true pair.
//
// Appends the pairs of one document. Needs two documents, and room for two tokens.
void append_sentence_pairs(const data::TokenizedDocuments& documents, std::int64_t document,
                           std::int64_t room, double short_seq_prob, Random random,
                           std::vector<RowTokens>& rows);

// Blocks of whole sentences that follow one another, as many as fit into `room` tokens, within one document
// (DOC-SENTENCES of Liu et al. 2019, section 4.2). A sentence longer than the room is cut, and its rest goes
// on in the next block, so that no token is lost. The first block of a document that does not fit into one
// is a random part as long (but a sentence at least), so that blocks begin elsewhere in every epoch.
void append_blocks(const data::TokenizedDocuments& documents, std::int64_t document, std::int64_t room,
                   Random random, std::vector<RowTokens>& rows);

}  // namespace bertune::tasks
