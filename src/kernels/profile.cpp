#include "kernels/profile.h"

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "core/aligned_buffer.h"
#include "core/parallel.h"
#include "kernels/ops.h"
#include "kernels/registry.h"

namespace bertune::kernels {
namespace {

using Clock = std::chrono::steady_clock;

struct Recording {
  OpTable real, measured;
  Clock::time_point start;
  std::vector<ProfiledCall> calls;
};
Recording recording;
thread_local std::int32_t current_layer = -1;

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

template <auto Member>
std::string_view operation_name;

template <auto Member, typename Function>
struct Measured;
template <auto Member, typename Result, typename... Arguments>
struct Measured<Member, Result (*OpTable::*)(Arguments...)> {
  static Result call(Arguments... arguments) {
    if (in_parallel()) return (recording.real.*Member)(arguments...);
    ProfiledCall entry{
        .operation = operation_name<Member>, .layer = current_layer, .begin = seconds_since(recording.start)};
    count(entry, arguments...);
    const auto finish = [&] {
      entry.seconds = seconds_since(recording.start) - entry.begin;
      recording.calls.push_back(entry);
    };
    if constexpr (std::is_void_v<Result>) {
      (recording.real.*Member)(arguments...);
      finish();
    } else {
      const Result result = (recording.real.*Member)(arguments...);
      finish();
      return result;
    }
  }
};

template <auto Member>
void measure(std::string_view name) {
  operation_name<Member> = name;
  recording.measured.*Member = Measured<Member, decltype(Member)>::call;
}

void measure_all() {
  measure<&OpTable::matmul>("matmul");
  measure<&OpTable::add_bias>("add_bias");
  measure<&OpTable::column_sums>("column_sums");
  measure<&OpTable::embedding_forward>("embedding_forward");
  measure<&OpTable::embedding_backward>("embedding_backward");
  measure<&OpTable::layer_norm_forward>("layer_norm_forward");
  measure<&OpTable::layer_norm_backward>("layer_norm_backward");
  measure<&OpTable::activation_forward>("activation_forward");
  measure<&OpTable::activation_backward>("activation_backward");
  measure<&OpTable::attention_forward>("attention_forward");
  measure<&OpTable::attention_backward>("attention_backward");
  measure<&OpTable::first_token_attention_forward>("first_token_attention_forward");
  measure<&OpTable::first_token_attention_backward>("first_token_attention_backward");
  measure<&OpTable::gather_rows>("gather_rows");
  measure<&OpTable::add_to_rows>("add_to_rows");
  measure<&OpTable::dropout_rows>("dropout_rows");
  measure<&OpTable::pool_rows>("pool_rows");
  measure<&OpTable::pool_rows_backward>("pool_rows_backward");
  measure<&OpTable::normalize_rows>("normalize_rows");
  measure<&OpTable::normalize_rows_backward>("normalize_rows_backward");
  measure<&OpTable::row_dots>("row_dots");
  measure<&OpTable::row_dots_backward>("row_dots_backward");
  measure<&OpTable::cross_entropy>("cross_entropy");
  measure<&OpTable::binary_cross_entropy>("binary_cross_entropy");
  measure<&OpTable::mean_squared_error>("mean_squared_error");
  measure<&OpTable::adam_step>("adam_step");
  measure<&OpTable::sgd_step>("sgd_step");
  measure<&OpTable::adamax_step>("adamax_step");
  measure<&OpTable::adagrad_step>("adagrad_step");
  measure<&OpTable::adadelta_step>("adadelta_step");
  measure<&OpTable::rmsprop_step>("rmsprop_step");
  measure<&OpTable::asgd_step>("asgd_step");
  measure<&OpTable::rprop_step>("rprop_step");
  measure<&OpTable::lion_step>("lion_step");
  measure<&OpTable::square_sums>("square_sums");
  measure<&OpTable::factored_update>("factored_update");
  measure<&OpTable::sum_of_squares>("sum_of_squares");
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

void start_profile() {
  use_table(nullptr);
  recording = {};
  recording.real = recording.measured = ops();
  recording.start = Clock::now();
  measure_all();
  use_table(&recording.measured);
}

std::vector<ProfiledCall> stop_profile() {
  use_table(nullptr);
  return std::move(recording.calls);
}

void set_profiled_layer(std::int32_t layer) { current_layer = layer; }

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
