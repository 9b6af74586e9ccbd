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

// Calls body(first row, end) for each block of kRowBlock rows, on all threads; with `producer`, a product
// whose rows are those rows, after it has computed them.
template <typename Body>
void for_row_blocks(std::int64_t rows, const Matmul* producer, const Body& body) {
  if (producer != nullptr) {
    matmul_and_then(
        *producer, &body,
        [](const void* erased, const Part& part) {
          (*static_cast<const Body*>(erased))(part.first, part.end);
        },
        /*whole_rows=*/true);
    return;
  }
  parallel_for(block_count(rows, kRowBlock),
               [&](std::int64_t block) { body(block * kRowBlock, min((block + 1) * kRowBlock, rows)); });
}

// The same for a body that sees each of `columns` numbers of a row alone: body(part) is called for parts of
// blocks, as threads compute them.
template <typename Body>
void for_parts(std::int64_t rows, std::int64_t columns, const Matmul* producer, const Body& body) {
  if (producer != nullptr && producer->n == columns) {
    matmul_and_then(
        *producer, &body,
        [](const void* erased, const Part& part) { (*static_cast<const Body*>(erased))(part); },
        /*whole_rows=*/false);
    return;
  }
  for_row_blocks(rows, producer, [&](std::int64_t first, std::int64_t end) {
    body(Part{first, end, 0, columns});
  });
}

}  // namespace
}  // namespace bertune::kernels::BERTUNE_ISA
