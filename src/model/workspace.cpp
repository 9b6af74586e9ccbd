#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "kernels/arena.h"
#include "kernels/context.h"
#include "kernels/host_access.h"
#include "kernels/uploads.h"
#include "model/encoder.h"
#include "model/heads/head.h"
#include "model/inference.h"
#include "model/pass_inputs.h"

namespace bertune::model {
namespace {

void check_range(const std::vector<std::int32_t>& ids, std::int64_t limit, std::string_view what) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= limit) {
      throw Error(fmt::format("{} {} at place {} of the batch is not in [0, {})", what, ids[i], i, limit));
    }
  }
}

void check_windows(const BertConfig& config, const Batch& batch, Architecture architecture) {
  const std::vector<std::int32_t>& cu_texts = batch.cu_texts;
  if (cu_texts.empty()) return;
  if (architecture != Architecture::sequence_classification)
    throw Error(fmt::format("a {} reads no texts in windows (cu_texts)", to_string(architecture)));
  bool is_good = cu_texts.front() == 0 &&
                 std::ranges::adjacent_find(cu_texts, std::ranges::greater_equal()) == cu_texts.end();
  if (batch.window_logits.empty()) {
    is_good = is_good && batch.windows() == batch.sequences() && batch.first_window == 0;
  } else {
    is_good = is_good && batch.texts() == 1 && batch.first_window >= 0 &&
              batch.first_window + batch.sequences() <= batch.windows() &&
              static_cast<std::int64_t>(batch.window_logits.size()) == batch.windows() * config.num_labels();
  }
  if (!is_good)
    throw Error(
        "a batch's cu_texts must ascend from 0 to its number of sequences, or of the windows of one text");
}

void check_batch(const BertConfig& config, const Batch& batch, Architecture architecture) {
  const auto& cu_seqlens = batch.cu_seqlens;
  if (cu_seqlens.empty() || cu_seqlens.front() != 0 || cu_seqlens.back() != batch.tokens() ||
      batch.token_type_ids.size() != batch.input_ids.size()) {
    throw Error("a batch's cu_seqlens must run from 0 to its number of tokens, with one token type a token");
  }
  for (std::size_t i = 1; i < cu_seqlens.size(); ++i) {
    const std::int64_t length = std::int64_t{cu_seqlens[i]} - cu_seqlens[i - 1];
    if (length < 1 || length > config.max_length()) {
      throw Error(fmt::format("sequence {} has {} tokens; this model takes 1 to {}", i - 1, length,
                              config.max_length()));
    }
  }
  check_windows(config, batch, architecture);
  check_range(batch.input_ids, config.vocab_size, "token id");
  if (config.type_vocab_size > 0) check_range(batch.token_type_ids, config.type_vocab_size, "token type id");
}

}  // namespace

struct Workspace::State {
  kernels::Arena arena;
  Encoder encoder;
  HeadActivations head;
  BatchSize planned;  // what memory is laid out for,
  bool planned_training = false;
  std::uint64_t planned_binding = 0;  // and for which weights

  // The last forward, for backward.
  Batch batch;
  kernels::Uploads inputs;  // what it reads of the batch
  Pass pass;
  bool differentiable = false;  // backward may follow

  kernels::Buffer<double> loss;
  kernels::HostView<float> logits, next_sentence_logits;

  std::optional<kernels::Context> own_context;

  const kernels::Context& context() const { return own_context ? *own_context : kernels::Context::in_use(); }

  // Activation memory grows to the largest batch and stays.
  void plan_memory(const Weights& weights, bool training) {
    BatchSize size{batch.tokens(), batch.sequences(), 0, static_cast<std::int64_t>(batch.targets.size()),
                   batch.windows()};
    for (const std::int32_t label : batch.labels) size.predictions += label != kIgnoredLabel;
    if (size.fits(planned) && training == planned_training && weights.binding() == planned_binding) return;
    planned = size.or_more(planned);
    planned_training = training, planned_binding = weights.binding();
    arena.lay_out([&](kernels::Arena& memory) {
      head = {};
      encoder.take_memory(weights.encoder(), memory, planned.tokens, planned.sequences, training);
      weights.head().take_memory(head, memory, planned, training);
    });
  }

  void prepare_pass(const Weights& weights, bool has_labels, const DropoutState* training) {
    if (loss.size() == 0) loss = kernels::Buffer<double>(1);
    pass = {
        .context = kernels::Context::in_use(), .loss_result = loss.data(), .training = training != nullptr};
    if (training != nullptr) pass.dropout_seed = training->seed, pass.dropout_step = training->step;
    add_tokens(weights.config(), batch, inputs, pass);
    if (has_labels) weights.head().add_loss_inputs(batch, inputs, pass.loss_inputs);
    inputs.run();
  }
};

Workspace::Workspace() : state_(std::make_unique<State>()) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace& Workspace::operator=(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

std::size_t Workspace::size_bytes() const { return state_->arena.size_bytes() + state_->inputs.size_bytes(); }
std::size_t Workspace::measure(const Weights& weights, std::int64_t tokens, std::int64_t sequences) const {
  Encoder encoder;
  encoder.set_options(state_->encoder.options());
  HeadActivations head;
  return kernels::Arena::measure([&](kernels::Arena& memory) {
    encoder.take_memory(weights.encoder(), memory, tokens, sequences, true);
    weights.head().take_memory(head, memory, {tokens, sequences, tokens, sequences}, true);
  });
}
void Workspace::set_context(const kernels::Context& context) { state_->own_context = context; }
Encoder& Workspace::encoder() { return state_->encoder; }
const Encoder& Workspace::encoder() const { return state_->encoder; }

ModelOutput Workspace::forward(const Weights& weights, const Batch& new_batch, const DropoutState* training) {
  const BertConfig& config = weights.config();
  State& own = *state_;
  own.differentiable = false;
  check_batch(config, new_batch, weights.architecture());
  const bool has_labels = weights.head().check_labels(new_batch);
  if (new_batch.sequences() == 0) return {};
  const kernels::Context::Use context(own.context());
  own.batch = new_batch;
  if (config.type_vocab_size == 0) std::ranges::fill(own.batch.token_type_ids, 0);
  own.plan_memory(weights, training != nullptr);
  own.prepare_pass(weights, has_labels, training);
  const float* hidden = own.encoder.forward(weights.encoder(), own.pass);
  ModelOutput output = weights.head().forward(own.pass, own.batch, hidden, has_labels, own.head);
  output.logits = own.logits.see(output.logits);
  output.next_sentence_logits = own.next_sentence_logits.see(output.next_sentence_logits);
  own.differentiable = training != nullptr && has_labels;
  return output;
}

void Workspace::backward(const Weights& weights, Parameters& parameters, float scale,
                         const GradientsReached& reached) {
  State& own = *state_;
  if (!std::exchange(own.differentiable, false))
    throw Error("backward() must follow a forward() with labels in train mode");
  const kernels::Context::Use context(own.context());
  own.pass.context = kernels::Context::in_use();
  parameters.mark_rows(own.batch.input_ids);
  weights.head().backward(own.pass, own.batch, scale, own.head,
                          own.encoder.output_gradient(weights.encoder()));
  if (reached) reached(weights.config().num_hidden_layers + 1);
  own.encoder.backward(weights.encoder(), own.pass, reached);
}

}  // namespace bertune::model
