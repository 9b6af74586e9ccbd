// Every operation of the table at the shapes of MiniLM-L6 and BERT-base, for a small batch of short texts and
// a large one of long texts. `of_peak` is the share of what this machine reached just before in a bare matrix
// product (for operations counted in FLOP) or in copying memory (for those counted in bytes; above 1 when the
// cache holds it all).
//
//     kernels_benchmark --benchmark_filter='layer_norm.*H384'      BERTUNE_ISA=avx2 kernels_benchmark
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <string>
#include <vector>

#include "core/aligned_buffer.h"
#include "core/parallel.h"
#include "kernels/ops.h"

namespace bertune::kernels {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kFloat = sizeof(float);

struct Peak {
  double flops = 0, bytes = 0;  // a second
};

// How much an operation does in one go: one of the two is what bounds it.
struct Work {
  double flops = 0, bytes = 0;
};

struct Shape {
  std::int64_t hidden, tokens, sequence_length;
  std::int64_t intermediate() const { return 4 * hidden; }
  std::int64_t sequences() const { return block_count(tokens, sequence_length); }
  std::string name() const {
    return tokens > 1 ? fmt::format("H{}/T{}", hidden, tokens) : fmt::format("H{}", hidden);
  }
};

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
    buffers_.emplace_back(static_cast<std::size_t>(size));
    float* data = buffers_.back().data();
    parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
      const std::int64_t end = std::min(size, (block + 1) * kBlock);
      for (std::int64_t i = block * kBlock; i < end; ++i)
        data[i] = static_cast<float>(i * 31 % 97 - 48) / 97.0F;
    });
    return data;
  }
  // For what is not negative: variances, sums of squares, reciprocals of deviations.
  float* take_positive(std::int64_t size) {
    float* data = take(size);
    for (std::int64_t i = 0; i < size; ++i) data[i] += 1;
    return data;
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
  std::deque<AlignedBuffer<float>> buffers_;
  double result_ = 0;
  std::vector<std::int32_t> starts_, sequence_, position_, ids_, zeros_;
};

class Suite {
 public:
  explicit Suite(const Peak& peak) : peak_(peak) {}

  void matrix_products(const Shape& shape) const;
  void encoder_operations(const Shape& shape) const;
  void losses(const Shape& shape) const;
  void optimizers(std::int64_t hidden) const;

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

  void add_matmul(const std::string& name, const Shape& shape, Matmul op) const {
    const double flops =
        2.0 * static_cast<double>(op.m) * static_cast<double>(op.n) * static_cast<double>(op.k);
    add("matmul/" + name, shape, {.flops = flops}, [op](Memory& memory) {
      Matmul ready = op;
      ready.lda = op.transpose_a ? op.m : op.k;
      ready.ldb = op.transpose_b ? op.k : op.n;
      ready.ldc = op.n;
      ready.a = memory.take(op.m * op.k);
      ready.b = memory.take(op.k * op.n);
      ready.c = memory.take(op.m * op.n);
      return [ready] { ops().matmul(ready); };
    });
  }

  Peak peak_;
};

Dropout dropout(DropoutSite site) { return {.probability = 0.1F, .seed = 42, .site = site}; }

// x·Wᵀ forward; dy·W and dyᵀ·x backward, the last added to the gradient.
void Suite::matrix_products(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden, wide = shape.intermediate();
  add_matmul("query_key_value", shape, {.transpose_b = true, .m = t, .n = 3 * h, .k = h});
  add_matmul("attention_output", shape, {.transpose_b = true, .m = t, .n = h, .k = h});
  add_matmul("intermediate", shape, {.transpose_b = true, .m = t, .n = wide, .k = h});
  add_matmul("output", shape, {.transpose_b = true, .m = t, .n = h, .k = wide});
  add_matmul("intermediate_d_input", shape, {.m = t, .n = h, .k = wide});
  add_matmul("intermediate_d_weight", shape,
             {.transpose_a = true, .m = wide, .n = h, .k = t, .accumulate = true});
}

