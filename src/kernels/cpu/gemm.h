// Matrix products, with what follows them done on each block of rows while it is in the cache.
#pragma once

#include "kernels/cpu/isa.h"
#include "kernels/cpu/operations.h"

namespace bertune::kernels::BERTUNE_ISA {

using RowsFunction = void (*)(const void* body, std::int64_t first, std::int64_t end);
void matmul_and_then(const Matmul& op, const void* body, RowsFunction call);

namespace {

// Calls body(first row, end) for each block of kRowBlock rows, on all threads; with `producer`, a product
// whose rows are those rows, after it has computed them.
template <typename Body>
void for_row_blocks(std::int64_t rows, const Matmul* producer, const Body& body) {
  if (producer != nullptr) {
    matmul_and_then(*producer, &body, [](const void* erased, std::int64_t first, std::int64_t end) {
      (*static_cast<const Body*>(erased))(first, end);
    });
    return;
  }
  parallel_for(block_count(rows, kRowBlock),
               [&](std::int64_t block) { body(block * kRowBlock, min((block + 1) * kRowBlock, rows)); });
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
