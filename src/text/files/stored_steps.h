// Reads from tokenizer.json the steps around the model: normalization, splitting, special tokens, decoding.
#pragma once

#include <string>

#include "core/json.h"
#include "text/files/tokenizer_json.h"
#include "text/tokenizer_spec.h"

namespace bertune::text {

// Sets the flag to a member of `object`, if there is one that is a boolean.
void set_flag(const Json& object, const char* name, bool& flag);

// Throws Error naming `where` for steps other than those of byte-level BPE as RoBERTa has it.
void require_byte_level_steps(const TokenizerJson& json, const std::string& where);

// Takes them over for a tokenizer that is read as it is stored. Throws Error naming spec.source for steps
// that BERT (WordPiece) does not have, and for special tokens that neither BERT nor RoBERTa puts around a
// text.
void use_stored_steps(const TokenizerJson& json, TokenizerSpec& spec);

}  // namespace bertune::text