void Suite::encoder_operations(const Shape& shape) const {
  const std::int64_t t = shape.tokens, h = shape.hidden, wide = shape.intermediate();
  const auto matrices = [&](double count, std::int64_t width) {
    return Work{.bytes = count * kFloat * static_cast<double>(t * width)};
  };
  add("add_bias", shape, matrices(2, 3 * h), [=](Memory& memory) {
    return [op = AddBias{t, 3 * h, memory.take(t * 3 * h), memory.take(3 * h)}] { ops().add_bias(op); };
  });
  add("column_sums", shape, matrices(1, 3 * h), [=](Memory& memory) {
    return [op = ColumnSums{t, 3 * h, memory.take(t * 3 * h), memory.take(3 * h)}] { ops().column_sums(op); };
  });
  add("embedding_forward", shape, matrices(2, h), [=](Memory& memory) {
    const EmbeddingForward op{.layout = memory.layout(),
                              .hidden_size = h,
                              .input_ids = memory.ids(),
                              .token_type_ids = memory.zeros(),
                              .word = memory.take(Memory::kVocabulary * h),
                              .position = memory.take(512 * h),
                              .token_type = memory.take(2 * h),
                              .sum = memory.take(t * h)};
    return [op] { ops().embedding_forward(op); };
  });
  add("embedding_backward", shape, matrices(3, h), [=](Memory& memory) {
    const EmbeddingBackward op{.layout = memory.layout(),
                               .hidden_size = h,
                               .input_ids = memory.ids(),
                               .token_type_ids = memory.zeros(),
                               .d_sum = memory.take(t * h),
                               .d_word = memory.take(Memory::kVocabulary * h),
                               .d_position = memory.take(512 * h),
                               .d_token_type = memory.take(2 * h)};
    return [op] { ops().embedding_backward(op); };
  });
  add("layer_norm_forward", shape, matrices(4, h), [=](Memory& memory) {
    const LayerNormForward op{.layout = memory.layout(),
                              .hidden_size = h,
                              .epsilon = 1e-12F,
                              .dropout = dropout(DropoutSite::attention_output),
                              .x = memory.take(t * h),
                              .bias = memory.take(h),
                              .residual = memory.take(t * h),
                              .gamma = memory.take(h),
                              .beta = memory.take(h),
                              .sum = memory.take(t * h),
                              .y = memory.take(t * h),
                              .mean = memory.take(t),
                              .rstd = memory.take(t)};
    return [op] { ops().layer_norm_forward(op); };
  });
  add("layer_norm_backward", shape, matrices(4, h), [=](Memory& memory) {
    const LayerNormBackward op{.layout = memory.layout(),
                               .hidden_size = h,
                               .dropout = dropout(DropoutSite::attention_output),
                               .dy = memory.take(t * h),
                               .sum = memory.take(t * h),
                               .mean = memory.take(t),
                               .rstd = memory.take_positive(t),
                               .gamma = memory.take(h),
                               .d_sum = memory.take(t * h),
                               .dx = memory.take(t * h),
                               .d_gamma = memory.take(h),
                               .d_beta = memory.take(h),
                               .d_bias = memory.take(h),
                               .partial_sums = memory.take(block_count(t, kRowBlock) * 3 * h)};
    return [op] { ops().layer_norm_backward(op); };
  });
  add("gelu_forward", shape, matrices(3, wide), [=](Memory& memory) {
    // The bias is added to x in place, time and again: with one of zeros x stays what it is.
    float* zeros = memory.take(wide);
    std::fill_n(zeros, wide, 0.0F);
    const ActivationForward op{Activation::gelu,      t,     wide,
                               memory.take(t * wide), zeros, memory.take(t * wide)};
    return [op] { ops().activation_forward(op); };
  });
  add("gelu_backward", shape, matrices(4, wide), [=](Memory& memory) {
    const ActivationBackward op{.activation = Activation::gelu,
                                .rows = t,
                                .n = wide,
                                .x = memory.take(t * wide),
                                .dy = memory.take(t * wide),
                                .dx = memory.take(t * wide),
                                .y = memory.take(t * wide),
                                .d_bias = memory.take(wide),
                                .partial_sums = memory.take(block_count(t, kRowBlock) * wide)};
    return [op] { ops().activation_backward(op); };
  });

  // Forward are two products of [length, head_size] matrices a head; backward are five, one of them
  // recomputed.
  const std::int64_t head_size = h == 384 ? 32 : 64;
  const double product = 2.0 * static_cast<double>(t * shape.sequence_length * h);
  const Dropout probabilities = dropout(DropoutSite::attention_probabilities);
  add("attention_forward", shape, {.flops = 2 * product}, [=](Memory& memory) {
    const AttentionForward op{.layout = memory.layout(),
                              .heads = h / head_size,
                              .head_size = head_size,
                              .dropout = probabilities,
                              .qkv = memory.take(t * 3 * h),
                              .context = memory.take(t * h),
                              .log_sum_exp = memory.take(t * (h / head_size))};
    return [op] { ops().attention_forward(op); };
  });
  add("attention_backward", shape, {.flops = 5 * product}, [=](Memory& memory) {
    const AttentionForward forward{.layout = memory.layout(),
                                   .heads = h / head_size,
                                   .head_size = head_size,
                                   .dropout = probabilities,
                                   .qkv = memory.take(t * 3 * h),
                                   .context = memory.take(t * h),
                                   .log_sum_exp = memory.take(t * (h / head_size))};
    ops().attention_forward(forward);
    const AttentionBackward op{.layout = forward.layout,
                               .heads = forward.heads,
                               .head_size = head_size,
                               .dropout = probabilities,
                               .qkv = forward.qkv,
                               .log_sum_exp = forward.log_sum_exp,
                               .d_context = memory.take(t * h),
                               .d_qkv = memory.take(t * 3 * h)};
    return [op] { ops().attention_backward(op); };
  });
}

