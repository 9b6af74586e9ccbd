#include "text/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "bertune/error.h"
#include "core/utf8.h"

namespace bertune::text {
namespace {

constexpr std::int64_t kLargestId = 10'000'000;

// Puts every token at its id.
std::vector<std::string> order_by_id(std::vector<TokenEntry>& entries, std::vector<bool>& is_token,
                                     const std::string& where) {
  std::int64_t last = -1;
  for (const auto& [token, id] : entries) {
    if (id < 0)
      throw Error(fmt::format("{}: the vocabulary gives \"{}\" the negative id {}", where, token, id));
    if (id >= kLargestId) {
      throw Error(fmt::format("{}: the vocabulary gives \"{}\" the id {}; at most {} tokens are supported",
                              where, token, id, kLargestId));
    }
    last = std::max(last, id);
  }
  std::vector<std::string> tokens(static_cast<std::size_t>(last + 1));
  is_token.assign(tokens.size(), false);
  for (auto& [token, id] : entries) {
    const auto place = static_cast<std::size_t>(id);
    if (is_token[place]) {
      throw Error(fmt::format("{}: the vocabulary gives id {} to both \"{}\" and \"{}\"", where, id,
                              tokens[place], token));
    }
    is_token[place] = true;
    tokens[place] = std::move(token);
  }
  return tokens;
}

}  // namespace

PieceTable::PieceTable(const std::vector<std::string>& tokens, std::size_t skip, std::size_t capacity)
    : tokens_(&tokens),
      skip_(skip),
      slots_(std::bit_ceil(2 * capacity + 2)),
      lengths_(std::bit_ceil(capacity / 4 + 1)),
      mask_(slots_.size() - 1) {}

std::int32_t PieceTable::insert(std::int32_t id) {
  const std::string_view piece = content(id);
  const std::uint64_t hash = hash_bytes(piece);
  std::size_t slot = first_slot(hash);
  for (; slots_[slot].id >= 0; slot = (slot + 1) & mask_) {
    if (slots_[slot].tag == static_cast<std::uint32_t>(hash) && content(slots_[slot].id) == piece) {
      return slots_[slot].id;
    }
  }
  slots_[slot] = {static_cast<std::uint32_t>(hash), id};
  longest_ = std::max(longest_, piece.size());
  if (piece.size() >= kPrefix)
    lengths_[prefix_slot(piece)] |= 1ULL << std::min<std::size_t>(piece.size(), 63);
  return -1;
}

Vocabulary::Vocabulary(std::vector<TokenEntry> entries, std::string_view continuing_subword_prefix,
                       const std::string& where)
    : tokens_(order_by_id(entries, is_token_, where)),
      size_(entries.size()),
      initial_(tokens_, 0, entries.size()),
      continuing_(
          tokens_, continuing_subword_prefix.size(),
          static_cast<std::size_t>(std::count_if(tokens_.begin(), tokens_.end(), [&](const auto& token) {
            return token.starts_with(continuing_subword_prefix);
          }))) {
  for (std::int32_t id = 0; id < id_limit(); ++id) {
    if (!contains(id)) continue;
    const std::int32_t other = initial_.insert(id);
    if (other >= 0) {
      throw Error(fmt::format("{}: the vocabulary lists \"{}\" twice, with the ids {} and {}", where,
                              token(id), other, id));
    }
    if (token(id).starts_with(continuing_subword_prefix)) continuing_.insert(id);
  }
}

std::vector<std::int32_t> Vocabulary::single_characters() const {
  std::vector<std::int32_t> ids(0x10000, -1);
  for (std::int32_t id = 0; id < id_limit(); ++id) {
    const std::string& text = token(id);
    if (text.empty() || text.size() > 3) continue;
    const CodePoint first = decode_utf8(text, 0);
    if (first.valid && first.bytes == text.size()) ids[first.value] = id;
  }
  return ids;
}

}  // namespace bertune::text
