// Every operation of the list (kernels/ops.h; operations/suite.h) at the shapes of MiniLM-L6 and BERT-base,
// for a small batch of short texts and a large one of long texts. `of_peak` is the share of what this machine
// reached just before in a bare matrix product (for operations counted in FLOP) or in copying memory (for
// those counted in bytes; above 1 when the cache holds it all).
//
//     kernels_benchmark --benchmark_filter='layer_norm.*H384'      BERTUNE_ISA=avx2 kernels_benchmark
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "core/parallel.h"
#include "kernels/ops.h"
#include "operations/suite.h"

namespace bertune::kernels::bench {
namespace {

template <typename Function>
double best_seconds(const Function& function) {
  function();
  double best = 1e30;
  for (int i = 0; i < 7; ++i) {
    const auto begin = Clock::now();
    function();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

Peak measured_peak() {
  constexpr std::int64_t kSide = 2048, kBytes = std::int64_t{256} << 20, kBlock = std::int64_t{1} << 20;
  Memory memory({1, 1, 1});
  const float* from = memory.take(kBytes / 4);
  float* to = memory.take(kBytes / 4);
  const double product = best_seconds([&] {
    ops().matmul(
        {false, false, kSide, kSide, kSide, from, kSide, from + kSide * kSide, kSide, false, to, kSide});
  });
  const double copy = best_seconds([&] {
    parallel_for(kBytes / kBlock, [&](std::int64_t block) {
      std::memcpy(to + block * (kBlock / 4), from + block * (kBlock / 4), static_cast<std::size_t>(kBlock));
    });
  });
  return {2.0 * kSide * kSide * kSide / product, 2.0 * kBytes / copy};
}

}  // namespace
}  // namespace bertune::kernels::bench

int main(int argc, char** argv) try {
  using namespace bertune::kernels;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const std::string instruction_set(ops().name);
  const bench::Peak peak = bench::measured_peak();
  benchmark::AddCustomContext("instruction set", instruction_set);
  benchmark::AddCustomContext("threads", fmt::format("{}", bertune::num_threads()));
  benchmark::AddCustomContext("peak of a matrix product", fmt::format("{:.1f} GFLOP/s", peak.flops / 1e9));
  benchmark::AddCustomContext("peak of copying memory", fmt::format("{:.1f} GB/s", peak.bytes / 1e9));

  const bench::Suite suite(peak);
  for (const std::int64_t hidden : {384, 768}) {
    suite.run({hidden, bench::Suite::kFewTokens, 27});
    suite.run({hidden, bench::Suite::kManyTokens, 128});
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::fputs(fmt::format("kernels_benchmark: {}\n", error.what()).c_str(), stderr);
  return 1;
}
