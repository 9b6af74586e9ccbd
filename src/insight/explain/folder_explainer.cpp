#include "insight/explain/folder_explainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "insight/explain/leave_one_out.h"
#include "model/inference.h"
#include "tasks/batches.h"
#include "tasks/registry/registry.h"

namespace bertune::insight {
namespace {

constexpr std::size_t kMostLeftOut = 100;  // words, for which leaving each out is the quicker way

void require_explained(Architecture architecture) {
  if (architecture == Architecture::sequence_classification ||
      architecture == Architecture::token_classification || architecture == Architecture::question_answering)
    return;
  throw UsageError(
      fmt::format("a {} has no explanation: there are some for classes, several labels, numbers, "
                  "tags and answers",
                  to_string(architecture)));
}

}  // namespace

FolderExplainer::FolderExplainer(train::ModelFolder folder, const ExplainOptions& options,
                                 const std::filesystem::path& path)
    : options_(options), folder_(std::move(folder)), workspace_(std::make_unique<model::Workspace>()) {
  const Architecture architecture = folder_.model.architecture();
  require_explained(architecture);
  if (options_.max_steps < 1) throw UsageError("max_steps", "`max_steps` must be at least 1");
  if (folder_.model.lora() != nullptr) folder_.model.merge_lora();
  weights_ = folder_.model.share();
  task_ = tasks::prediction_task(architecture, trained(), {}, path);
  const bool has_classes = architecture == Architecture::sequence_classification &&
                           folder_.model.config().problem_type != ProblemType::regression;
  const std::vector<std::string>& labels = folder_.model.config().id2label;
  const auto is_target = [&](std::string_view label) {  // "B-PER", or the entity "PER"
    return label == options_.target ||
           (label.size() > 2 && label[1] == '-' && label.substr(2) == options_.target);
  };
  const bool has_tags = architecture == Architecture::token_classification;
  if (options_.target.empty()) return;
  if (!has_tags && !has_classes)
    throw UsageError("target", "`target` is a class, a label or a tag, and this model has none");
  if (!has_tags || std::ranges::none_of(labels, is_target)) index_of_label(labels, options_.target);
}

FolderExplainer::~FolderExplainer() = default;

Explanation FolderExplainer::explain(const Input& input) {
  Explanation explanation;
  explanation.prediction = predict(input);
  const Question question = question_of(folder_, options_.target, input, explanation.prediction);
  explanation.truncated_tokens = question.sequence.truncated_tokens;
  explanation.method = options_.method;
  if (explanation.method == ExplainMethod::automatic) {
    explanation.method = question.sequence.words.size() <= kMostLeftOut ? ExplainMethod::leave_one_out
                                                                        : ExplainMethod::integrated_gradients;
  }
  for (const SequenceWord& word : question.sequence.words) explanation.words.push_back(word.shown);
  if (question.targets.empty()) return explanation;
  set_values(question, explanation);
  if (explanation.method == ExplainMethod::leave_one_out) {
    leave_out(question, explanation);
  } else {
    integrate(question, explanation);
  }
  return explanation;
}

Prediction FolderExplainer::predict(const Input& input) {
  const tasks::Request request = task_->request(std::span(&input, 1), folder_.tokenizer);
  std::optional<Prediction> result;
  const std::unique_ptr<tasks::Decoder> decoder =
      request.decoder([&](std::int64_t, Prediction prediction) { result = std::move(prediction); });
  constexpr std::int64_t kBatch = 64;
  tasks::for_each_batch(*request.examples, kBatch, [&](std::int64_t first, const Batch& batch) {
    decoder->add(first, batch, model::run(*weights_, batch, *workspace_));
  });
  decoder->finish();
  return std::move(result).value();
}

void FolderExplainer::set_values(const Question& question, Explanation& explanation) {
  Batch batch;
  batch.add(question.sequence.input_ids, question.sequence.token_type_ids);
  const std::span<const float> logits = model::run(*weights_, batch, *workspace_).logits;
  for (const Target& target : question.targets) {
    explanation.targets.push_back({.name = target.name,
                                   .text = target.text,
                                   .value = value_of(target, logits, weights_->config()),
                                   .contributions = {}});
  }
}

void FolderExplainer::leave_out(const Question& question, Explanation& explanation) {
  std::vector<double> whole;
  for (const ExplainedTarget& target : explanation.targets) whole.push_back(target.value);
  std::vector<std::vector<double>> contributions =
      leave_one_out(*weights_, *workspace_, question.sequence, question.targets, whole, stand_in());
  for (std::size_t i = 0; i < question.targets.size(); ++i)
    explanation.targets[i].contributions = std::move(contributions[i]);
}

void FolderExplainer::integrate(const Question& question, Explanation& explanation) {
  if (!gradients_) gradients_.emplace(folder_.model);
  const std::int32_t padding = folder_.tokenizer.pad_token_id();
  for (std::size_t i = 0; i < question.targets.size(); ++i) {
    const Attributions found =
        gradients_->explain(question.sequence, question.targets[i], padding >= 0 ? padding : stand_in(),
                            options_.max_steps, options_.max_error);
    ExplainedTarget& target = explanation.targets[i];
    target.function_value = found.value, target.baseline_value = found.baseline;
    target.completeness_error = found.error, target.steps = found.steps;
    for (const SequenceWord& word : question.sequence.words) {
      double& sum = target.contributions.emplace_back();
      for (std::size_t t = word.first; t < word.end; ++t) sum += found.of_tokens[t];
    }
  }
}

std::int32_t FolderExplainer::stand_in() const {
  const std::int32_t mask = folder_.tokenizer.mask_token_id();
  return mask >= 0 ? mask : folder_.tokenizer.unk_token_id();
}

}  // namespace bertune::insight
