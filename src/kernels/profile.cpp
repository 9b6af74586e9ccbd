#include "kernels/profile.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/buffer.h"
#include "kernels/host_access.h"

namespace bertune::kernels {
namespace {

void count(ProfiledCall& call, const Matmul& op) {
  call.flops += 2.0 * static_cast<double>(op.m) * static_cast<double>(op.n) * static_cast<double>(op.k);
}
template <typename Op>
requires requires(const Op& op) { op.producer; }
void count(ProfiledCall& call, const Op& op) {
  call.with_product = op.producer != nullptr;
  if (op.producer != nullptr) count(call, *op.producer);
}
// Values are read and written, as are states; gradients are read.
template <typename Step>
double bytes_of(Step step) {
  double arrays = 3;
  step.for_each_state([&](const float* state) { arrays += state != nullptr ? 2 : 0; });
  return arrays * sizeof(float) * static_cast<double>(step.size);
}
template <typename Step>
void count(ProfiledCall& call, const UpdateList<Step>& list) {
  for (std::int64_t i = 0; i < list.range_count; ++i) call.bytes += bytes_of(list.ranges[i]);
  for (std::int64_t i = 0; i < list.row_count; ++i) {
    for (std::int64_t j = list.rows[i].first; j < list.rows[i].end; ++j)
      call.bytes += bytes_of(list.row_steps[j]);
  }
}
// Each product of attention has 2 L² H operations in a sequence of length L: two products forward, four more
// backward. (That backward computes the scores anew is not what it has to do.)
template <typename Op>
double product_of_attention(const Op& op) {
  HostView<std::int32_t> view;
  const auto ends =
      view.see(std::span(op.layout.cu_seqlens, static_cast<std::size_t>(op.layout.sequences) + 1));
  double pairs = 0;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const double length = ends[i] - ends[i - 1];
    pairs += length * length;
  }
  return 2 * pairs * static_cast<double>(op.heads * op.head_size);
}
void count(ProfiledCall& call, const AttentionForward& op) {
  call.attention_flops += 2 * product_of_attention(op);
}
void count(ProfiledCall& call, const AttentionBackward& op) {
  call.attention_flops += 4 * product_of_attention(op);
}
template <typename Op>
requires(!requires(const Op& op) { op.producer; }) void count(ProfiledCall&, const Op&) {}

}  // namespace

// The operation that is measured, in the place of one of a profiler's table.
template <typename Op>
void Profiler::measure(std::string_view name, void (*OpTable::*entry)(const Op&), const Op& op) {
  Profiler& profiler = *Context::in_use().profiler;
  if (in_parallel()) return (profiler.real_.*entry)(op);
  ProfiledCall call{.operation = name, .layer = profiler.layer_, .begin = profiler.watch_.seconds()};
  count(call, op);
  (profiler.real_.*entry)(op);
  call.seconds = profiler.watch_.seconds() - call.begin;
  profiler.calls_.push_back(call);
}

Profiler::Profiler(const Context& measured) : real_(*measured.ops), measured_(real_), context_(measured) {
#define BERTUNE_MEASURE(name, Op) \
  measured_.name = [](const Op& op) { measure<Op>(#name, &OpTable::name, op); };
  BERTUNE_OPERATIONS(BERTUNE_MEASURE)
#undef BERTUNE_MEASURE
  context_.ops = &measured_;
  context_.profiler = this;
}

namespace {

template <typename Function>
double best_seconds(const Function& function) {
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const Stopwatch watch;
    function();
    best = std::min(best, watch.seconds());
  }
  return best;
}

}  // namespace

MachinePeak measure_peak(Operands operands) {
  constexpr std::int64_t kSide = 576, kNumbers = std::int64_t{1} << 24;
  MachinePeak peak;
  {
    Buffer<float> a(kSide * kSide), b(kSide * kSide), c(kSide * kSide);
    const Segment factors[] = {{a.data(), kSide * kSide}, {b.data(), kSide * kSide}};
    ops().fill({.segments = factors, .count = 2, .value = 1});
    const bool transpose_b =
        operands == Operands::int8;  // as int8 asks; the matrices are the same either way
    const Matmul op{false,    transpose_b, kSide, kSide,    kSide, a.data(), kSide,
                    b.data(), kSide,       false, c.data(), kSide, operands};
    const auto rate = [](const Matmul& product) {
      return 2.0 * kSide * kSide * kSide / best_seconds([&] { ops().matmul(product); });
    };
    peak.flops_per_second = rate(op);
    Matmul in_f32 = op;
    in_f32.operands = Operands::f32;
    peak.attention_flops_per_second = operands == Operands::f32 ? peak.flops_per_second : rate(in_f32);
  }
  Buffer<float> values(kNumbers), gradients(kNumbers), first(kNumbers), second(kNumbers);
  AdamStep step{.size = kNumbers,
                .values = values.data(),
                .gradients = gradients.data(),
                .exp_avg = first.data(),
                .exp_avg_sq = second.data(),
                .beta1 = 0.9,
                .beta2 = 0.999,
                .eps = 1e-8,
                .rate = 1e-3};
  peak.bytes_per_second =
      bytes_of(step) / best_seconds([&] { ops().adam_step({.ranges = &step, .range_count = 1}); });
  return peak;
}

}  // namespace bertune::kernels
