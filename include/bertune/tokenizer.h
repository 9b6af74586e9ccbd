// BertTokenizer converts text to sub-word ids and back, bit-identical to Transformers' fast tokenizers of
// BERT (WordPiece) and RoBERTa (byte-level BPE).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/export.h"

namespace bertune {

// A half-open range [begin, end) of the input text; {0, 0} for special tokens that the tokenizer added.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

// The tokens of one text or pair (Transformers' BatchEncoding of one row). All vectors have one entry per
// token, except those not asked for, which are empty.
struct Encoding {
  std::vector<std::int32_t> input_ids;
  std::vector<std::int32_t> token_type_ids;  // 0 for the first text and its separators, 1 for the second
  std::vector<Span> offsets;           // in code points of the original text, as Transformers gives them
  std::vector<Span> byte_offsets;      // in bytes of the original UTF-8
  std::vector<std::int32_t> word_ids;  // -1 for added special tokens (None there)
  std::vector<std::uint8_t> special_tokens_mask;  // 1 for tokens that the template added
  std::vector<Encoding> overflowing;              // the windows after the first, when asked for
  std::uint32_t special_in_text = 0;   // special tokens that the text itself held ("[SEP]" typed by a user)
  std::uint32_t truncated_tokens = 0;  // tokens cut off by max_length (and in no window)
};

// Many texts or pairs as token ids end to end, without offsets and windows, for training.
struct PackedEncodings {
  std::vector<std::int32_t> input_ids;        // [tokens]
  std::vector<std::int32_t> token_type_ids;   // [tokens] of pairs; empty for single texts, where all are 0
  std::vector<std::int64_t> begins{0};        // [rows + 1]: row i is tokens begins[i] .. begins[i + 1]
  std::vector<std::int32_t> lengths;          // [rows]: tokens before truncation
  std::int64_t rows_with_special_tokens = 0;  // texts that hold "[SEP]" and the like themselves
};

enum class Truncation { do_not_truncate, longest_first, only_first, only_second };

struct EncodeOptions {
  bool add_special_tokens = true;
  Truncation truncation = Truncation::do_not_truncate;
  std::int64_t max_length = 512;  // tokens, special ones included; used when truncation is on
  std::int64_t stride = 0;        // tokens that neighboring windows share
  bool return_offsets = false;    // also word_ids and special_tokens_mask
  bool return_overflowing_tokens = false;
  bool split_special_tokens = false;  // "[SEP]" in the text is plain text, as any other word in brackets
  // Marks a text that is one word of many: byte-level BPE reads it with a space before it, as if the
  // tokenizer had add_prefix_space.
  bool is_split_into_words = false;
};

// The settings of tokenizer_config.json, with Transformers' defaults for BERT. Byte-level BPE uses only the
// last of the flags, the length and the tokens; tokens may be empty, and their ids are then -1.
struct TokenizerConfig {
  bool do_lower_case = true;
  std::optional<bool> strip_accents;  // unset: same as do_lower_case
  bool tokenize_chinese_chars = true;
  bool clean_up_tokenization_spaces = false;  // a second clean-up by decode, which older versions asked for
  std::optional<std::int64_t> model_max_length;  // unset when the file has none, or one that means "no limit"
  std::string unk_token = "[UNK]", sep_token = "[SEP]", pad_token = "[PAD]", cls_token = "[CLS]",
              mask_token = "[MASK]";
  std::string bos_token = "", eos_token = "";  // empty: none
};

class BERTUNE_EXPORT BertTokenizer {
 public:
  // Reads DIR/tokenizer.json, or else DIR/vocab.txt (WordPiece) or DIR/vocab.json and merges.txt (byte-level
  // BPE) with tokenizer_config.json. Throws Error when none is there or the file is a tokenizer of another
  // kind, saying what it is.
  static BertTokenizer from_pretrained(const std::filesystem::path& directory);
  // Reads a vocabulary of one token per line, with ids from 0. As in Transformers, white space at the end of
  // a line is not part of its token, and the last of equal lines gives the id. Throws Error if the file
  // cannot be read.
  static BertTokenizer from_vocabulary(const std::filesystem::path& vocab_txt,
                                       const TokenizerConfig& config = {});
  // Makes a tokenizer from a vocabulary in memory: tokens by id, all different.
  static BertTokenizer from_tokens(const std::vector<std::string>& tokens,
                                   const TokenizerConfig& config = {});

