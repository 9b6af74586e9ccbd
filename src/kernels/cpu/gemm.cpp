// B is packed once; then each task takes a block of rows through all of B. Every number of C is summed in the
// order of k by one thread, however the work is cut: results do not depend on the number of threads.
#include "kernels/cpu/gemm.h"

#include "kernels/cpu/gemm_int8.h"
#include "kernels/cpu/gemm_pack.h"
#include "kernels/cpu/gemm_tile.h"
#include "kernels/cpu/gemv.h"

namespace bertune::kernels::BERTUNE_ISA {
namespace {

constexpr std::int64_t kTasksPerThread = 4;  // so that threads end at about the same time

// Rows of C through panels [first_panel, end_panel) of B.
template <typename Number>
struct Region {
  const Matmul& op;
  const Number* packed_b;
  std::int64_t first_row, rows, first_panel, end_panel;
  std::uint64_t id = 0;  // of these rows of this product; 0: no other region has the same rows
};

// The rows that the thread packed last, by Region::id. Where several tasks have the same rows, a thread packs
// them once: for few rows that takes as long as the products do.
template <typename Number>
struct PackedRows {
  std::uint64_t id = 0;
  RowBlock<Number> block = {};
};
template <typename Number>
thread_local PackedRows<Number> packed_rows;

// Returns a number that no product had before.
std::uint64_t new_product() {
  static std::uint64_t last = 0;
  return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

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
      round_up(region.rows, Shape::rows) * packed_row_size(min(Shape::depth, op.k), region.packed_b),
      ScratchUse::packed_rows));
  PackedRows<Number>& last = packed_rows<Number>;
  begin_tiles<Number>();
  for (std::int64_t depth = 0; depth == 0 || depth < op.k; depth += Shape::depth) {
    const std::int64_t k = min(Shape::depth, op.k - depth);
    const bool accumulate = op.accumulate || depth > 0;
    if (region.id == 0 || region.id != last.id || k < op.k) {
      last = {region.id,
              pack_rows(op.a, op.lda, op.transpose_a, region.first_row, region.rows, depth, k, scratch)};
    }
    const RowBlock<Number> block = last.block;
    for (std::int64_t panel = region.first_panel; panel < region.end_panel; ++panel) {
      const Number* b =
          region.packed_b + (panel * panel_rows(op.k, region.packed_b) + along_k(depth)) * Shape::columns;
      const std::int64_t width = min(Shape::columns, op.n - panel * Shape::columns);
      for (std::int64_t row = 0; row < region.rows; row += Shape::rows) {
        const std::int64_t rows = min(Shape::rows, region.rows - row);
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
  return round_up(op.n, TileShape<Number>::columns) * panel_rows(op.k, static_cast<const Number*>(nullptr));
}

// Packs B in memory order; any other order was slower.
template <typename Number>
void pack(const Matmul& op, Number* packed) {
  constexpr std::int64_t kColumns = TileShape<Number>::columns, kRows = 16;
  const std::int64_t panels = block_count(op.n, kColumns), steps = numbers_along_k(op.k, packed);
  const auto pack_part = [&](std::int64_t panel, std::int64_t first, std::int64_t end) {
    pack_panel(op.b, op.ldb, op.transpose_b, op.k, op.n, panel * kColumns, first, end,
               packed + panel * steps * kColumns);
  };
  if (op.transpose_b) {
    parallel_for(panels, [&](std::int64_t panel) { pack_part(panel, 0, steps); });
    return;
  }
  parallel_for(block_count(steps, kRows), [&](std::int64_t block) {
    const std::int64_t first = block * kRows, end = min(first + kRows, steps);
    for (std::int64_t panel = 0; panel < panels; ++panel) pack_part(panel, first, end);
  });
}

void pack(const Matmul& op, Quad* packed) {
  constexpr std::int64_t kColumns = TileShape<Quad>::columns;
  parallel_for(block_count(op.n, kColumns), [&](std::int64_t panel) {
    auto* row = reinterpret_cast<std::int8_t*>(thread_scratch(round_up(op.k, kQuad * kLanes) / kQuad));
    pack_quad_panel(op, panel * kColumns, row, packed + panel * panel_rows(op.k, packed) * kColumns);
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
  if (op.operands == Operands::int8) return function(Quad{});
#if defined(__AVX512BF16__)
  if (op.operands == Operands::bf16) return function(Pair{});
#endif
  return function(float{});
}

// The cut of C's rows into tasks, in this order: long blocks read B less often; blocks of kRowBlock; then
// blocks whose panels are shared out among threads, so that no thread waits long for another at the end, or
// there are enough tasks for all where rows are few.
struct Cut {
  std::int64_t long_rows = kRowBlock, long_blocks = 0, blocks = 0, shared_blocks = 0;
  std::int64_t group = 1, groups = 1;  // panels a task takes of a shared block, and how many tasks that makes

  std::int64_t tasks() const { return long_blocks + blocks + shared_blocks * groups; }
  std::int64_t first_short() const { return long_blocks * long_rows; }
  std::int64_t first_shared() const { return first_short() + blocks * kRowBlock; }
};

constexpr std::int64_t kMaxShared = 256;

template <typename Number>
Cut cut_rows(std::int64_t m, std::int64_t panels) {
  const std::int64_t threads = num_threads(), wanted_tasks = kTasksPerThread * threads,
                     row_blocks = block_count(m, kRowBlock);
  const bool few_rows = row_blocks <= wanted_tasks / 2;
  Cut cut;
  while (cut.long_rows < TileShape<Number>::longest_block && m >= 2 * cut.long_rows * wanted_tasks)
    cut.long_rows *= 2;
  if (threads > 1) cut.shared_blocks = min(few_rows ? row_blocks : threads, kMaxShared);
  if (cut.long_rows > kRowBlock) cut.long_blocks = (m - cut.shared_blocks * kRowBlock) / cut.long_rows;
  cut.blocks = block_count(m - cut.first_short(), kRowBlock) - cut.shared_blocks;
  const std::int64_t max_groups = few_rows ? block_count(wanted_tasks, row_blocks) : kTasksPerThread;
  cut.group = block_count(panels, max_groups);
  cut.groups = block_count(panels, cut.group);
  return cut;
}

template <typename Number>
void run(const Matmul& op, const void* body, PartFunction call, bool whole_rows) {
  const Number* packed_b = packed_panels<Number>(op);
  const std::int64_t panels = block_count(op.n, TileShape<Number>::columns);
  const Cut cut = cut_rows<Number>(op.m, panels);
  std::int64_t groups_done[kMaxShared];
  for (std::int64_t block = 0; block < cut.shared_blocks; ++block) groups_done[block] = 0;
  const std::uint64_t product = new_product();
  const auto finish = [&](Part part) {
    const std::int64_t end = part.end;
    for (; call != nullptr && part.first < end; part.first += kRowBlock) {
      part.end = min(part.first + kRowBlock, end);
      call(body, part);
    }
  };
  parallel_for(cut.tasks(), [&](std::int64_t task) {
    const std::int64_t shared_task = task - cut.long_blocks - cut.blocks;
    if (shared_task < 0) {
      const bool is_long = task < cut.long_blocks;
      const std::int64_t first =
          is_long ? task * cut.long_rows : cut.first_short() + (task - cut.long_blocks) * kRowBlock;
      const std::int64_t rows = min(is_long ? cut.long_rows : kRowBlock, op.m - first);
      compute<Number>({op, packed_b, first, rows, 0, panels});
      finish({first, first + rows, 0, op.n});
      return;
    }
    const std::int64_t block = shared_task / cut.groups, panel = shared_task % cut.groups * cut.group;
    const std::int64_t first = cut.first_shared() + block * kRowBlock, rows = min(kRowBlock, op.m - first);
    const std::int64_t end_panel = min(panel + cut.group, panels);
    compute<Number>({op, packed_b, first, rows, panel, end_panel,
                     product * kMaxShared + static_cast<std::uint64_t>(block)});
    if (!whole_rows) {
      constexpr std::int64_t kColumns = TileShape<Number>::columns;
      finish({first, first + rows, panel * kColumns, min(end_panel * kColumns, op.n)});
      return;
    }
    // The thread that ends the block does what follows.
    const bool ends_block = __atomic_add_fetch(&groups_done[block], 1, __ATOMIC_ACQ_REL) == cut.groups;
    if (ends_block) finish({first, first + rows, 0, op.n});
  });
}

}  // namespace

std::int64_t packed_size(const Matmul& op) {
  return with_number(op, [&](auto number) { return packed_numbers<decltype(number)>(op); });
}

void pack_b(const PackB& op) {
  with_number(op.product,
              [&](auto number) { pack(op.product, reinterpret_cast<decltype(number)*>(op.packed)); });
}

void matmul_and_then(const Matmul& op, const void* body, PartFunction call, bool whole_rows) {
  if (op.m == 0 || op.n == 0) return;
  if (is_gemv(op)) {
    gemv(op);
    if (call != nullptr) call(body, {0, 1, 0, op.n});
    return;
  }
  with_number(op, [&](auto number) { run<decltype(number)>(op, body, call, whole_rows); });
}

void matmul(const Matmul& op) { matmul_and_then(op, nullptr, nullptr, /*whole_rows=*/true); }

}  // namespace bertune::kernels::BERTUNE_ISA
