// Losses, and what sentence embeddings are made of: operations on a row per sequence.
#include "operations/suite.h"

namespace bertune::kernels::bench {

namespace {

constexpr std::int64_t kClasses = 8;

PoolRows pool_of(const Shape& shape, Memory& memory) {
  const std::int64_t h = shape.hidden;
  return {memory.layout(), h, PoolKind::mean, memory.take(shape.tokens * h),
          memory.take(shape.sequences() * h)};
}

NormalizeRows normalize_of(const Shape& shape, Memory& memory) {
  const std::int64_t s = shape.sequences(), h = shape.hidden;
  return {.rows = s,
          .n = h,
          .stride = h,
          .x = memory.take(s * h),
          .y = memory.take(s * h),
          .norms = memory.take_positive(s)};
}

RowDots dots_of(const Shape& shape, Memory& memory) {
  const std::int64_t s = shape.sequences(), h = shape.hidden;
  return {s, h, memory.take(s * h), memory.take(s * h), memory.take(s)};
}

}  // namespace

void Suite::pool_rows(const Shape& shape) const {
  add_rows("pool_rows", shape, 1, shape.tokens, shape.hidden,
           [=](Memory& memory) { return [op = pool_of(shape, memory)] { ops().pool_rows(op); }; });
}

void Suite::pool_rows_backward(const Shape& shape) const {
  add_rows("pool_rows_backward", shape, 1, shape.tokens, shape.hidden, [=](Memory& memory) {
    const PoolRowsBackward op{pool_of(shape, memory), memory.take(shape.sequences() * shape.hidden),
                              memory.take(shape.tokens * shape.hidden)};
    return [op] { ops().pool_rows_backward(op); };
  });
}

void Suite::normalize_rows(const Shape& shape) const {
  add_rows("normalize_rows", shape, 2, shape.sequences(), shape.hidden,
           [=](Memory& memory) { return [op = normalize_of(shape, memory)] { ops().normalize_rows(op); }; });
}

void Suite::normalize_rows_backward(const Shape& shape) const {
  add_rows("normalize_rows_backward", shape, 3, shape.sequences(), shape.hidden, [=](Memory& memory) {
    const std::int64_t numbers = shape.sequences() * shape.hidden;
    const NormalizeRowsBackward op{
        .forward = normalize_of(shape, memory), .dy = memory.take(numbers), .dx = memory.take(numbers)};
    return [op] { ops().normalize_rows_backward(op); };
  });
}

void Suite::row_dots(const Shape& shape) const {
  add_rows("row_dots", shape, 2, shape.sequences(), shape.hidden,
           [=](Memory& memory) { return [op = dots_of(shape, memory)] { ops().row_dots(op); }; });
}

void Suite::row_dots_backward(const Shape& shape) const {
  add_rows("row_dots_backward", shape, 4, shape.sequences(), shape.hidden, [=](Memory& memory) {
    const std::int64_t numbers = shape.sequences() * shape.hidden;
    const RowDotsBackward op{dots_of(shape, memory), memory.take(shape.sequences()), memory.take(numbers),
                             memory.take(numbers)};
    return [op] { ops().row_dots_backward(op); };
  });
}

void Suite::cross_entropy(const Shape& shape) const {
  const std::int64_t rows = shape.sequences();
  add_rows("cross_entropy", shape, 2, rows, kClasses, [=](Memory& memory) {
    const CrossEntropy op{.rows = rows,
                          .classes = kClasses,
                          .logits = memory.take(rows * kClasses),
                          .labels = memory.zeros(),
                          .d_logits = memory.take(rows * kClasses),
                          .loss = memory.result()};
    return [op] { ops().cross_entropy(op); };
  });
}

void Suite::add_elementwise(const std::string& name, const Shape& shape,
                            void (*operation)(const ElementwiseLoss&)) const {
  const std::int64_t rows = shape.sequences();
  add_rows(name, shape, 3, rows, kClasses, [=](Memory& memory) {
    const ElementwiseLoss op{.rows = rows,
                             .n = kClasses,
                             .logits = memory.take(rows * kClasses),
                             .targets = memory.take_positive(rows * kClasses),
                             .d_logits = memory.take(rows * kClasses),
                             .loss = memory.result()};
    return [=] { operation(op); };
  });
}

void Suite::binary_cross_entropy(const Shape& shape) const {
  add_elementwise("binary_cross_entropy", shape, ops().binary_cross_entropy);
}

void Suite::mean_squared_error(const Shape& shape) const {
  add_elementwise("mean_squared_error", shape, ops().mean_squared_error);
}

void Suite::span_loss(const Shape& shape) const {
  add_rows("span_loss", shape, 4, shape.tokens, 1, [=](Memory& memory) {
    const Layout layout = memory.layout();
    const SpanLoss op{.sequences = layout.sequences,
                      .cu_seqlens = layout.cu_seqlens,
                      .logits = memory.take(2 * shape.tokens),
                      .starts = memory.zeros(),
                      .ends = memory.zeros(),
                      .d_logits = memory.take(2 * shape.tokens),
                      .loss = memory.result()};
    return [op] { ops().span_loss(op); };
  });
}

}  // namespace bertune::kernels::bench