  BertTokenizer(BertTokenizer&&) noexcept;
  BertTokenizer& operator=(BertTokenizer&&) noexcept;
  ~BertTokenizer();

  // Tokenizes a text, or a pair of texts, in UTF-8; invalid bytes become U+FFFD first, as with Python's
  // errors="replace". Throws Error for a text of more than 1 GiB, for a max_length that the special tokens
  // exceed or to which the strategy cannot shorten, and for a stride that leaves no window to move. Threads:
  // may be called from many at once.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view text, std::string_view text_pair, const EncodeOptions& options = {}) const;
  // Tokenizes many texts on all cores; the results are those of encode(), in order. `pairs` is empty or as
  // long as `texts`; otherwise throws Error.
  std::vector<Encoding> encode_batch(const std::vector<std::string_view>& texts,
                                     const std::vector<std::string_view>& pairs = {},
                                     const EncodeOptions& options = {}) const;

  // Appends the ids of encode() to `rows`, on all cores. Offsets and windows are not made, whatever the
  // options say. Throws as encode_batch does.
  void encode_packed(const std::vector<std::string_view>& texts, const std::vector<std::string_view>& pairs,
                     const EncodeOptions& options, PackedEncodings& rows) const;

  // Returns the text of ids, as Transformers' decode; special tokens are left out by default. Throws Error
  // for an id that the vocabulary does not have.
  std::string decode(const std::vector<std::int32_t>& ids, bool skip_special_tokens = true) const;

  std::optional<std::int32_t> token_to_id(std::string_view token) const;
  std::string_view id_to_token(std::int32_t id) const;  // throws Error when there is no such id
  std::int64_t vocab_size() const;                      // added tokens included
  // Returns whether a token continues a word: "##ing"; for byte-level BPE, a token that does not begin with a
  // space.
  bool continues_word(std::int32_t id) const;
  // Returns the number of special tokens in a row: "[CLS] A [SEP]" or "[CLS] A [SEP] B [SEP]"; RoBERTa has
  // "<s> A </s></s> B </s>", all of type 0.
  std::int64_t num_special_tokens_to_add(bool is_pair) const;
  std::int32_t separators_between() const;  // of a pair: 1 or 2
  std::int32_t second_token_type() const;   // of B and what follows it: 1 or 0
  std::int32_t cls_token_id() const;
  std::int32_t sep_token_id() const;
  std::int32_t pad_token_id() const;
  std::int32_t unk_token_id() const;
  std::int32_t mask_token_id() const;
  const TokenizerConfig& config() const;

  // Restricts the tokenizer to a model that embeds the ids below `vocab_size` and `token_types` kinds of text
  // (0: as many as there are). From then on encode() throws Error, naming the token, for a text with an added
  // token beyond these ids, and for a second text if its type does not exist; second_token_type() throws as
  // well. Throws Error at once if a token that any text may contain is beyond.
  void fit_to(std::int64_t vocab_size, std::int64_t token_types);
  bool fits(std::int32_t id) const;  // whether the model embeds it; always before fit_to()
  // Returns notes on the files for a person, a sentence each: capital letters that no text can match, added
  // tokens that the model does not embed.
  const std::vector<std::string>& notes() const;

  // Returns the files that Transformers 5 and 4 load: tokenizer.json, tokenizer_config.json,
  // special_tokens_map.json and vocab.txt, or vocab.json and merges.txt, as (name, contents).
  // `model_max_length` goes into tokenizer_config.json.
  std::vector<std::pair<std::string, std::string>> files(std::int64_t model_max_length) const;

 private:
  struct Implementation;
  explicit BertTokenizer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bertune
