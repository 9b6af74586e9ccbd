// Many texts as token ids end to end: what BertTokenizer::encode_packed does.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bertune/tokenizer.h"
#include "text/text_encoder.h"

namespace bertune::text {

// The template of rows.
struct RowTemplate {
  std::int32_t cls, sep;
  RowShape shape;
  EncodeOptions options;  // of which truncation, special tokens and split_special_tokens count
  std::size_t room;       // tokens that fit beside the special ones
};

class PackedEncoder {
 public:
  PackedEncoder(const TextEncoder& encoder, const RowTemplate& row) : encoder_(encoder), row_(row) {}

  // Appends the rows, encoded on all cores. `pairs` is empty or as long as `texts`.
  void encode(std::span<const std::string_view> texts, std::span<const std::string_view> pairs,
              PackedEncodings& rows) const;

 private:
  // The rows of a block of texts.
  struct Block {
    TokenBuffer tokens;
    std::vector<std::int32_t> sizes, first_sizes, lengths;  // first_sizes: of the part with type 0, of pairs
    std::int64_t with_special_tokens = 0;
  };
  void encode_block(std::span<const std::string_view> texts, std::span<const std::string_view> pairs,
                    Block& block) const;
  void encode_row(std::string_view text, const std::string_view* pair, EncodeScratch& scratch,
                  Block& block) const;
  void append(const Block& block, PackedEncodings& rows) const;

  const TextEncoder& encoder_;
  RowTemplate row_;
};

// Returns the memory that the calling thread keeps from text to text.
EncodeScratch& thread_encode_scratch();

}  // namespace bertune::text
