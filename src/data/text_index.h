// Finds rows with equal texts by hash, in linear time. Equal hashes are checked against the texts themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/reader.h"

namespace bertune::data {

// What two texts are compared by.
enum class Folding {
  exact,
  blanks_and_case,  // ASCII lower-cased, runs of blanks as one space, none at the ends
};

class TextIndex {
 public:
  TextIndex(const Dataset& dataset, Folding folding);

  // The first row of the indexed dataset with the same texts as `row`, which may be of another dataset.
  std::optional<std::int64_t> find(const Row& row) const;
  // Adds row `index` of the dataset; the row that was there first, if one was.
  std::optional<std::int64_t> insert(std::int64_t index);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::int64_t row = -1;
  };
  // The slot of the key, or the empty one where it belongs.
  std::size_t slot_of(const Row& row, std::uint64_t hash) const;
  std::uint64_t make_key(const Row& row) const;
  bool equals_key(const Row& row) const;

  const Dataset& dataset_;
  Folding folding_;
  std::vector<Slot> slots_;  // open addressing; a power of two at least twice the rows
  mutable std::string key_, other_;
};

}  // namespace bertune::data
