// Ranges of a buffer of parameters as the numbers of an exchange between ranks.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "bertune/parameters.h"
#include "distributed/numbers.h"

namespace bertune::train {

// The numbers of some ranges: long ones in their place, and short ones, such as rows, as a copy of many, so
// that messages are few.
class PackedRanges {
 public:
  // `ranges`: those of each rank, in the order of ranks.
  PackedRanges(std::span<float> buffer, const std::vector<std::vector<Parameters::Range>>& ranges);

  distributed::Numbers& numbers() { return numbers_; }
  void copy_back();  // what changed in the copies, to the buffer

 private:
  struct Copied {
    Parameters::Range range;
    std::size_t place;  // in the copies
  };
  std::span<float> buffer_;
  std::vector<Copied> copied_;
  std::vector<float> copies_;
  distributed::Numbers numbers_;
};

}  // namespace bertune::train
