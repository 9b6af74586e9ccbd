#include "insight/explain/integrated_gradients.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/adapters/lora.h"

namespace bertune::insight {
namespace {

constexpr std::int64_t kRows = 2048;  // of embeddings in a pass, or one sequence where that is longer
constexpr std::int64_t kFirstSteps = 16;

const std::string& word_embeddings(const Parameters& parameters) { return parameters.layout().front().name; }

// The row of padding, if there is one, gets no gradient: ids begin behind it.
std::int64_t first_row(const BertConfig& config) {
  return std::max<std::int64_t>(0, config.pad_token_id + 1);
}

std::optional<Parameters> merged_values(const BertPreTrainedModel& model) {
  if (model.lora() == nullptr) return std::nullopt;
  return model::merged_parameters(model.parameters(), static_cast<float>(model.lora()->scale()));
}

// A model whose table of word embeddings is the input: a row for each token of each step. It has no dropout.
BertPreTrainedModel model_of_rows(const BertPreTrainedModel& source, const Parameters& values) {
  BertConfig config = source.config();
  config.vocab_size = first_row(config) + std::max(kRows, config.max_length());
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = config.qa_dropout = 0;
  config.classifier_dropout = 0.0F, config.initializer_range = 0;
  BertPreTrainedModel model = BertPreTrainedModel::from_config(config, source.architecture());
  Parameters& parameters = model.parameters();
  for (std::size_t i = 1; i < parameters.layout().size(); ++i) {
    const std::string& name = parameters.layout()[i].name;
    std::ranges::copy(values.value(name), parameters.value(name).begin());
    parameters.set_trainable(i, false);
  }
  model.train();
  return model;
}

}  // namespace

// Points on the way from padding to a text, computed a few at a time.
class IntegratedGradients::Path {
 public:
  Path(const Parameters& source, BertPreTrainedModel& model, const Sequence& sequence, const Target& target,
       std::int32_t padding, const Passes& passes)
      : source_(source),
        model_(model),
        sequence_(sequence),
        target_(target),
        padding_(padding),
        passes_(passes),
        width_(static_cast<std::size_t>(model.config().embedding_width())),
        at_a_time_(std::max<std::size_t>(1, rows_of(passes) / sequence.input_ids.size())) {}

  // Returns the function at some points.
  std::vector<double> values(std::span<const double> points) {
    std::vector<double> result;
    for (; !points.empty(); points = points.subspan(std::min(points.size(), at_a_time_))) {
      const std::span<const float> logits = forward(points.first(std::min(points.size(), at_a_time_)));
      const std::size_t count = logits.size() / static_cast<std::size_t>(batch_.sequences());
      for (std::size_t i = 0; i < static_cast<std::size_t>(batch_.sequences()); ++i)
        result.push_back(function_of(target_, logits.subspan(i * count, count), model_.config()));
      passes_.pause();
    }
    return result;
  }

  // Returns, for each token, (x - x') · the weighted sum of gradients.
  std::vector<double> attributions(const Quadrature& quadrature) {
    std::vector<double> result(tokens());
    for (std::size_t first = 0; first < quadrature.nodes.size(); first += at_a_time_) {
      const std::size_t count = std::min(at_a_time_, quadrature.nodes.size() - first);
      backward(std::span(quadrature.nodes).subspan(first, count));
      add(std::span(quadrature.weights).subspan(first, count), result);
      passes_.pause();
    }
    return result;
  }

