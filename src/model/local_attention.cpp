#include "model/local_attention.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/names.h"
#include "core/random.h"
#include "kernels/host_access.h"
#include "model/weights.h"

namespace bertune::model {
namespace {

constexpr std::uint32_t kStream = 0x6C6F6361;  // of random numbers: apart from those of initialize()
// Wavelengths from 6 to 600 tokens: shorter than Vaswani's, for what is near.
constexpr double kBase = 100;

// The angle that a pair of embedding dimensions turns by from one position to the next. In random order, so
// that every head has some of all.
std::vector<double> frequencies(const BertConfig& config, std::uint64_t seed) {
  const std::int64_t pairs = config.hidden_size / 2;
  std::vector<double> list;
  for (std::int64_t i = 0; i < pairs; ++i)
    list.push_back(std::pow(kBase, -static_cast<double>(i) / static_cast<double>(pairs)));
  Random(seed, kStream).shuffle(list);
  return list;
}

std::int64_t distance_of(std::int64_t head) { return head % 2 == 0 ? -(head / 2 + 1) : head / 2 + 1; }

// Sets position embeddings that are as large as those of words.
void set_positions(const BertConfig& config, const std::vector<double>& frequency, std::span<float> values) {
  const double amplitude = std::numbers::sqrt2 * config.initializer_range;
  const auto width = static_cast<std::size_t>(config.hidden_size);
  for (std::size_t position = 0; position * width < values.size(); ++position) {
    for (std::size_t pair = 0; pair < frequency.size(); ++pair) {
      const double angle = static_cast<double>(position) * frequency[pair];
      float* const two = &values[position * width + 2 * pair];
      two[0] = static_cast<float>(amplitude * std::sin(angle));
      two[1] = static_cast<float>(amplitude * std::cos(angle));
    }
  }
}

// Returns the gain with which, at unit variance of what is read, half of it from positions, the largest score
// is about 4 above a far position's, whatever the size of a head.
double gain(std::int64_t head_size) { return std::sqrt(8.0 / std::sqrt(static_cast<double>(head_size))); }

// key = R key: the pair of position j, turned back by the head's distance, is that of position j - distance,
// and so most like the query of that position.
void turn(const BertConfig& config, const std::vector<double>& frequency, std::span<float> query,
          std::span<float> key) {
  const std::int64_t head_size = config.hidden_size / config.num_attention_heads;
  const auto width = static_cast<std::size_t>(config.hidden_size);
  const double g = gain(head_size);
  for (std::size_t pair = 0; pair < frequency.size(); ++pair) {
    const std::size_t a = 2 * pair, b = a + 1;
    const std::int64_t head = static_cast<std::int64_t>(a) / head_size;
    const double angle = frequency[pair] * static_cast<double>(distance_of(head));
    const auto cosine = static_cast<float>(g * std::cos(angle)),
               sine = static_cast<float>(g * std::sin(angle));
    query[a * width + a] += static_cast<float>(g), query[b * width + b] += static_cast<float>(g);
    key[a * width + a] += cosine, key[a * width + b] -= sine;
    key[b * width + a] += sine, key[b * width + b] += cosine;
  }
}

}  // namespace

void initialize_local_attention(const BertConfig& config, Parameters& parameters, std::uint64_t seed) {
  if (config.hidden_size / config.num_attention_heads % 2 != 0)
    throw Error("local attention needs heads of an even size: hidden_size / num_attention_heads");
  if (config.embedding_width() != config.hidden_size)
    throw Error("local attention needs embeddings as wide as the layers: embedding_size as hidden_size");
  const std::vector<double> frequency = frequencies(config, seed);
  const auto change = [&](const std::string& name, const auto& change_values) {
    kernels::change_on_host(parameters.value(checkpoint::own_name(config.model_type, name)), change_values);
  };
  change("bert.embeddings.position_embeddings.weight",
         [&](std::span<float> values) { set_positions(config, frequency, values); });
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string prefix = layer_prefix(layer) + "attention.self.";
    change(prefix + "query.weight", [&](std::span<float> query) {
      change(prefix + "key.weight", [&](std::span<float> key) { turn(config, frequency, query, key); });
    });
  }
}

}  // namespace bertune::model
