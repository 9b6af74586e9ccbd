// tokenizer.json, the file of the `tokenizers` library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "text/added_tokens.h"
#include "text/vocabulary.h"

namespace bertune::text {

// What a WordPiece tokenizer.json says. Stored truncation and padding are those of somebody's last call: not
// read.
struct TokenizerJson {
  std::vector<TokenEntry> vocabulary;
  std::vector<AddedToken> added_tokens;
  std::string unk_token = "[UNK]", continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
  Json normalizer, pre_tokenizer, post_processor, decoder;  // null where absent
};

// Throws Error naming `where` when it is not JSON, or the tokenizer of another kind of model.
TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& where);

// An added token as both tokenizer.json and tokenizer_config.json write it, but for its id.
AddedToken parse_added_token(const Json& value, const std::string& where);

}  // namespace bertune::text
