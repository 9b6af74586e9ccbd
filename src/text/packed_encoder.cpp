#include "text/packed_encoder.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "text/truncation.h"

namespace bertune::text {
namespace {

// Blocks are large enough that handing them out costs nothing beside encoding them, and waves of blocks small
// enough that what is encoded and not yet appended is a small part of the whole.
constexpr std::size_t kBlock = 128, kWave = 64;

}  // namespace

EncodeScratch& thread_encode_scratch() {
  static thread_local EncodeScratch scratch;
  return scratch;
}

void PackedEncoder::encode(std::span<const std::string_view> texts, std::span<const std::string_view> pairs,
                           PackedEncodings& rows) const {
  const std::size_t count = texts.size(), blocks = (count + kBlock - 1) / kBlock;
  std::vector<Block> wave(std::min(blocks, kWave));
  for (std::size_t first = 0; first < blocks; first += kWave) {
    const std::size_t size = std::min(kWave, blocks - first);
    parallel_for(static_cast<std::int64_t>(size), [&](std::int64_t i) {
      const std::size_t begin = (first + static_cast<std::size_t>(i)) * kBlock,
                        length = std::min(kBlock, count - begin);
      encode_block(texts.subspan(begin, length), pairs.empty() ? pairs : pairs.subspan(begin, length),
                   wave[static_cast<std::size_t>(i)]);
    });
    for (std::size_t i = 0; i < size; ++i) append(wave[i], rows);
  }
}

void PackedEncoder::encode_block(std::span<const std::string_view> texts,
                                 std::span<const std::string_view> pairs, Block& block) const {
  block.tokens.clear();
  block.sizes.clear(), block.first_sizes.clear(), block.lengths.clear();
  block.with_special_tokens = 0;
  EncodeScratch& scratch = thread_encode_scratch();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    encode_row(texts[i], pairs.empty() ? nullptr : &pairs[i], scratch, block);
  }
}

void PackedEncoder::encode_row(std::string_view text, const std::string_view* pair, EncodeScratch& scratch,
                               Block& block) const {
  const EncodeOptions& options = row_.options;
  const TextEncoderOptions text_options{.split_special_tokens = options.split_special_tokens,
                                        .prefix_space = options.is_split_into_words};
  const bool special = options.add_special_tokens;
  TokenBuffer& tokens = block.tokens;
  const std::size_t row = tokens.size();
  const auto end_text = [&](std::size_t begin, std::size_t kept) {
    tokens.set_size(begin + kept);
    if (special) tokens.push(row_.sep, {}, 0);
  };
  if (special) tokens.push(row_.cls, {}, 0);
  const std::size_t first = tokens.size();
  std::uint32_t special_in_text = encoder_.encode(ValidText(text), text_options, scratch, tokens);
  const std::size_t first_size = tokens.size() - first;
  std::size_t second_size = 0, cut = 0;
  if (pair == nullptr) {
    const KeptTokens kept = truncate(first_size, 0, false, row_.room, options.truncation);
    cut = first_size - kept.first;
    end_text(first, kept.first);
  } else {
    special_in_text += encoder_.encode(ValidText(*pair), text_options, scratch, tokens);
    second_size = tokens.size() - first - first_size;
    const KeptTokens kept = truncate(first_size, second_size, true, row_.room, options.truncation);
    cut = first_size - kept.first + second_size - kept.second;
    // The second text moves to where the first one, cut and closed, ends.
    const auto between = static_cast<std::size_t>(special ? row_.shape.separators_between : 0);
    const std::size_t second = first + kept.first + between;
    tokens.reserve_more(between);
    std::memmove(tokens.ids() + second, tokens.ids() + first + first_size,
                 kept.second * sizeof(std::int32_t));
    std::fill_n(tokens.ids() + second - between, between, row_.sep);
    end_text(second, kept.second);
    block.first_sizes.push_back(static_cast<std::int32_t>(first + kept.first + (special ? 1 : 0) - row));
  }
  block.sizes.push_back(static_cast<std::int32_t>(tokens.size() - row));
  block.lengths.push_back(static_cast<std::int32_t>(tokens.size() - row + cut));
  block.with_special_tokens += special_in_text > 0 ? 1 : 0;
}

void PackedEncoder::append(const Block& block, PackedEncodings& rows) const {
  rows.input_ids.insert(rows.input_ids.end(), block.tokens.ids(), block.tokens.ids() + block.tokens.size());
  std::int64_t end = rows.begins.back();
  for (const std::int32_t size : block.sizes) rows.begins.push_back(end += size);
  for (std::size_t i = 0; i < block.first_sizes.size(); ++i) {
    rows.token_type_ids.insert(rows.token_type_ids.end(), static_cast<std::size_t>(block.first_sizes[i]), 0);
    rows.token_type_ids.insert(rows.token_type_ids.end(),
                               static_cast<std::size_t>(block.sizes[i] - block.first_sizes[i]),
                               row_.shape.second_type);
  }
  rows.lengths.insert(rows.lengths.end(), block.lengths.begin(), block.lengths.end());
  rows.rows_with_special_tokens += block.with_special_tokens;
}

}  // namespace bertune::text
