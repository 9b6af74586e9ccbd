// The floor of a training step: what no implementation of the same arithmetic gets below on this machine.
//
//     floor MODEL_FOLDER TEXTS BATCH_SIZE MAX_LENGTH THREADS      (a text a line)
//
// It is the time of
//   - the bare matrix products: forward, input gradient and weight gradient of the four linear layers of
//   every encoder
//     layer for all tokens, in the last one for one row per sequence (all that a classifier needs, with keys
//     and values absorbed into its query), and of the pooler. Each is timed alone and repeated, so its
//     operands lie as near as the caches allow; bf16 where training takes bf16.
//   - attention's products in these layers, two forward and four backward for each sequence and head, at the
//     rate of a large product in f32, which they are in at any precision.
//   - the optimizer's bytes: AdamW reads 16 and writes 12 a parameter, for the encoder, the head, and the
//   rows of the
//     embedding tables that a batch touches, at the speed at which this memory serves that very pattern.
// Softmax, activations, LayerNorm, dropout and the loss count as free.
//
// Prints {"tokens_per_second": ..., "matmul_ms": ..., "optimizer_ms": ..., ...} of a mean step as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bertune/config.h"
#include "bertune/tokenizer.h"
#include "core/aligned_buffer.h"
#include "core/parallel.h"
#include "kernels/ops.h"
#include "kernels/profile.h"

