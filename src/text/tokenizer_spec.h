// All that makes a BERT tokenizer what it is, as read from files and as written to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/tokenizer.h"
#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/vocabulary.h"

namespace bertune::text {

struct TokenizerSpec {
  std::string source;  // the file that errors name
  TokenizerConfig config;
  bool clean_text = true;
  std::vector<TokenEntry> vocabulary;
  std::vector<AddedToken>
      added_tokens;  // in the order in which they are added; id -1 where a file gives none
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
  bool decoder_cleanup = true;
};

// Throws Error as BertTokenizer::from_pretrained says.
TokenizerSpec read_tokenizer_folder(const std::filesystem::path& directory);
TokenizerSpec read_vocabulary_file(const std::filesystem::path& vocab_txt, const TokenizerConfig& config);
// Of a vocabulary in memory, whose ids count from 0.
TokenizerSpec spec_of_tokens(const std::vector<std::string>& tokens, const TokenizerConfig& config);

NormalizerOptions normalizer_options(const TokenizerSpec& spec);

// (name, contents) of the files that Transformers 5 and 4 load. `added_tokens` have their final ids.
std::vector<std::pair<std::string, std::string>> tokenizer_files(const TokenizerSpec& spec,
                                                                 const Vocabulary& vocabulary,
                                                                 const std::vector<AddedToken>& added_tokens,
                                                                 std::int64_t model_max_length);

}  // namespace bertune::text
