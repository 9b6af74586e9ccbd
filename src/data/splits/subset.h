// A part of a set of rows, of whatever kind.
#pragma once

#include <cstdint>
#include <span>

namespace bertune::data {

// The rows of these numbers, with what holds of the whole set (Set::Whole); notes are left behind. A set
// whose rows are not all that changes with them has a member take_over(whole, rows), which is told at the
// end.
template <class Set>
Set subset(const Set& set, std::span<const std::int64_t> rows) {
  Set part;
  static_cast<typename Set::Whole&>(part) = set;
  auto& taken = part.*Set::kRows;
  taken.reserve(rows.size());
  for (const std::int64_t row : rows) taken.push_back((set.*Set::kRows).at(static_cast<std::size_t>(row)));
  if constexpr (requires { part.take_over(set, rows); }) part.take_over(set, rows);
  return part;
}

}  // namespace bertune::data
