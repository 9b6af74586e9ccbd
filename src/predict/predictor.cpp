#include "bertune/predictor.h"

#include <utility>

#include "bertune/error.h"
#include "predict/predictor_implementation.h"

namespace bertune {
namespace {

train::ModelFolder open_folder(const std::filesystem::path& folder, const PredictorOptions& options) {
  constexpr std::string_view kHow = "`pretrain()` trains one, and bert-base-uncased comes with one";
  if (options.batch_size < 1) throw UsageError("batch_size", "`batch_size` must be at least 1");
  if (options.top < 1) throw UsageError("top", "`top` must be at least 1");
  return options.architecture
             ? train::ModelFolder::open(folder, options.max_length, *options.architecture, kHow, options.base)
             : train::ModelFolder::open(folder, options.max_length, options.base);
}

}  // namespace

Predictor::Predictor(std::unique_ptr<const Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Predictor::Predictor(const std::filesystem::path& folder, const PredictorOptions& options)
    : Predictor(std::make_unique<const Implementation>(
          std::make_shared<const predict::SharedModel>(open_folder(folder, options), options.precision),
          folder, options)) {}
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

Architecture Predictor::architecture() const { return implementation_->model->architecture(); }
const BertConfig& Predictor::config() const { return implementation_->model->config(); }
const BertTokenizer& Predictor::tokenizer() const { return implementation_->model->tokenizer(); }
std::int64_t Predictor::max_length() const { return implementation_->model->trained().max_length; }
std::span<const std::string> Predictor::labels() const { return implementation_->task->label_names(); }
std::size_t Predictor::weights_bytes() const { return implementation_->model->weights_bytes(); }
std::size_t Predictor::workspace_bytes() const { return implementation_->model->workspace_bytes(); }

Predictor Predictor::with_answers(std::optional<std::int64_t> doc_stride,
                                  std::optional<std::int64_t> max_answer_length) const {
  PredictorOptions options = implementation_->options;
  if (doc_stride) options.doc_stride = doc_stride;
  if (max_answer_length) options.max_answer_length = max_answer_length;
  return Predictor(
      std::make_unique<const Implementation>(implementation_->model, implementation_->folder, options));
}

std::vector<Prediction> Predictor::predict(std::span<const Input> inputs, Truncated* truncated) const {
  std::vector<Prediction> predictions;
  predictions.reserve(inputs.size());
  if (inputs.empty()) return predictions;
  const tasks::Request request = implementation_->task->request(inputs, tokenizer());
  if (truncated != nullptr) *truncated = request.truncated;
  implementation_->model->ask(
      request, {.batch_size = implementation_->options.batch_size},
      [&](std::int64_t, Prediction prediction) { predictions.push_back(std::move(prediction)); });
  if (const auto least = implementation_->options.min_confidence)
    for (Prediction& prediction : predictions) tasks::abstain(prediction, *least);
  return predictions;
}

InputSize Predictor::size_of(const Input& input) const {
  const tasks::Request request = implementation_->task->request(std::span(&input, 1), tokenizer());
  const bool has_windows = architecture() == Architecture::token_classification ||
                           architecture() == Architecture::question_answering ||
                           architecture() == Architecture::sequence_classification;
  const std::int64_t rows = request.examples->rows();
  return {.tokens = request.examples->tokens_of_first(rows),
          .windows = has_windows ? rows : 1,
          .truncated_tokens = request.truncated.tokens};
}

Prediction Predictor::predict(const Input& input) const {
  return std::move(predict(std::span(&input, 1)).front());
}

}  // namespace bertune