namespace bertune {
namespace {

constexpr int kRepetitions = 5;  // at least, and for at least kSeconds
constexpr double kSeconds = 0.02;
constexpr std::size_t kSteps = 4;  // batches that are measured, from short to long

template <typename Function>
double best_seconds(const Function& function) {
  function();
  double best = 1e30, total = 0;
  for (int i = 0; i < kRepetitions || total < kSeconds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    function();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    best = std::min(best, elapsed.count());
    total += elapsed.count();
  }
  return best;
}

// The work of a training step, for one batch.
struct Step {
  std::int64_t sequences = 0, tokens = 0, embedding_rows = 0;
  std::int64_t pairs = 0;  // of tokens that attend to one another
};

std::vector<Step> read_steps(const BertTokenizer& tokenizer, const std::string& path, std::size_t batch_size,
                             std::int64_t max_length) {
  std::ifstream file(path);
  std::vector<Step> steps;
  Step step;
  std::set<std::int32_t> ids;
  std::size_t longest = 0;
  for (std::string text; std::getline(file, text);) {
    const Encoding encoding =
        tokenizer.encode(text, {.truncation = Truncation::longest_first, .max_length = max_length});
    ids.insert(encoding.input_ids.begin(), encoding.input_ids.end());
    longest = std::max(longest, encoding.input_ids.size());
    const auto length = static_cast<std::int64_t>(encoding.input_ids.size());
    step.tokens += length, step.pairs += length * length;
    if (++step.sequences < static_cast<std::int64_t>(batch_size)) continue;
    step.embedding_rows = static_cast<std::int64_t>(ids.size() + longest + 1);  // words, positions, type 0
    steps.push_back(std::exchange(step, {}));
    ids.clear(), longest = 0;
  }
  std::ranges::sort(steps, {}, &Step::tokens);
  return steps;  // a last batch that is not full is left out
}

// The middles of kSteps equal parts of the sorted steps stand for all of them.
std::vector<Step> representatives(std::span<const Step> steps) {
  const std::size_t count = std::min(kSteps, steps.size());
  std::vector<Step> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(steps[(2 * i + 1) * steps.size() / (2 * count)]);
  return chosen;
}

AlignedBuffer<float> small_numbers(std::int64_t size) {
  AlignedBuffer<float> buffer(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < buffer.size(); ++i)
    buffer.data()[i] = static_cast<float>(i % 97) / 97.0F - 0.5F;
  return buffer;
}

// A linear layer of `in` inputs and `out` outputs on some rows: y = x W', dx = dy W, dW += dy' x.
double linear_layer_seconds(std::int64_t rows, std::int64_t in, std::int64_t out) {
  const AlignedBuffer<float> weight = small_numbers(out * in), x = small_numbers(rows * in),
                             dy = small_numbers(rows * out);
  AlignedBuffer<float> y = small_numbers(rows * out), dx = small_numbers(rows * in),
                       d_weight = small_numbers(out * in);
  const std::array<kernels::Matmul, 3> products{{
      {.transpose_b = true,
       .m = rows,
       .n = out,
       .k = in,
       .a = x.data(),
       .lda = in,
       .b = weight.data(),
       .ldb = in,
       .c = y.data(),
       .ldc = out},
      {.m = rows,
       .n = in,
       .k = out,
       .a = dy.data(),
       .lda = out,
       .b = weight.data(),
       .ldb = in,
       .c = dx.data(),
       .ldc = in},
      {.transpose_a = true,
       .m = out,
       .n = in,
       .k = rows,
       .a = dy.data(),
       .lda = out,
       .b = x.data(),
       .ldb = in,
       .accumulate = true,
       .c = d_weight.data(),
       .ldc = in},
  }};
  double seconds = 0;
  for (kernels::Matmul op : products) {
    op.operands = kernels::ops().bf16_is_faster ? kernels::Operands::bf16
                                                : kernels::Operands::f32;  // as training does by default
    seconds += best_seconds([&] { kernels::ops().matmul(op); });
  }
  return seconds;
}

double encoder_layer_seconds(std::int64_t rows, const BertConfig& config) {
  const std::int64_t h = config.hidden_size, i = config.intermediate_size;
  return linear_layer_seconds(rows, h, 3 * h) + linear_layer_seconds(rows, h, h) +
         linear_layer_seconds(rows, h, i) + linear_layer_seconds(rows, i, h);
}

double matmul_seconds(const Step& step, const BertConfig& config) {
  const auto full_layers = static_cast<double>(config.num_hidden_layers - 1);
  return full_layers * encoder_layer_seconds(step.tokens, config) +
         encoder_layer_seconds(step.sequences, config) +
         linear_layer_seconds(step.sequences, config.hidden_size, config.hidden_size);
}

double matmul_flops(const Step& step, const BertConfig& config) {
  const auto h = static_cast<double>(config.hidden_size), i = static_cast<double>(config.intermediate_size);
  const auto rows = static_cast<double>((config.num_hidden_layers - 1) * step.tokens + step.sequences);
  return 6 * (rows * (4 * h * h + 2 * h * i) + static_cast<double>(step.sequences) * h * h);
}

double attention_flops(const Step& step, const BertConfig& config) {
  constexpr double kProducts = 6;
  return kProducts * 2 * static_cast<double>(step.pairs) * static_cast<double>(config.hidden_size) *
         static_cast<double>(config.num_hidden_layers - 1);
}

// Bytes a second of updating three arrays in place by a fourth, which is what AdamW asks of the memory.
double update_bandwidth() {
  constexpr std::int64_t kNumbers = std::int64_t{1} << 25, kBlock = 1 << 16;  // 4 arrays of 128 MiB
  std::array<AlignedBuffer<float>, 4> buffers;
  for (auto& buffer : buffers) buffer = AlignedBuffer<float>(kNumbers);
  const double seconds = best_seconds([&] {
    parallel_for(kNumbers / kBlock, [&](std::int64_t block) {
      const std::int64_t begin = block * kBlock;
      float* __restrict p = buffers[0].data() + begin;
      float* __restrict m = buffers[1].data() + begin;
      float* __restrict v = buffers[2].data() + begin;
      const float* __restrict g = buffers[3].data() + begin;
      for (std::int64_t i = 0; i < kBlock; ++i) p[i] += g[i], m[i] -= g[i], v[i] += 2 * g[i];
    });
  });
  return 7 * sizeof(float) * static_cast<double>(kNumbers) / seconds;
}

double optimizer_bytes(const Step& step, const BertConfig& config) {
  constexpr double kAdamwBytes = 28;
  const auto h = static_cast<double>(config.hidden_size), i = static_cast<double>(config.intermediate_size);
  const auto layers = static_cast<double>(config.num_hidden_layers),
             labels = static_cast<double>(config.num_labels());
  const double layer = 4 * h * h + 2 * h * i + 9 * h + i;  // weights; biases and two LayerNorms
  const double head = h * h + h + labels * h + labels;
  const double embeddings = static_cast<double>(step.embedding_rows) * h + 2 * h;
  return kAdamwBytes * (layers * layer + head + embeddings);
}

void measure(const std::string& folder, const std::string& texts, std::size_t batch_size,
             std::int64_t max_length) {
  const BertConfig config = BertConfig::from_pretrained(folder);
  const std::vector<Step> steps =
      representatives(read_steps(BertTokenizer::from_pretrained(folder), texts, batch_size, max_length));
  if (steps.empty()) throw std::runtime_error(fmt::format("{} does not fill one batch", texts));
  const double bandwidth = update_bandwidth(),
               rate = kernels::measure_peak(kernels::Operands::f32).flops_per_second;
  double tokens = 0, matmul = 0, flops = 0, attention = 0, optimizer = 0;
  for (const Step& step : steps) {
    tokens += static_cast<double>(step.tokens);
    matmul += matmul_seconds(step, config);
    flops += matmul_flops(step, config);
    attention += attention_flops(step, config) / rate;
    optimizer += optimizer_bytes(step, config) / bandwidth;
  }
  const auto count = static_cast<double>(steps.size());
  fmt::print(
      "{{\"tokens_per_second\": {:.1f}, \"matmul_ms\": {:.3f}, \"attention_ms\": {:.3f}, "
      "\"optimizer_ms\": {:.3f}, "
      "\"tokens_per_step\": {:.1f}, \"gflops\": {:.1f}, \"memory_gb_per_s\": {:.2f}}}\n",
      tokens / (matmul + attention + optimizer), matmul / count * 1e3, attention / count * 1e3,
      optimizer / count * 1e3, tokens / count, flops / matmul / 1e9, bandwidth / 1e9);
}

}  // namespace
}  // namespace bertune

int main(int argc, char** argv) try {
  if (argc != 6) {
    fmt::print(stderr, "usage: floor MODEL_FOLDER TEXTS BATCH_SIZE MAX_LENGTH THREADS\n");
    return 2;
  }
  bertune::set_num_threads(std::atoi(argv[5]));
  bertune::measure(argv[1], argv[2], std::strtoul(argv[3], nullptr, 10), std::atoll(argv[4]));
} catch (const std::exception& error) {
  fmt::print(stderr, "floor: {}\n", error.what());
  return 1;
}
