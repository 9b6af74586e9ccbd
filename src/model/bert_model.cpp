#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "bertune/model.h"
#include "core/arena.h"
#include "kernels/ops.h"
#include "model/adapters/adapter.h"
#include "model/adapters/lora.h"
#include "model/encoder.h"
#include "model/heads/head.h"
#include "model/loading.h"
#include "model/local_attention.h"
#include "model/weights.h"

namespace bertune {
namespace {

using model::BatchSize;
using model::Encoder;
using model::EncoderWeights;
using model::Head;
using model::Pass;

void check_range(const std::vector<std::int32_t>& values, std::int64_t limit, std::string_view what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] >= limit) {
      throw Error(fmt::format("{} {} at place {} of the batch is not in [0, {})", what, values[i], i, limit));
    }
  }
}

void check_batch(const BertConfig& config, const Batch& batch) {
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
  check_range(batch.input_ids, config.vocab_size, "token id");
  if (config.type_vocab_size > 0) check_range(batch.token_type_ids, config.type_vocab_size, "token type id");
}

}  // namespace

// Up to so many, packing the weights for every product would be a good part of a pass. Between steps of
// training, which change them, only such passes are worth the memory.
constexpr std::int64_t kFewTokens = 256;

struct BertPreTrainedModel::Implementation {
  Implementation(Architecture model_architecture, BertConfig model_config, Parameters model_parameters,
                 LoadReport load_report, std::optional<LoraConfig> lora_config = std::nullopt)
      : architecture(model_architecture),
        config(std::move(model_config)),
        parameters(std::move(model_parameters)),
        report(std::move(load_report)),
        lora(std::move(lora_config)),
        head(model::make_head(architecture, config)),
        encoder(config, head->reads()) {}

  Architecture architecture;
  BertConfig config;
  Parameters parameters;
  LoadReport report;
  std::optional<LoraConfig> lora;
  bool training = false, has_trained = false;
  Precision training_precision = Precision::fp32, evaluation_precision = Precision::fp32;
  DropoutState dropout;

  // How the layers see the parameters: made once, for looking up two hundred names takes longer than a short
  // text.
  struct Weights {
    bool training, bf16;
    const float* values;
    EncoderWeights encoder;
    std::optional<model::MergedWeights> merged;
    std::optional<model::PackedWeights> packed;
  };
  std::optional<Weights> weights;
  bool weights_are_old = false;  // what was made from values that may have changed goes with the next forward

  std::unique_ptr<Head> head;
  Encoder encoder;
  Arena arena;
  BatchSize planned;
  bool planned_training = false, plan_is_old = false;

  // The last forward, for backward.
  Batch batch;
  std::vector<std::int32_t> sequence, position;  // of every token
  std::vector<std::int32_t> position_ids;
  std::vector<std::int32_t> first_sequence, first_position;  // of each sequence's first
  Pass pass;
  bool differentiable = false;  // backward may follow

  void set_training(bool value) {
    training = value;
    has_trained = has_trained || training;
    weights_are_old = true;
  }

  void prepare_weights() {
    const bool bf16 = (training ? training_precision : evaluation_precision) == Precision::bf16;
    const float* values = std::as_const(parameters).values().data();
    if (!weights || weights_are_old || weights->training != training || weights->bf16 != bf16 ||
        weights->values != values) {
      const model::WeightViews views(parameters, config.model_type, training, bf16,
                                     lora ? static_cast<float>(lora->scale()) : 1.0F);
      weights.emplace(
          Weights{training, bf16, values, model::encoder_weights(config, views), std::nullopt, std::nullopt});
      if (lora) weights->merged.emplace(weights->encoder);
      head->bind(parameters, training, bf16);
      weights_are_old = false, plan_is_old = true;
    } else if (training && weights->merged) {
      weights->merged->merge();  // what the last step has changed
    }
    const bool pack = !training && (!has_trained || batch.tokens() <= kFewTokens);
    if (pack && !weights->packed) weights->packed.emplace(weights->encoder, head->reads());
  }

