// The passes of an explanation: how much each computes, and what happens between them.
#pragma once

#include <cstdint>

#include "bertune/explain.h"

namespace bertune::insight {

struct Passes {
  std::int64_t tokens;  // of one, or one sequence where that is longer
  const BetweenPasses& between;

  void pause() const {
    if (between) between();
  }
};

}  // namespace bertune::insight
