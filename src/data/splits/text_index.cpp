#include "data/splits/text_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "core/bytes16.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "core/utf8.h"
#include "text/unicode/unicode.h"

namespace bertune::data {
namespace {

// The separator cannot occur in folded text, so ("a b", "") and ("a", "b") differ.
constexpr char kBetweenTexts = '\n';

bool is_blank(char character) { return character == ' ' || (character >= '\t' && character <= '\r'); }
char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}

// The character at text[i], lower-cased, which takes `to` along; returns its size in the text.
std::size_t append_lower(std::string_view text, std::size_t i, char*& to) {
  const CodePoint point = decode_utf8(text, i);
  if (!point.valid || (text::Unicode::instance().properties(point.value) & text::kLowers) == 0) {
    to = std::copy_n(text.data() + i, point.bytes, to);
    return point.bytes;
  }
  const text::LowerCase lower = text::lower_case(point.value);
  for (std::uint32_t k = 0; k < lower.length; ++k) to += write_utf8(to, lower.characters[k]);
  return point.bytes;
}

// Sixteen bytes of ASCII at a time, and character by character only where blanks are not single spaces.
void append_folded(std::string_view text, std::string& folded) {
  const std::size_t size = folded.size();
  folded.resize(size + text.size() + text.size() / 2);  // as much as lower-casing can make of it: "Ⱥ", "İ"
  char* const begin = folded.data() + size;
  char* to = begin;
  bool after_blank = true;  // blanks at the beginning are dropped
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 16 <= text.size()) {
      Bytes16 bytes = load16(text.data() + i);
      const std::uint32_t others = bits_of(bytes >= 0x80);
      const std::uint32_t blanks = bits_of((bytes == ' ') | ((bytes - '\t') < 5));
      const std::uint32_t spaces = bits_of(bytes == ' ');
      if (others == 0 && blanks == spaces && (blanks & ((blanks << 1) | (after_blank ? 1U : 0U))) == 0) {
        bytes |= std::bit_cast<Bytes16>((bytes - 'A') < 26) & 0x20;
        std::memcpy(to, &bytes, sizeof bytes);
        to += 16, i += 16;
        after_blank = (blanks >> 15) != 0;
        continue;
      }
    }
    const std::size_t end = std::min(text.size(), i + 16);
    while (i < end) {
      if (static_cast<unsigned char>(text[i]) >= 0x80) {
        i += append_lower(text, i, to);
        after_blank = false;
        continue;
      }
      const char character = text[i++];
      const bool blank = is_blank(character);
      if (!(blank && after_blank)) *to++ = blank ? ' ' : lower(character);
      after_blank = blank;
    }
  }
  if (to != begin && after_blank) --to;
  folded.resize(static_cast<std::size_t>(to - folded.data()));
}

}  // namespace

void fold(const TextPair& texts, std::string& folded) {
  folded.clear();
  append_folded(texts.first, folded);
  folded.push_back(kBetweenTexts);
  append_folded(texts.second, folded);
}

TextIndex::TextIndex(Texts texts, Folding folding)
    : texts_(std::move(texts)), folding_(folding), first_(static_cast<std::size_t>(texts_.size)) {
  constexpr std::int64_t kBlock = 1024;
  std::vector<std::uint64_t> hashes(first_.size());
  parallel_for(block_count(texts_.size, kBlock), [&](std::int64_t block) {
    const std::int64_t end = std::min(texts_.size, (block + 1) * kBlock);
    for (std::int64_t i = block * kBlock; i < end; ++i) {
      const auto place = static_cast<std::size_t>(i);
      hashes[place] = hash_of(texts_.texts(i));
      first_[place] = i;
    }
  });
  std::array<std::size_t, kTables> rows{};
  for (const std::uint64_t hash : hashes) ++rows[table_of(hash)];
  parallel_for(kTables, [&](std::int64_t table) {
    fill(static_cast<std::size_t>(table), hashes, rows[static_cast<std::size_t>(table)]);
  });
}

void TextIndex::fill(std::size_t table, const std::vector<std::uint64_t>& hashes, std::size_t rows) {
  Table& slots = tables_[table];
  slots.resize(std::bit_ceil(2 * rows + 1));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (table_of(hashes[i]) != table || hashes[i] == kNotIndexed) continue;
    Slot& slot = slots[slot_of(slots, texts_.texts(static_cast<std::int64_t>(i)), hashes[i])];
    if (slot.row < 0) slot = {hashes[i], static_cast<std::int64_t>(i)};
    first_[i] = slot.row;
  }
}

std::uint64_t TextIndex::hash_of(const TextPair& texts) const {
  std::uint64_t hash = 0;
  if (folding_ == Folding::exact) {
    hash = quick_hash(texts.first) ^ std::rotl(quick_hash(texts.second), 1);
  } else {
    thread_local std::string folded;
    fold(texts, folded);
    if (folded.size() == 1) return kNotIndexed;  // only what stands between the texts
    hash = quick_hash(folded);
  }
  return hash == kNotIndexed ? 1 : hash;
}

bool TextIndex::equal(const TextPair& left, const TextPair& right) const {
  if (left.first == right.first && left.second == right.second) return true;
  if (folding_ == Folding::exact) return false;
  std::string folded_left, folded_right;
  fold(left, folded_left);
  fold(right, folded_right);
  return folded_left == folded_right;
}

std::size_t TextIndex::slot_of(const Table& table, const TextPair& texts, std::uint64_t hash) const {
  const std::size_t mask = table.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (table[slot].row < 0) return slot;
    if (table[slot].hash == hash && equal(texts_.texts(table[slot].row), texts)) {
      return slot;
    }
  }
}

std::optional<std::int64_t> TextIndex::find(const TextPair& texts) const {
  const std::uint64_t hash = hash_of(texts);
  if (hash == kNotIndexed) return std::nullopt;
  const Table& table = tables_[table_of(hash)];
  const Slot& slot = table[slot_of(table, texts, hash)];
  return slot.row < 0 ? std::nullopt : std::optional(slot.row);
}

}  // namespace bertune::data