void Suite::losses(const Shape& shape) const {
  const std::int64_t rows = shape.sequences(), h = shape.hidden, classes = 8;
  const auto matrices = [&](double count, std::int64_t width) {
    return Work{.bytes = count * kFloat * static_cast<double>(rows * width)};
  };
  const Work tokens{.bytes = 2.0 * kFloat * static_cast<double>(shape.tokens * h)};
  add("dropout_rows", shape, tokens, [=](Memory& memory) {
    const DropoutRows op{memory.layout(), h, dropout(DropoutSite::pooled), memory.take(shape.tokens * h),
                         memory.take(shape.tokens * h)};
    return [op] { ops().dropout_rows(op); };
  });
  add("cross_entropy", shape, matrices(2, classes), [=](Memory& memory) {
    const CrossEntropy op{.rows = rows,
                          .classes = classes,
                          .logits = memory.take(rows * classes),
                          .labels = memory.zeros(),
                          .d_logits = memory.take(rows * classes),
                          .loss = memory.result()};
    return [op] { ops().cross_entropy(op); };
  });
  const auto elementwise = [=](void (*loss)(const ElementwiseLoss&)) {
    return [=](Memory& memory) {
      const ElementwiseLoss op{.rows = rows,
                               .n = classes,
                               .logits = memory.take(rows * classes),
                               .targets = memory.take_positive(rows * classes),
                               .d_logits = memory.take(rows * classes),
                               .loss = memory.result()};
      return [=] { loss(op); };
    };
  };
  add("binary_cross_entropy", shape, matrices(3, classes), elementwise(ops().binary_cross_entropy));
  add("mean_squared_error", shape, matrices(3, classes), elementwise(ops().mean_squared_error));
  add("span_loss", shape, {.bytes = 4.0 * kFloat * static_cast<double>(shape.tokens)}, [=](Memory& memory) {
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

// As many numbers as the table of word embeddings has: more than any cache holds.
void Suite::optimizers(std::int64_t hidden) const {
  const std::int64_t size = Memory::kVocabulary * hidden;
  const Shape shape{hidden, 1, 1};
  const auto vectors = [&](double count) {
    return Work{.bytes = count * kFloat * static_cast<double>(size)};
  };
  add("adamw_step", shape, vectors(7), [=](Memory& memory) {
    const AdamStep op{.size = size,
                      .values = memory.take(size),
                      .gradients = memory.take(size),
                      .exp_avg = memory.take(size),
                      .exp_avg_sq = memory.take_positive(size),
                      .beta1 = 0.9,
                      .beta2 = 0.999,
                      .eps = 1e-8,
                      .value_scale = 1 - 5e-7,
                      .rate = 5e-5};
    return [op] { ops().adam_step({.ranges = &op, .range_count = 1}); };
  });
  add("sgd_momentum_step", shape, vectors(5), [=](Memory& memory) {
    const SgdStep op{.size = size,
                     .values = memory.take(size),
                     .gradients = memory.take(size),
                     .momentum_buffer = memory.take(size),
                     .rate = 1e-6,
                     .momentum = 0.9};
    return [op] { ops().sgd_step({.ranges = &op, .range_count = 1}); };
  });
  add("adagrad_step", shape, vectors(5), [=](Memory& memory) {
    const AdagradStep op{.size = size,
                         .values = memory.take(size),
                         .gradients = memory.take(size),
                         .sum = memory.take_positive(size),
                         .eps = 1e-10,
                         .rate = 1e-6};
    return [op] { ops().adagrad_step({.ranges = &op, .range_count = 1}); };
  });
  add("sum_of_squares", shape, vectors(1), [=](Memory& memory) {
    return [all = ConstSegment{memory.take(size), size}, sum = memory.result()] {
      ops().sum_of_squares({&all, 1, sum});
    };
  });
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
}  // namespace bertune::kernels

int main(int argc, char** argv) try {
  using namespace bertune::kernels;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const std::string instruction_set(ops().name);
  const Peak peak = measured_peak();
  benchmark::AddCustomContext("instruction set", instruction_set);
  benchmark::AddCustomContext("threads", fmt::format("{}", bertune::num_threads()));
  benchmark::AddCustomContext("peak of a matrix product", fmt::format("{:.1f} GFLOP/s", peak.flops / 1e9));
  benchmark::AddCustomContext("peak of copying memory", fmt::format("{:.1f} GB/s", peak.bytes / 1e9));

  const Suite suite(peak);
  for (const std::int64_t hidden : {384, 768}) {
    for (const Shape& shape : {Shape{hidden, 426, 27}, Shape{hidden, 4096, 128}}) {
      suite.matrix_products(shape);
      suite.encoder_operations(shape);
      suite.losses(shape);
    }
    suite.optimizers(hidden);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
} catch (const std::exception& error) {
  std::fputs(fmt::format("kernels_benchmark: {}\n", error.what()).c_str(), stderr);
  return 1;
}
