// vocab.txt of WordPiece; vocab.json and merges.txt of byte-level BPE.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/byte_level/byte_pairs.h"
#include "text/vocabulary.h"

namespace bertune::text {

// All throw Error naming `where` for a text that is none of theirs.

// One token a line. As in Transformers, trailing white space is no part of a token and the last of equal
// lines gives the id; a line of white space alone is kept as it is (it can match nothing), so that ids stay
// without holes. That goes for a blank last line too, whose id no model need embed
// (BertTokenizer::fit_to). Other than there, a byte-order mark is no part of the first token: Transformers
// then lacks [PAD] and adds it anew behind the vocabulary; all other ids are the same.
std::vector<TokenEntry> parse_vocabulary_lines(std::string_view text, const std::string& where);

// An object of tokens and their ids.
std::vector<TokenEntry> parse_vocabulary_json(std::string_view text, const std::string& where);

// Two tokens with a space between them a line; lines that begin with "#version" are none.
std::vector<Merge> parse_merges(std::string_view text, const std::string& where);
// One such line, which is called `what` in errors.
Merge parse_merge(std::string_view line, const std::string& what, const std::string& where);

}  // namespace bertune::text
