// A Profiler measures where a step's time goes: its table's operations measure those of another one. Where no
// profiler is used, nothing is in between.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/stopwatch.h"
#include "kernels/context.h"

namespace bertune::kernels {

struct ProfiledCall {
  std::string_view operation;     // as in OpTable
  bool with_product = false;      // it began with a matrix product (`producer`)
  std::int32_t layer = -1;        // -1: embeddings, head or optimizer
  double begin = 0, seconds = 0;  // since the profiler was made
  double flops = 0;               // of matrix products
  double attention_flops = 0;     // of attention's products, which are in f32 at any precision
  double bytes = 0;               // of optimizer steps
};

// Records the operations that threads ask for while they use its context. Of one thread at a time; operations
// inside a parallel_for on several threads are not recorded: they are part of one that is.
class Profiler {
 public:
  explicit Profiler(const Context& measured = Context::in_use());
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  const Context& context() const { return context_; }  // for Context::Use
  // The layer that the following calls belong to.
  void set_layer(std::int32_t layer) { layer_ = layer; }
  const std::vector<ProfiledCall>& calls() const { return calls_; }  // in the order in which they ended

 private:
  template <typename Op>
  static void measure(std::string_view name, void (*OpTable::*entry)(const Op&), const Op& op);

  OpTable real_, measured_;
  Context context_;
  Stopwatch watch_;
  std::int32_t layer_ = -1;
  std::vector<ProfiledCall> calls_;
};

// The best that this machine does with the threads in use, measured in some 50 ms: the floor of a profile.
struct MachinePeak {
  double flops_per_second = 0;            // of a matrix product in the cache
  double attention_flops_per_second = 0;  // the same in f32
  double bytes_per_second = 0;            // of updating arrays that no cache holds
};
MachinePeak measure_peak(Operands operands);

}  // namespace bertune::kernels
