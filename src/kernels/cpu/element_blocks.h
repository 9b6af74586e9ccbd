// Work on each of many numbers, cut into blocks for the threads and vectorized within one.
#pragma once

#include "kernels/cpu/isa.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kBlock = 16384;  // numbers per task; part of the definition of sums

template <typename Body>
void for_blocks(std::int64_t size, const Body& body) {
  parallel_for(block_count(size, kBlock),
               [&](std::int64_t block) { body(block * kBlock, min((block + 1) * kBlock, size)); });
}

// Calls rule(i) for each i in [first, end) on the calling thread; it must read and write only what belongs to
// i.
template <typename Rule>
void for_elements(std::int64_t first, std::int64_t end, const Rule& rule) {
  const Rule own = rule;  // in registers: no store can change it
#pragma omp simd
  for (std::int64_t i = first; i < end; ++i) own(i);
}

// Calls rule(i) for each i below size, on all threads.
template <typename Rule>
void for_all_elements(std::int64_t size, const Rule& rule) {
  for_blocks(size, [&](std::int64_t first, std::int64_t end) { for_elements(first, end, rule); });
}

// Calls body(c, Vec{}) for the numbers c .. c + kLanes of a row, and body(c, 0.0F) for those that are left.
template <typename Body>
void for_each_vector(std::int64_t n, const Body& body) {
  std::int64_t c = 0;
  for (; c + kLanes <= n; c += kLanes) body(c, Vec{});
  for (; c < n; ++c) body(c, 0.0F);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