 private:
  // A pass back takes as long as the pass before it, or longer.
  static std::size_t rows_of(const Passes& passes) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(passes.tokens / 2, 1, kRows));
  }
  std::size_t tokens() const { return sequence_.input_ids.size(); }
  std::span<const float> embedding(std::int32_t id) const {
    return source_.value(word_embeddings(source_)).subspan(static_cast<std::size_t>(id) * width_, width_);
  }

  // Writes the rows of the points, and a sequence for each.
  void place(std::span<const double> points) {
    batch_.clear();
    const std::int64_t begin = first_row(model_.config());
    const std::span<float> table = model_.parameters().value(word_embeddings(source_));
    std::vector<std::size_t> word_of(tokens(), sequence_.words.size());
    for (std::size_t w = 0; w < sequence_.words.size(); ++w)
      std::fill(word_of.begin() + static_cast<std::ptrdiff_t>(sequence_.words[w].first),
                word_of.begin() + static_cast<std::ptrdiff_t>(sequence_.words[w].end), w);
    std::vector<std::int32_t> ids(tokens());
    std::size_t row = static_cast<std::size_t>(begin);
    for (const double point : points) {
      for (std::size_t t = 0; t < tokens(); ++t, ++row) {
        const bool is_special = word_of[t] == sequence_.words.size();  // the same all the way
        const std::span<const float> to = embedding(sequence_.input_ids[t]),
                                     from = is_special ? to : embedding(padding_);
        for (std::size_t i = 0; i < width_; ++i)
          table[row * width_ + i] = from[i] + static_cast<float>(point) * (to[i] - from[i]);
        ids[t] = static_cast<std::int32_t>(row);
      }
      batch_.add(ids, sequence_.token_type_ids);
    }
  }

  std::span<const float> forward(std::span<const double> points) {
    place(points);
    return model_.forward(batch_).logits;
  }

  // Labels that follow from the logits take a pass of their own.
  void backward(std::span<const double> points) {
    std::vector<float> logits;
    if (needs_logits(target_)) {
      const std::span<const float> lent = forward(points);
      logits.assign(lent.begin(), lent.end());
    } else {
      place(points);
    }
    const std::size_t count = logits.size() / points.size();
    Batch one;
    one.add(sequence_.input_ids, sequence_.token_type_ids);
    add_labels(target_, std::span(logits).first(count), tokens(), model_.config(), one);
    batch_.global_items = model_.loss_items(one);  // each sequence has the loss that it would have alone
    for (std::size_t i = 0; i < points.size(); ++i)
      add_labels(target_, std::span(logits).subspan(i * count, count), tokens(), model_.config(), batch_);
    model_.parameters().zero_grad();
    model_.forward(batch_);
    model_.backward();
    batch_.global_items = {};
  }

  void add(std::span<const double> weights, std::vector<double>& result) {
    const double factor = gradient_factor(target_, model_.config());
    const std::span<const float> gradient = model_.parameters().gradient(word_embeddings(source_));
    const std::size_t begin = static_cast<std::size_t>(first_row(model_.config()));
    for (const SequenceWord& word : sequence_.words) {
      for (std::size_t t = word.first; t < word.end; ++t) {
        const std::span<const float> to = embedding(sequence_.input_ids[t]), from = embedding(padding_);
        for (std::size_t s = 0; s < weights.size(); ++s) {
          const std::span<const float> row = gradient.subspan((begin + s * tokens() + t) * width_, width_);
          double sum = 0;
          for (std::size_t i = 0; i < width_; ++i)
            sum += static_cast<double>(to[i] - from[i]) * static_cast<double>(row[i]);
          result[t] += factor * weights[s] * sum;
        }
      }
    }
  }

  const Parameters& source_;
  BertPreTrainedModel& model_;
  const Sequence& sequence_;
  const Target& target_;
  std::int32_t padding_;
  const Passes& passes_;
  std::size_t width_, at_a_time_;
  Batch batch_;
};

IntegratedGradients::IntegratedGradients(const BertPreTrainedModel& model)
    : merged_(merged_values(model)),
      source_(merged_ ? *merged_ : model.parameters()),
      model_(model_of_rows(model, source_)) {}
IntegratedGradients::~IntegratedGradients() = default;

Attributions IntegratedGradients::explain(const Sequence& sequence, const Target& target,
                                          std::int32_t padding, const Accuracy& accuracy,
                                          const Passes& passes) {
  constexpr double kLeastDifference = 0.01;  // where nothing is gained, no share of it says anything
  Path path(source_, model_, sequence, target, padding, passes);
  const double ends[] = {0, 1};
  const std::vector<double> values = path.values(ends);
  Attributions result{.of_tokens = {}, .value = values[1], .baseline = values[0]};
  const double gained = result.value - result.baseline;
  const std::int64_t most = accuracy.max_steps;
  for (std::int64_t steps = std::min(kFirstSteps, most);; steps = std::min(2 * steps, most)) {
    result.of_tokens = path.attributions(gauss_legendre(steps));
    result.steps = steps;
    double sum = 0;
    for (const double part : result.of_tokens) sum += part;
    result.error = std::abs(sum - gained) / std::max(std::abs(gained), kLeastDifference);
    if (result.error <= accuracy.max_error || steps == most) return result;
  }
}

// The zeros of the Legendre polynomial, by Newton's method (Press et al., Numerical Recipes, section 4.6).
Quadrature gauss_legendre(std::int64_t steps) {
  Quadrature result;
  const auto n = static_cast<double>(steps);
  for (std::int64_t i = 0; i < steps; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5)), slope = 1;
    for (int round = 0; round < 100; ++round) {
      double last = 1, value = x;
      for (std::int64_t k = 2; k <= steps; ++k) {
        const auto degree = static_cast<double>(k);
        const double next = ((2 * degree - 1) * x * value - (degree - 1) * last) / degree;
        last = value, value = next;
      }
      slope = n * (x * value - last) / (x * x - 1);
      const double change = value / slope;
      x -= change;
      if (std::abs(change) < 1e-15) break;
    }
    result.nodes.push_back((1 - x) / 2);
    result.weights.push_back(1 / ((1 - x * x) * slope * slope));
  }
  return result;
}

}  // namespace bertune::insight
