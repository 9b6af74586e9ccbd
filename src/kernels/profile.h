// Where a step's time goes: while a profile is taken, ops() is a table whose operations measure those of the
// real one. When none is taken, nothing is in between.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace bertune::kernels {

struct ProfiledCall {
  std::string_view operation;     // as in OpTable
  bool with_product = false;      // it began with a matrix product (`producer`)
  std::int32_t layer = -1;        // -1: embeddings, head or optimizer
  double begin = 0, seconds = 0;  // since start_profile()
  double flops = 0;               // of matrix products
  double bytes = 0;               // of optimizer steps
};

// Operations inside a parallel_for on several threads are not recorded: they are part of one that is, or of
// the optimizer's bringing embedding rows up to date.
void start_profile();
std::vector<ProfiledCall> stop_profile();  // in the order in which they ended
// The layer that the following calls belong to.
void set_profiled_layer(std::int32_t layer);

// What this machine does at best with the threads in use, measured in some 50 ms: the floor of a profile.
struct MachinePeak {
  double flops_per_second = 0;  // of a matrix product in the cache
  double bytes_per_second = 0;  // of updating arrays that no cache holds
};
MachinePeak measure_peak(bool bf16);

}  // namespace bertune::kernels
