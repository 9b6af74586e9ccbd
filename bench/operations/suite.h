// The common parts of benches of operations: shapes, memory, and how a bench is registered.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "kernels/buffer.h"
#include "kernels/ops.h"

namespace bertune::kernels::bench {

using Clock = std::chrono::steady_clock;
constexpr double kFloat = sizeof(float);

struct Peak {
  double flops = 0, bytes = 0;  // a second
};

// The work of one call of an operation: one of the two bounds its speed.
struct Work {
  double flops = 0, bytes = 0;
};

struct Shape {
  std::int64_t hidden, tokens, sequence_length;
  std::int64_t intermediate() const { return 4 * hidden; }
  std::int64_t head_size() const { return hidden == 384 ? 32 : 64; }
  std::int64_t heads() const { return hidden / head_size(); }
  std::int64_t sequences() const { return block_count(tokens, sequence_length); }
  std::string name() const {
    return tokens > 1 ? fmt::format("H{}/T{}", hidden, tokens) : fmt::format("H{}", hidden);
  }
};

// The buffers of one benchmark. Values are small and vary, so that nothing overflows or is denormal however
// often an operation is repeated on its own results.
class Memory {
 public:
  explicit Memory(const Shape& shape) : shape_(shape) {
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
      sequence_.push_back(static_cast<std::int32_t>(t / shape.sequence_length));
      position_.push_back(static_cast<std::int32_t>(t % shape.sequence_length));
      ids_.push_back(static_cast<std::int32_t>(t * 7919 % kVocabulary));
      if (position_.back() == 0) starts_.push_back(static_cast<std::int32_t>(t));
    }
    starts_.push_back(static_cast<std::int32_t>(shape.tokens));
    zeros_.assign(sequence_.size(), 0);
  }
  static constexpr std::int64_t kVocabulary = 30522;

  float* take(std::int64_t size) {
    float* data = take_zeros(size);
    parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
      const std::int64_t end = std::min(size, (block + 1) * kBlock);
      for (std::int64_t i = block * kBlock; i < end; ++i)
        data[i] = static_cast<float>(i * 31 % 97 - 48) / 97.0F;
    });
    return data;
  }
  // Returns values that are not negative, for variances, sums of squares and reciprocals of deviations.
  float* take_positive(std::int64_t size) {
    float* data = take(size);
    for (std::int64_t i = 0; i < size; ++i) data[i] += 1;
    return data;
  }
  float* take_zeros(std::int64_t size) {
    return buffers_.emplace_back(static_cast<std::size_t>(size)).data();
  }
  Layout layout() const {
    return {shape_.tokens, shape_.sequences(), starts_.data(), sequence_.data(), position_.data()};
  }
  double* result() { return &result_; }
  const std::int32_t* ids() const { return ids_.data(); }
  const std::int32_t* zeros() const { return zeros_.data(); }

 private:
  static constexpr std::int64_t kBlock = 1 << 16;
  Shape shape_;
  std::deque<Buffer<float>> buffers_;
  double result_ = 0;
  std::vector<std::int32_t> starts_, sequence_, position_, ids_, zeros_;
};

inline Dropout dropout(DropoutSite site) { return {.probability = 0.1F, .seed = 42, .site = site}; }

// Has a function for each operation of the list, which registers its benches at a shape. An operation without
// one does not link; one that is not worth a bench says so (optimizers.cpp).
class Suite {
 public:
  explicit Suite(const Peak& peak) : peak_(peak) {}

#define BERTUNE_BENCH(name, Op) void name(const Shape& shape) const;
  BERTUNE_OPERATIONS(BERTUNE_BENCH)
#undef BERTUNE_BENCH

  // Runs all benches.
  void run(const Shape& shape) const {
#define BERTUNE_BENCH(name, Op) name(shape);
    BERTUNE_OPERATIONS(BERTUNE_BENCH)
#undef BERTUNE_BENCH
  }

 private:
  // `prepare` takes the memory it needs and returns the operation to repeat.
  template <typename Prepare>
  void add(const std::string& operation, const Shape& shape, const Work& work, const Prepare& prepare) const {
    const auto run = [peak = peak_, shape, work, prepare](benchmark::State& state) {
      Memory memory(shape);
      const auto repeat = prepare(memory);
      const auto begin = Clock::now();
      for (auto _ : state) repeat();
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      const bool flops = work.flops > 0;
      const double rate =
          (flops ? work.flops : work.bytes) * static_cast<double>(state.iterations()) / seconds;
      state.counters[flops ? "GFLOP/s" : "GB/s"] = rate / 1e9;
      state.counters["of_peak"] = rate / (flops ? peak.flops : peak.bytes);
    };
    const std::string name = operation + "/" + shape.name();
    benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->Unit(benchmark::kMicrosecond);
  }

  // The same for an operation on rows of `width`, of which `matrices` are read or written.
  template <typename Prepare>
  void add_rows(const std::string& operation, const Shape& shape, double matrices, std::int64_t rows,
                std::int64_t width, const Prepare& prepare) const {
    add(operation, shape, {.bytes = matrices * kFloat * static_cast<double>(rows * width)}, prepare);
  }

  // The same for an operation on numbers in a row, which knows no shape: once a width, over as many numbers
  // as the table of word embeddings has, more than any cache holds. prepare(memory, size).
  template <typename Prepare>
  void add_vectors(const std::string& operation, const Shape& shape, double arrays,
                   const Prepare& prepare) const {
    if (shape.tokens != kFewTokens) return;
    const std::int64_t size = Memory::kVocabulary * shape.hidden;
    add_rows(operation, {shape.hidden, 1, 1}, arrays, Memory::kVocabulary, shape.hidden,
             [=](Memory& memory) { return prepare(memory, size); });
  }

  void add_matmul(const std::string& name, const Shape& shape, Matmul op) const;
  template <typename Step>
  void add_update(const std::string& name, const Shape& shape, void (*operation)(const UpdateList<Step>&),
                  const Step& rule, const std::vector<float * Step::*>& states,
                  const std::vector<float * Step::*>& positive_states) const;
  void add_elementwise(const std::string& name, const Shape& shape,
                       void (*operation)(const ElementwiseLoss&)) const;
  void add_reduction(const std::string& name, const Shape& shape, void (*operation)(const Reduction&)) const;

  Peak peak_;

 public:
  static constexpr std::int64_t kFewTokens = 426, kManyTokens = 4096;
};

}  // namespace bertune::kernels::bench
