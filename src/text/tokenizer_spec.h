// All that makes a tokenizer what it is, as read from files and as written to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/tokenizer.h"
#include "text/added_tokens.h"
#include "text/byte_level/byte_pairs.h"
#include "text/unicode/normalizer.h"
#include "text/vocabulary.h"

namespace bertune::text {

// The placement of special tokens around texts: "cls A sep" and "cls A sep B sep", or as RoBERTa has it, "cls
// A sep sep B sep".
struct RowShape {
  std::int32_t separators_between = 1;
  std::int32_t second_type = 1;  // token type of the second text and what follows it
  std::int64_t special_tokens(bool is_pair) const { return is_pair ? 2 + separators_between : 2; }
  bool operator==(const RowShape&) const = default;
};
inline constexpr RowShape kRobertaShape{2, 0};

// The parts of byte-level BPE besides a vocabulary.
struct ByteLevelSpec {
  std::vector<Merge> merges;            // those learned first go first
  bool add_prefix_space = false;        // a space before a text, and behind an added token
  bool use_regex = true;                // false: a text is not cut into words
  bool trim_offsets = true;             // spaces are no part of the place of a token,
  bool trim_keeps_first_space = false;  // but for those of the first token
  std::string unk_token;                // for bytes that the vocabulary lacks; empty: they are dropped
  bool fuse_unk = false;                // one of it for all such neighbors
};

struct TokenizerSpec {
  std::string source;  // the file that errors name
  TokenizerConfig config;
  bool says_case = true;  // whether a file or a caller says config.do_lower_case
  bool clean_text = true;
  std::vector<TokenEntry> vocabulary;
  std::vector<AddedToken>
      added_tokens;  // in the order in which they are added; id -1 where a file gives none
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
  bool decoder_cleanup = true;
  RowShape row;
  std::optional<ByteLevelSpec> byte_level;  // none: WordPiece
};

// Throws Error as BertTokenizer::from_pretrained says.
TokenizerSpec read_tokenizer_folder(const std::filesystem::path& directory);
TokenizerSpec read_vocabulary_file(const std::filesystem::path& vocab_txt, const TokenizerConfig& config);
// Returns the specification of a vocabulary in memory, whose ids count from 0.
TokenizerSpec spec_of_tokens(const std::vector<std::string>& tokens, const TokenizerConfig& config);

NormalizerOptions normalizer_options(const TokenizerSpec& spec);

// A sentence for a person where tokens have capital letters and texts are lower-cased though no file says so:
// a cased model without its tokenizer_config.json. Empty elsewhere.
std::string note_on_case(const TokenizerSpec& spec, const Vocabulary& vocabulary);

// (name, contents) of the files that Transformers 5 and 4 load. `added_tokens` have their final ids.
std::vector<std::pair<std::string, std::string>> tokenizer_files(const TokenizerSpec& spec,
                                                                 const Vocabulary& vocabulary,
                                                                 const std::vector<AddedToken>& added_tokens,
                                                                 std::int64_t model_max_length);

}  // namespace bertune::text
