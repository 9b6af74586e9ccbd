// B is packed once; then each task takes a block of rows through all of B. Every number of C is summed in the
// order of k by one thread, however the work is cut: results do not depend on the number of threads.
#include "kernels/cpu/gemm.h"

#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_thin.h"
#include "kernels/cpu/gemm_tile.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kTasksPerThread = 4;  // so that threads end at about the same time

// Rows of C through panels [first_panel, end_panel) of B.
template <typename Number>
struct Region {
  const Matmul& op;
  const Number* packed_b;
  std::int64_t first_row, rows, first_panel, end_panel;
};

// A tile at an edge of C, larger than what is left.
template <typename Number>
void edge_tile(std::int64_t rows, std::int64_t width, std::int64_t k, const Number* a,
               const RowBlock<Number>& block, const Number* panel, float* c, std::int64_t ldc,
               bool accumulate) {
  using Shape = TileShape<Number>;
  alignas(64) float whole[Shape::rows * Shape::columns];
  for (std::int64_t i = 0; accumulate && i < round_up(rows, Shape::row_step); ++i) {
    for (std::int64_t j = 0; j < Shape::columns; ++j)
      whole[i * Shape::columns + j] = i < rows && j < width ? c[i * ldc + j] : 0;
  }
  tile_of<Number>(rows)(k, a, block.row_stride, block.k_stride, panel, whole, Shape::columns, accumulate);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) c[i * ldc + j] = whole[i * Shape::columns + j];
  }
}

template <typename Number>
void compute(const Region<Number>& region) {
  using Shape = TileShape<Number>;
  const Matmul& op = region.op;
  const auto along_k = [&](std::int64_t k) { return numbers_along_k(k, region.packed_b); };
  auto* scratch = reinterpret_cast<Number*>(thread_scratch(
      round_up(region.rows, Shape::rows) * along_k(smaller(Shape::depth, op.k)), ScratchUse::packed_rows));
  begin_tiles<Number>();
  for (std::int64_t depth = 0; depth == 0 || depth < op.k; depth += Shape::depth) {
    const std::int64_t k = smaller(Shape::depth, op.k - depth);
    const bool accumulate = op.accumulate || depth > 0;
    const RowBlock<Number> block =
        pack_rows(op.a, op.lda, op.transpose_a, region.first_row, region.rows, depth, k, scratch);
    for (std::int64_t panel = region.first_panel; panel < region.end_panel; ++panel) {
      const Number* b = region.packed_b + (panel * along_k(op.k) + along_k(depth)) * Shape::columns;
      const std::int64_t width = smaller(Shape::columns, op.n - panel * Shape::columns);
      for (std::int64_t row = 0; row < region.rows; row += Shape::rows) {
        const std::int64_t rows = smaller(Shape::rows, region.rows - row);
        const Number* a = block.data + row / Shape::rows * block.tile_stride;
        float* c = op.c + (region.first_row + row) * op.ldc + panel * Shape::columns;
        if (width == Shape::columns && rows % Shape::row_step == 0) {
          tile_of<Number>(rows)(along_k(k), a, block.row_stride, block.k_stride, b, c, op.ldc, accumulate);
        } else {
          edge_tile<Number>(rows, width, along_k(k), a, block, b, c, op.ldc, accumulate);
        }
      }
    }
  }
  end_tiles<Number>();
}

template <typename Number>
std::int64_t packed_numbers(const Matmul& op) {
  return round_up(op.n, TileShape<Number>::columns) *
         numbers_along_k(op.k, static_cast<const Number*>(nullptr));
}

template <typename Number>
void pack(const Matmul& op, Number* packed) {
  constexpr std::int64_t kColumns = TileShape<Number>::columns;
  const std::int64_t panels = block_count(op.n, kColumns), panel_size = packed_numbers<Number>(op) / panels;
  parallel_for(panels, [&](std::int64_t panel) {
    pack_panel(op.b, op.ldb, op.transpose_b, op.k, op.n, panel * kColumns, packed + panel * panel_size);
  });
}

