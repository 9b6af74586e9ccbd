#include <optional>
#include <utility>

#include "bertune/error.h"
#include "bertune/model.h"
#include "kernels/ops.h"
#include "model/adapters/lora.h"
#include "model/encoder.h"
#include "model/heads/head.h"
#include "model/inference.h"
#include "model/initial_values.h"
#include "model/loading.h"
#include "model/local_attention.h"
#include "model/mean_pooled.h"
#include "model/weights.h"

namespace bertune {
namespace {

// The number of tokens up to which packing the weights anew for every product would be a good part of a pass.
// Between steps of training, which change the weights, only such passes are worth the memory of a packed
// copy.
constexpr std::int64_t kFewTokens = 256;

}  // namespace

struct BertPreTrainedModel::Implementation {
  Implementation(std::unique_ptr<model::Weights> its_weights, Parameters its_parameters)
      : weights(std::move(its_weights)), parameters(std::move(its_parameters)) {}

  std::unique_ptr<model::Weights> weights;
  Parameters parameters;
  model::Workspace workspace;
  bool training = false;
  Precision training_precision = Precision::fp32, evaluation_precision = Precision::fp32;
  DropoutState dropout;

  // Gradients are made by the first pass in train mode.
  bool has_trained() const { return !parameters.gradients().empty(); }

  void set_training(bool value) {
    training = value;
    weights->outdate();
  }

  ModelOutput forward(const Batch& batch) {
    const Precision precision = training ? training_precision : evaluation_precision;
    weights->refresh(parameters, {.training = training, .precision = precision});
    if (!training && (!has_trained() || batch.tokens() <= kFewTokens)) weights->pack();
    const ModelOutput output = workspace.forward(*weights, batch, training ? &dropout : nullptr);
    if (training && batch.sequences() > 0) ++dropout.step;
    return output;
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
  model::LoadedModel loaded = model::load_model(directory, architecture, options);
  return BertPreTrainedModel(
      std::make_unique<Implementation>(std::move(loaded.weights), std::move(loaded.parameters)));
}

BertPreTrainedModel BertPreTrainedModel::from_config(const BertConfig& config, Architecture architecture,
                                                     std::uint64_t seed, Initialization initialization) {
  if (config.num_hidden_layers < 1 || config.num_attention_heads < 1 ||
      config.hidden_size % config.num_attention_heads != 0) {
    throw Error("a BERT needs at least one layer, and a hidden_size that num_attention_heads divides");
  }
  auto weights = std::make_unique<model::Weights>(architecture, config);
  Parameters parameters(model::parameter_layout(config, weights->head()));
  LoadReport report;
  for (const Parameter& parameter : parameters.layout()) {
    model::initialize(config, parameters, parameter, seed);
    report.newly_initialized.push_back(parameter.name);
  }
  if (initialization == Initialization::local_attention)
    model::initialize_local_attention(config, parameters, seed);
  weights->set_load_report(std::move(report));
  return BertPreTrainedModel(std::make_unique<Implementation>(std::move(weights), std::move(parameters)));
}

BertPreTrainedModel BertPreTrainedModel::mean_pooled_classifier(
    const MeanPooledClassifier& classifier) const {
  if (lora() != nullptr) throw Error("a classifier of mean-pooled states needs the adapter merged");
  auto weights = std::make_unique<model::Weights>(Architecture::sequence_classification,
                                                  model::mean_pooled_config(config(), classifier));
  Parameters parameters(model::parameter_layout(weights->config(), weights->head()));
  model::fill_mean_pooled(weights->config(), this->parameters(), classifier, parameters);
  return BertPreTrainedModel(std::make_unique<Implementation>(std::move(weights), std::move(parameters)));
}

std::shared_ptr<const model::Weights> BertPreTrainedModel::share(Precision precision) const {
  const Implementation& own = *implementation_;
  auto shared = std::make_shared<model::Weights>(architecture(), config());
  shared->set_load_report(load_report());
  if (lora() != nullptr) shared->set_lora(*lora());
  shared->head().set_loss(loss_options());
  shared->set_float32_parts(own.weights->float32_parts());
  shared->bind_snapshot(own.parameters, precision);
  if (!own.has_trained()) shared->pack();
  return shared;
}

Architecture BertPreTrainedModel::architecture() const { return implementation_->weights->architecture(); }
const BertConfig& BertPreTrainedModel::config() const { return implementation_->weights->config(); }
const LoadReport& BertPreTrainedModel::load_report() const { return implementation_->weights->load_report(); }
Parameters& BertPreTrainedModel::parameters() { return implementation_->parameters; }
const Parameters& BertPreTrainedModel::parameters() const { return implementation_->parameters; }
void BertPreTrainedModel::train() { implementation_->set_training(true); }
void BertPreTrainedModel::eval() { implementation_->set_training(false); }
bool BertPreTrainedModel::training() const { return implementation_->training; }
void BertPreTrainedModel::set_encoder_options(const EncoderOptions& options) {
  implementation_->workspace.encoder().set_options(options);
  implementation_->weights->outdate();
}
const EncoderOptions& BertPreTrainedModel::encoder_options() const {
  return std::as_const(implementation_->workspace).encoder().options();
}
const LoraConfig* BertPreTrainedModel::lora() const { return implementation_->weights->lora(); }
void BertPreTrainedModel::merge_lora() {
  if (lora() == nullptr) return;
  Implementation& own = *implementation_;
  own.parameters = model::merged_parameters(own.parameters, static_cast<float>(lora()->scale()));
  own.weights->set_lora(std::nullopt);
  own.weights->outdate();
}
void BertPreTrainedModel::set_precision(Precision in_train_mode, Precision in_eval_mode) {
  if (in_train_mode == Precision::int8)
    throw UsageError("precision", "`precision=int8` is for predictions; train with bf16 or fp32");
  implementation_->training_precision = in_train_mode;
  implementation_->workspace.encoder().forget_frozen_outputs();
  implementation_->evaluation_precision = in_eval_mode;
}
void BertPreTrainedModel::set_float32_parts(std::vector<std::string> parts) {
  implementation_->weights->set_float32_parts(std::move(parts));
}
std::vector<std::string> BertPreTrainedModel::encoder_parts() const {
  return model::encoder_parts(config().num_hidden_layers);
}
Precision fastest_precision() { return kernels::ops().bf16_is_faster ? Precision::bf16 : Precision::fp32; }
bool has_bf16_products() { return kernels::ops().bf16; }
DropoutState& BertPreTrainedModel::dropout_state() { return implementation_->dropout; }
void BertPreTrainedModel::set_loss(const LossOptions& options) {
  implementation_->weights->head().set_loss(options);
}
const LossOptions& BertPreTrainedModel::loss_options() const {
  return std::as_const(*implementation_->weights).head().loss_options();
}
LossItems BertPreTrainedModel::loss_items(const Batch& batch) const {
  const model::Head& head = implementation_->weights->head();
  return head.check_labels(batch) ? head.loss_items(batch) : LossItems();
}
std::size_t BertPreTrainedModel::activation_bytes(std::int64_t tokens, std::int64_t sequences) const {
  Implementation& own = *implementation_;
  own.weights->refresh(own.parameters, {.training = true, .precision = own.training_precision});
  return own.workspace.measure(*own.weights, tokens, sequences);
}
ModelOutput BertPreTrainedModel::forward(const Batch& batch) { return implementation_->forward(batch); }
void BertPreTrainedModel::backward(float scale, const GradientsReached& reached) {
  implementation_->workspace.backward(*implementation_->weights, implementation_->parameters, scale, reached);
}

}  // namespace bertune
