// Matrix products, with what follows them done on each block of rows while it is in the cache.
#pragma once

#include "kernels/cpu/isa.h"
#include "kernels/cpu/operations.h"

namespace bertune::kernels::BERTUNE_ISA {

// A part of a product, to which something is done once it is computed: rows first to end - 1 of some columns.
struct Part {
  std::int64_t first, end, first_column, end_column;
};
using PartFunction = void (*)(const void* body, const Part& part);
// Parts have all columns where the body wants whole rows.
void matmul_and_then(const Matmul& op, const void* body, PartFunction call, bool whole_rows);

namespace {

// Calls body(part) for parts of all blocks of kRowBlock rows, on all threads; with `producer`, a product
// whose rows are those rows, after it has computed them. The body sees each of `columns` numbers of a row
// alone, or wants whole rows.
template <typename Body>
void for_parts(std::int64_t rows, std::int64_t columns, const Matmul* producer, const Body& body,
               bool whole_rows = false) {
  if (producer != nullptr) {
    matmul_and_then(
        *producer, &body,
        [](const void* erased, const Part& part) { (*static_cast<const Body*>(erased))(part); }, whole_rows);
    return;
  }
  parallel_for(block_count(rows, kRowBlock), [&](std::int64_t block) {
    body(Part{block * kRowBlock, min((block + 1) * kRowBlock, rows), 0, columns});
  });
}

// The same for whole rows: calls body(first row, end) for each block.
template <typename Body>
void for_row_blocks(std::int64_t rows, const Matmul* producer, const Body& body) {
  for_parts(
      rows, 0, producer, [&](const Part& part) { body(part.first, part.end); }, /*whole_rows=*/true);
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
