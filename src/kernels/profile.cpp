#include "kernels/profile.h"

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "core/aligned_buffer.h"
#include "core/parallel.h"
#include "kernels/ops.h"

namespace bertune::kernels {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void count(ProfiledCall& call, const Matmul& op) {
  call.flops += 2.0 * static_cast<double>(op.m) * static_cast<double>(op.n) * static_cast<double>(op.k);
}
template <typename Op>
requires requires(const Op& op) { op.producer; }
void count(ProfiledCall& call, const Op& op) {
  call.with_product = op.producer != nullptr;
  if (op.producer != nullptr) count(call, *op.producer);
}
template <typename Op>
requires requires(const Op& op) { op.arrays(); }
void count(ProfiledCall& call, const Op& op) {
  call.bytes = op.arrays() * sizeof(float) * static_cast<double>(op.size);
}
template <typename... Others>
void count(ProfiledCall&, const Others&...) {}

template <auto Entry>
std::string_view operation_name;

}  // namespace

template <auto Entry, typename Function>
struct Measured;
template <auto Entry, typename Result, typename... Arguments>
struct Measured<Entry, Result (*OpTable::*)(Arguments...)> {
  static Result call(Arguments... arguments) {
    Profiler& profiler = *Context::in_use().profiler;
    if (in_parallel()) return (profiler.real_.*Entry)(arguments...);
    ProfiledCall entry{.operation = operation_name<Entry>, .layer = profiler.layer_, .begin = profiler.now()};
    count(entry, arguments...);
    const auto finish = [&] {
      entry.seconds = profiler.now() - entry.begin;
      profiler.calls_.push_back(entry);
    };
    if constexpr (std::is_void_v<Result>) {
      (profiler.real_.*Entry)(arguments...);
      finish();
    } else {
      const Result result = (profiler.real_.*Entry)(arguments...);
      finish();
      return result;
    }
  }
};

namespace {

template <auto Entry>
void measure(OpTable& table, std::string_view name) {
  operation_name<Entry> = name;
  table.*Entry = Measured<Entry, decltype(Entry)>::call;
}

void measure_all(OpTable& table) {
  measure<&OpTable::matmul>(table, "matmul");
  measure<&OpTable::add_bias>(table, "add_bias");
  measure<&OpTable::column_sums>(table, "column_sums");
  measure<&OpTable::embedding_forward>(table, "embedding_forward");
  measure<&OpTable::embedding_backward>(table, "embedding_backward");
  measure<&OpTable::layer_norm_forward>(table, "layer_norm_forward");
  measure<&OpTable::layer_norm_backward>(table, "layer_norm_backward");
  measure<&OpTable::activation_forward>(table, "activation_forward");
  measure<&OpTable::activation_backward>(table, "activation_backward");
  measure<&OpTable::attention_forward>(table, "attention_forward");
  measure<&OpTable::attention_backward>(table, "attention_backward");
  measure<&OpTable::first_token_attention_forward>(table, "first_token_attention_forward");
  measure<&OpTable::first_token_attention_backward>(table, "first_token_attention_backward");
  measure<&OpTable::gather_rows>(table, "gather_rows");
  measure<&OpTable::add_to_rows>(table, "add_to_rows");
  measure<&OpTable::dropout_rows>(table, "dropout_rows");
  measure<&OpTable::pool_rows>(table, "pool_rows");
  measure<&OpTable::pool_rows_backward>(table, "pool_rows_backward");
  measure<&OpTable::normalize_rows>(table, "normalize_rows");
  measure<&OpTable::normalize_rows_backward>(table, "normalize_rows_backward");
  measure<&OpTable::row_dots>(table, "row_dots");
  measure<&OpTable::row_dots_backward>(table, "row_dots_backward");
  measure<&OpTable::cross_entropy>(table, "cross_entropy");
  measure<&OpTable::binary_cross_entropy>(table, "binary_cross_entropy");
  measure<&OpTable::mean_squared_error>(table, "mean_squared_error");
  measure<&OpTable::adam_step>(table, "adam_step");
  measure<&OpTable::sgd_step>(table, "sgd_step");
  measure<&OpTable::adamax_step>(table, "adamax_step");
  measure<&OpTable::adagrad_step>(table, "adagrad_step");
  measure<&OpTable::adadelta_step>(table, "adadelta_step");
  measure<&OpTable::rmsprop_step>(table, "rmsprop_step");
  measure<&OpTable::asgd_step>(table, "asgd_step");
  measure<&OpTable::rprop_step>(table, "rprop_step");
  measure<&OpTable::lion_step>(table, "lion_step");
  measure<&OpTable::square_sums>(table, "square_sums");
  measure<&OpTable::factored_update>(table, "factored_update");
  measure<&OpTable::sum_of_squares>(table, "sum_of_squares");
}

template <typename Function>
double best_seconds(const Function& function) {
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    function();
    best = std::min(best, seconds_since(start));
  }
  return best;
}

}  // namespace

Profiler::Profiler(const Context& measured)
    : real_(*measured.ops), measured_(real_), context_(measured), start_(Clock::now()) {
  measure_all(measured_);
  context_.ops = &measured_;
  context_.profiler = this;
}

double Profiler::now() const { return seconds_since(start_); }

MachinePeak measure_peak(bool bf16) {
  constexpr std::int64_t kSide = 576, kNumbers = std::int64_t{1} << 24;
  MachinePeak peak;
  {
    AlignedBuffer<float> a(kSide * kSide), b(kSide * kSide), c(kSide * kSide);
    std::ranges::fill(a.span(), 1.0F), std::ranges::fill(b.span(), 1.0F);
    const Matmul op{false,    false, kSide, kSide,    kSide, a.data(), kSide,
                    b.data(), kSide, false, c.data(), kSide, bf16};
    peak.flops_per_second = 2.0 * kSide * kSide * kSide / best_seconds([&] { ops().matmul(op); });
  }
  AlignedBuffer<float> values(kNumbers), gradients(kNumbers), first(kNumbers), second(kNumbers);
  AdamStep step{.size = kNumbers,
                .values = values.data(),
                .gradients = gradients.data(),
                .exp_avg = first.data(),
                .exp_avg_sq = second.data(),
                .beta1 = 0.9,
                .beta2 = 0.999,
                .eps = 1e-8,
                .rate = 1e-3};
  peak.bytes_per_second = 28.0 * kNumbers / best_seconds([&] { ops().adam_step(step); });
  return peak;
}

}  // namespace bertune::kernels
