#include "data/text_index.h"

#include <bit>
#include <functional>

namespace bertune::data {
namespace {

// Cannot occur in folded text, so ("a b", "") and ("a", "b") differ.
constexpr char kBetweenTexts = '\n';

void append_folded(std::string_view text, std::string& folded) {
  bool pending = false;
  const std::size_t begin = folded.size();
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
      pending = true;
      continue;
    }
    if (pending && folded.size() > begin) folded.push_back(' ');
    pending = false;
    folded.push_back(byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : character);
  }
}

}  // namespace

TextIndex::TextIndex(const Dataset& dataset, Folding folding)
    : dataset_(dataset), folding_(folding), slots_(std::bit_ceil(dataset.rows.size() * 2 + 1)) {}

std::uint64_t TextIndex::make_key(const Row& row) const {
  if (folding_ == Folding::exact) {
    const std::hash<std::string_view> hash;
    return hash(row.text) ^ std::rotl(hash(row.text_pair), 1);
  }
  key_.clear();
  append_folded(row.text, key_);
  key_.push_back(kBetweenTexts);
  append_folded(row.text_pair, key_);
  return std::hash<std::string_view>()(key_);
}

bool TextIndex::equals_key(const Row& row) const {
  other_.clear();
  append_folded(row.text, other_);
  other_.push_back(kBetweenTexts);
  append_folded(row.text_pair, other_);
  return key_ == other_;
}

std::size_t TextIndex::slot_of(const Row& row, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot].row < 0) return slot;
    if (slots_[slot].hash != hash) continue;
    const Row& known = dataset_.rows[static_cast<std::size_t>(slots_[slot].row)];
    const bool same = folding_ == Folding::exact ? known.text == row.text && known.text_pair == row.text_pair
                                                 : equals_key(known);
    if (same) return slot;
  }
}

std::optional<std::int64_t> TextIndex::find(const Row& row) const {
  const Slot& slot = slots_[slot_of(row, make_key(row))];
  return slot.row < 0 ? std::nullopt : std::optional(slot.row);
}

std::optional<std::int64_t> TextIndex::insert(std::int64_t index) {
  const Row& row = dataset_.rows[static_cast<std::size_t>(index)];
  const std::uint64_t hash = make_key(row);
  Slot& slot = slots_[slot_of(row, hash)];
  if (slot.row >= 0) return slot.row;
  slot = {hash, index};
  return std::nullopt;
}

}  // namespace bertune::data