  // Activation memory grows to the largest batch and stays.
  void plan_memory() {
    BatchSize size{batch.tokens(), batch.sequences(), 0};
    for (const std::int32_t label : batch.labels) size.predictions += label != kIgnoredLabel;
    if (size.tokens <= planned.tokens && size.sequences <= planned.sequences &&
        size.predictions <= planned.predictions && training == planned_training && !plan_is_old)
      return;
    planned = {std::max(planned.tokens, size.tokens), std::max(planned.sequences, size.sequences),
               std::max(planned.predictions, size.predictions)};
    planned_training = training, plan_is_old = false;
    arena.lay_out([&](Arena& memory) {
      encoder.take_memory(memory, planned.tokens, planned.sequences, training, weights->encoder);
      head->take_memory(memory, planned, training);
    });
  }

  // Rows of the position table. RoBERTa's begin behind that of padding, which itself stands for such a token
  // wherever it is.
  void prepare_position_ids() {
    position_ids = position;
    if (config.first_position() == 0) return;
    auto next = static_cast<std::int32_t>(config.first_position());
    for (std::size_t t = 0; t < position_ids.size(); ++t) {
      if (position[t] == 0) next = static_cast<std::int32_t>(config.first_position());
      const bool is_padding = batch.input_ids[t] == config.pad_token_id;
      position_ids[t] = is_padding ? static_cast<std::int32_t>(config.pad_token_id) : next++;
    }
  }

  void prepare_pass() {
    sequence.resize(batch.input_ids.size());
    position.resize(batch.input_ids.size());
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      const auto at = static_cast<std::size_t>(s);
      for (std::int32_t t = batch.cu_seqlens[at]; t < batch.cu_seqlens[at + 1]; ++t) {
        sequence[static_cast<std::size_t>(t)] = static_cast<std::int32_t>(batch.first_sequence + s);
        position[static_cast<std::size_t>(t)] = t - batch.cu_seqlens[at];
      }
    }
    prepare_position_ids();
    first_sequence.resize(static_cast<std::size_t>(batch.sequences()));
    std::iota(first_sequence.begin(), first_sequence.end(), static_cast<std::int32_t>(batch.first_sequence));
    first_position.assign(first_sequence.size(), 0);
    pass = {.layout = {batch.tokens(), batch.sequences(), batch.cu_seqlens.data(), sequence.data(),
                       position.data()},
            .first_tokens = {.tokens = batch.sequences(),
                             .sequence = first_sequence.data(),
                             .position = first_position.data()},
            .input_ids = batch.input_ids.data(),
            .token_type_ids = batch.token_type_ids.data(),
            .position_ids = position_ids.data(),
            .training = training,
            .dropout_seed = dropout.seed,
            .dropout_step = dropout.step};
  }

  ModelOutput forward(const Batch& new_batch) {
    differentiable = false;
    check_batch(config, new_batch);
    const bool has_labels = head->check_labels(new_batch);
    if (new_batch.sequences() == 0) return {};
    batch = new_batch;
    if (config.type_vocab_size == 0) std::ranges::fill(batch.token_type_ids, 0);
    prepare_weights();
    plan_memory();
    prepare_pass();
    const float* hidden = encoder.forward(weights->encoder, pass);
    const ModelOutput output = head->forward(pass, batch, hidden, has_labels);
    if (training) {
      ++dropout.step;
      differentiable = has_labels;
    }
    return output;
  }

  void backward(float scale) {
    if (!std::exchange(differentiable, false))
      throw Error("backward() must follow a forward() with labels in train mode");
    parameters.mark_rows(batch.input_ids);
    head->backward(pass, batch, scale, encoder.output_gradient());
    encoder.backward(weights->encoder, pass);
  }
};

