// Finds rows with equal texts by hash, in linear time and on all cores. Equal hashes are checked against the
// texts themselves.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/texts/texts.h"

namespace bertune::data {

// The form in which two texts are compared.
enum class Folding {
  exact,
  blanks_and_case,  // lower-cased, runs of blanks as one space, none at the ends; blank rows equal no other
};

// Writes a row's texts as blanks_and_case compares them, the second after a line end; only "\n" for blank
// ones.
void fold(const TextPair& texts, std::string& folded);

class TextIndex {
 public:
  TextIndex(Texts texts, Folding folding);

  // The first row with the same texts as row `index`: at most `index`.
  std::int64_t first_of(std::int64_t index) const { return first_[static_cast<std::size_t>(index)]; }
  // The first row with the same texts as a row of another set.
  std::optional<std::int64_t> find(const TextPair& texts) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::int64_t row = -1;
  };
  // Open addressing; a power of two at least twice the rows.
  using Table = std::vector<Slot>;
  static constexpr std::uint64_t kNotIndexed = 0;
  // The highest bits of the hash choose a table: each is filled by one thread, and most of it stays in its
  // cache.
  static constexpr int kTableBits = 4;
  static constexpr std::size_t kTables = std::size_t{1} << kTableBits;
  static std::size_t table_of(std::uint64_t hash) { return hash >> (64 - kTableBits); }

  std::uint64_t hash_of(const TextPair& texts) const;  // kNotIndexed: the row is left out
  bool equal(const TextPair& left, const TextPair& right) const;
  void fill(std::size_t table, const std::vector<std::uint64_t>& hashes, std::size_t rows);
  // The slot of a row with these texts, or the empty one where it belongs.
  std::size_t slot_of(const Table& table, const TextPair& texts, std::uint64_t hash) const;

  Texts texts_;
  Folding folding_;
  std::array<Table, kTables> tables_;
  std::vector<std::int64_t> first_;  // of each row
};

}  // namespace bertune::data
