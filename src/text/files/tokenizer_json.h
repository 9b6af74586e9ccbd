// tokenizer.json, the file of the `tokenizers` library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "text/added_tokens.h"
#include "text/byte_level/byte_pairs.h"
#include "text/vocabulary.h"

namespace bertune::text {

// The contents of a tokenizer.json of WordPiece or BPE. Stored truncation and padding are those of somebody's
// last call: not read.
struct TokenizerJson {
  bool is_bpe = false;
  std::vector<TokenEntry> vocabulary;
  std::vector<Merge> merges;  // of BPE
  std::vector<AddedToken> added_tokens;
  std::string unk_token;  // empty where BPE has none
  bool fuse_unk = false;  // of BPE
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
  Json normalizer, pre_tokenizer, post_processor, decoder;  // null where absent
};

// Throws Error naming `where` when it is not JSON, or the tokenizer of another kind of model, or of one with
// an option that is not supported.
TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& where);

// The id of `token` as a vocabulary gives it; throws Error naming `where` when it is not a number of 31 bits.
std::int64_t parse_token_id(const Json& value, std::string_view token, const std::string& where);

// The type of a part of the file; "none" where it is null or absent.
std::string type_of(const Json& part);

// An added token as both tokenizer.json and tokenizer_config.json write it, but for its id.
AddedToken parse_added_token(const Json& value, const std::string& where);

}  // namespace bertune::text