BertPreTrainedModel::BertPreTrainedModel(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
BertPreTrainedModel::BertPreTrainedModel(BertPreTrainedModel&&) noexcept = default;
BertPreTrainedModel& BertPreTrainedModel::operator=(BertPreTrainedModel&&) noexcept = default;
BertPreTrainedModel::~BertPreTrainedModel() = default;

BertPreTrainedModel BertPreTrainedModel::from_pretrained(const std::filesystem::path& directory,
                                                         Architecture architecture,
                                                         const LoadOptions& options) {
  BertConfig config = model::configuration(directory, architecture, options);
  std::vector<Parameter> layout = model::parameter_layout(config, *model::make_head(architecture, config));
  std::optional<LoraConfig> lora = options.lora;
  if (lora && lora->base_model_name_or_path.empty())
    lora->base_model_name_or_path = std::filesystem::absolute(directory).lexically_normal().string();
  if (is_adapter(directory)) lora = model::adapter_to_load(directory, options);
  if (lora) model::add_low_rank_matrices(layout, config.model_type, *lora);
  Parameters parameters(std::move(layout));
  LoadReport report = model::load_parameters(directory, config, options, parameters);
  if (lora) model::settle_trainable(parameters, *lora, report);
  return BertPreTrainedModel(std::make_unique<Implementation>(
      architecture, std::move(config), std::move(parameters), std::move(report), std::move(lora)));
}

BertPreTrainedModel BertPreTrainedModel::from_config(const BertConfig& config, Architecture architecture,
                                                     std::uint64_t seed, Initialization initialization) {
  if (config.num_hidden_layers < 1 || config.num_attention_heads < 1 ||
      config.hidden_size % config.num_attention_heads != 0) {
    throw Error("a BERT needs at least one layer, and a hidden_size that num_attention_heads divides");
  }
  Parameters parameters(model::parameter_layout(config, *model::make_head(architecture, config)));
  LoadReport report;
  for (const Parameter& parameter : parameters.layout()) {
    model::initialize(config, parameters, parameter, seed);
    report.newly_initialized.push_back(parameter.name);
  }
  if (initialization == Initialization::local_attention)
    model::initialize_local_attention(config, parameters, seed);
  return BertPreTrainedModel(
      std::make_unique<Implementation>(architecture, config, std::move(parameters), std::move(report)));
}

Architecture BertPreTrainedModel::architecture() const { return implementation_->architecture; }
const BertConfig& BertPreTrainedModel::config() const { return implementation_->config; }
const LoadReport& BertPreTrainedModel::load_report() const { return implementation_->report; }
Parameters& BertPreTrainedModel::parameters() { return implementation_->parameters; }
const Parameters& BertPreTrainedModel::parameters() const { return implementation_->parameters; }
void BertPreTrainedModel::train() { implementation_->set_training(true); }
void BertPreTrainedModel::eval() { implementation_->set_training(false); }
bool BertPreTrainedModel::training() const { return implementation_->training; }
void BertPreTrainedModel::set_encoder_options(const EncoderOptions& options) {
  implementation_->encoder.set_options(options);
  implementation_->weights_are_old = true;
}
const EncoderOptions& BertPreTrainedModel::encoder_options() const {
  return implementation_->encoder.options();
}
const LoraConfig* BertPreTrainedModel::lora() const {
  return implementation_->lora ? &*implementation_->lora : nullptr;
}
void BertPreTrainedModel::merge_lora() {
  Implementation& own = *implementation_;
  if (!own.lora) return;
  own.parameters = model::merged_parameters(own.parameters, static_cast<float>(own.lora->scale()));
  own.lora.reset();
  own.weights.reset();
}
void BertPreTrainedModel::set_precision(Precision in_train_mode, Precision in_eval_mode) {
  implementation_->training_precision = in_train_mode;
  implementation_->encoder.forget_frozen_outputs();
  implementation_->evaluation_precision = in_eval_mode;
}
Precision fastest_precision() { return kernels::ops().bf16_is_faster ? Precision::bf16 : Precision::fp32; }
bool has_bf16_products() { return kernels::ops().bf16; }
DropoutState& BertPreTrainedModel::dropout_state() { return implementation_->dropout; }
void BertPreTrainedModel::set_loss(const LossOptions& options) { implementation_->head->set_loss(options); }
const LossOptions& BertPreTrainedModel::loss_options() const { return implementation_->head->loss_options(); }
LossItems BertPreTrainedModel::loss_items(const Batch& batch) const {
  return implementation_->head->check_labels(batch) ? implementation_->head->loss_items(batch) : LossItems();
}
ModelOutput BertPreTrainedModel::forward(const Batch& batch) { return implementation_->forward(batch); }
void BertPreTrainedModel::backward(float scale) { implementation_->backward(scale); }

}  // namespace bertune