template <typename Number>
const Number* packed_panels(const Matmul& op) {
  if (op.packed_b != nullptr) return reinterpret_cast<const Number*>(op.packed_b);
  auto* packed =
      reinterpret_cast<Number*>(thread_scratch(packed_numbers<Number>(op), ScratchUse::packed_panels));
  pack(op, packed);
  return packed;
}

// Calls function(Number{}) with the kind of number that the product is made of.
template <typename Function>
auto with_number(const Matmul& op, const Function& function) {
#if defined(__AVX512BF16__)
  if (op.bf16) return function(Pair{});
#endif
  (void)op;
  return function(float{});
}

template <typename Number>
void run(const Matmul& op, const void* body, RowsFunction call) {
  const Number* packed_b = packed_panels<Number>(op);
  const std::int64_t panels = block_count(op.n, TileShape<Number>::columns),
                     wanted_tasks = kTasksPerThread * num_threads();
  const auto finish = [&](std::int64_t first, std::int64_t end) {
    for (; call != nullptr && first < end; first += kRowBlock)
      call(body, first, smaller(first + kRowBlock, end));
  };
  if (op.m > kRowBlock * wanted_tasks / 2) {
    std::int64_t long_rows = kRowBlock;
    while (long_rows < TileShape<Number>::longest_block && op.m >= 2 * long_rows * wanted_tasks)
      long_rows *= 2;
    // Long blocks read B less often; the last ones are short, so that no thread waits long for another.
    const std::int64_t last_rows = num_threads() > 1 ? num_threads() * long_rows : 0,
                       long_blocks = (op.m - last_rows) / long_rows, last_first = long_blocks * long_rows;
    parallel_for(long_blocks + block_count(op.m - last_first, kRowBlock), [&](std::int64_t task) {
      const bool is_long = task < long_blocks;
      const std::int64_t first = is_long ? task * long_rows : last_first + (task - long_blocks) * kRowBlock,
                         rows = smaller(is_long ? long_rows : kRowBlock, op.m - first);
      compute<Number>({op, packed_b, first, rows, 0, panels});
      finish(first, first + rows);
    });
    return;
  }
  // Few rows: columns are shared out too, and what follows waits for all of them.
  const std::int64_t row_blocks = block_count(op.m, kRowBlock);
  const std::int64_t groups = smaller(panels, block_count(wanted_tasks, row_blocks)),
                     group_panels = block_count(panels, groups);
  parallel_for(row_blocks * groups, [&](std::int64_t task) {
    const std::int64_t first = task / groups * kRowBlock, panel = task % groups * group_panels;
    if (panel >= panels) return;
    compute<Number>({op, packed_b, first, smaller(kRowBlock, op.m - first), panel,
                     smaller(panel + group_panels, panels)});
  });
  if (call != nullptr) {
    parallel_for(row_blocks, [&](std::int64_t block) {
      finish(block * kRowBlock, smaller((block + 1) * kRowBlock, op.m));
    });
  }
}

}  // namespace

std::int64_t packed_size(const Matmul& op) {
  return with_number(op, [&](auto number) { return packed_numbers<decltype(number)>(op); });
}

void pack_b(const Matmul& op, float* packed) {
  with_number(op, [&](auto number) { pack(op, reinterpret_cast<decltype(number)*>(packed)); });
}

void matmul_and_then(const Matmul& op, const void* body, RowsFunction call) {
  if (op.m == 0 || op.n == 0) return;
  if (is_thin(op)) {
    thin_matmul(op);
    if (call != nullptr) call(body, 0, 1);
    return;
  }
  with_number(op, [&](auto number) { run<decltype(number)>(op, body, call); });
}

void matmul(const Matmul& op) { matmul_and_then(op, nullptr, nullptr); }

}  // namespace bertune::kernels::BERTUNE_ISA
