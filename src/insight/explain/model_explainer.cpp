#include "insight/explain/model_explainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "insight/explain/integrated_gradients.h"
#include "insight/explain/leave_one_out.h"
#include "model/inference.h"
#include "tasks/registry/registry.h"

namespace bertune::insight {
namespace {

constexpr std::int64_t kMostLeftOut = 100;  // words, for which leaving each out is the quicker way

void require_explained(Architecture architecture) {
  if (has_explanation(architecture)) return;
  throw UsageError(
      fmt::format("a {} has no explanation: there are some for classes, several labels, numbers, "
                  "tags and answers",
                  to_string(architecture)));
}

}  // namespace

struct ModelExplainer::Memory {
  model::Workspace workspace = {};
  std::optional<IntegratedGradients> gradients = {};  // made when first wanted
};

ModelExplainer::ModelExplainer(std::shared_ptr<const predict::SharedModel> model,
                               const ExplainOptions& options, const std::filesystem::path& path,
                               const tasks::PredictionOptions& prediction)
    : options_(options), model_(std::move(model)), memory_(std::make_shared<Memory>()) {
  require_explained(model_->architecture());
  check_options();
  task_ = tasks::prediction_task(model_->architecture(), trained(), prediction, path);
}

void ModelExplainer::check_options() const {
  if (options_.max_steps < 1) throw UsageError("max_steps", "`max_steps` must be at least 1");
  if (options_.pass_tokens < 1) throw UsageError("pass_tokens", "a pass takes at least one token");
  if (options_.target.empty()) return;
  const BertConfig& config = model_->config();
  const bool has_classes = model_->architecture() == Architecture::sequence_classification &&
                           config.problem_type != ProblemType::regression;
  const bool has_tags = model_->architecture() == Architecture::token_classification;
  const auto is_target = [&](std::string_view label) {  // "B-PER", or the entity "PER"
    return label == options_.target ||
           (label.size() > 2 && label[1] == '-' && label.substr(2) == options_.target);
  };
  if (!has_tags && !has_classes)
    throw UsageError("target", "`target` is a class, a label or a tag, and this model has none");
  if (!has_tags || std::ranges::none_of(config.id2label, is_target))
    index_of_label(config.id2label, options_.target);
}

ModelExplainer ModelExplainer::with(const ExplainOptions& options) const {
  ModelExplainer other = *this;
  other.options_ = options;
  other.check_options();
  return other;
}

Explanation ModelExplainer::explain(const Input& input, const BetweenPasses& between) {
  Prediction prediction = predict(input);
  if (between) between();
  return explain(input, std::move(prediction), between);
}

Explanation ModelExplainer::explain(const Input& input, Prediction prediction, const BetweenPasses& between) {
  Explanation explanation;
  explanation.prediction = std::move(prediction);
  const Question question = question_of(trained(), options_.target, input, explanation.prediction);
  explanation.truncated_tokens = question.sequence.truncated_tokens;
  explanation.method = method_for(question);
  for (const SequenceWord& word : question.sequence.words) explanation.words.push_back(word.shown);
  if (question.targets.empty()) return explanation;
  set_values(question, explanation);
  if (explanation.method == ExplainMethod::leave_one_out) {
    leave_out(question, between, explanation);
  } else {
    integrate(question, between, explanation);
  }
  return explanation;
}

Prediction ModelExplainer::predict(const Input& input) const {
  const tasks::Request request = task_->request(std::span(&input, 1), model_->tokenizer());
  std::optional<Prediction> result;
  model_->ask(request, {}, [&](std::int64_t, Prediction prediction) { result = std::move(prediction); });
  return std::move(result).value();
}

// All targets share the passes of leaving a word out, and each has its own of gradients.
ExplainMethod ModelExplainer::method_for(const Question& question) const {
  if (options_.method != ExplainMethod::automatic) return options_.method;
  const auto targets = std::max<std::int64_t>(1, std::ssize(question.targets));
  return std::ssize(question.sequence.words) <= kMostLeftOut * targets ? ExplainMethod::leave_one_out
                                                                       : ExplainMethod::integrated_gradients;
}

void ModelExplainer::set_values(const Question& question, Explanation& explanation) {
  Batch batch;
  batch.add(question.sequence.input_ids, question.sequence.token_type_ids);
  const std::span<const float> logits = model::run(model_->weights(), batch, memory_->workspace).logits;
  for (const Target& target : question.targets) {
    explanation.targets.push_back({.name = target.name,
                                   .text = target.text,
                                   .value = value_of(target, logits, model_->config()),
                                   .contributions = {}});
  }
}

void ModelExplainer::leave_out(const Question& question, const BetweenPasses& between,
                               Explanation& explanation) {
  std::vector<double> whole;
  for (const ExplainedTarget& target : explanation.targets) whole.push_back(target.value);
  std::vector<std::vector<double>> contributions =
      leave_one_out(model_->weights(), memory_->workspace, question.sequence, question.targets, whole,
                    stand_in(), {options_.pass_tokens, between});
  for (std::size_t i = 0; i < question.targets.size(); ++i)
    explanation.targets[i].contributions = std::move(contributions[i]);
}

void ModelExplainer::integrate(const Question& question, const BetweenPasses& between,
                               Explanation& explanation) {
  if (!memory_->gradients) memory_->gradients.emplace(model_->model());
  const std::int32_t padding = model_->tokenizer().pad_token_id();
  for (std::size_t i = 0; i < question.targets.size(); ++i) {
    const Attributions found = memory_->gradients->explain(
        question.sequence, question.targets[i], padding >= 0 ? padding : stand_in(),
        {options_.max_steps, options_.max_error}, {options_.pass_tokens, between});
    ExplainedTarget& target = explanation.targets[i];
    target.function_value = found.value, target.baseline_value = found.baseline;
    target.completeness_error = found.error, target.steps = found.steps;
    for (const SequenceWord& word : question.sequence.words) {
      double& sum = target.contributions.emplace_back();
      for (std::size_t t = word.first; t < word.end; ++t) sum += found.of_tokens[t];
    }
  }
}

// A word that is a target's own and not another's is both masked and left out. Gradients are of 16 and 32
// steps in most cases, and of several labels or tags there are few.
ExplanationSize ModelExplainer::size_of(const Input& input) const {
  constexpr std::int64_t kSteps = 16 + 32, kForwardAndBack = 3, kTargets = 4;
  const tasks::Request request = task_->request(std::span(&input, 1), model_->tokenizer());
  const std::int64_t rows = request.examples->rows();
  ExplanationSize size{{.tokens = request.examples->tokens_of_first(rows),
                        .windows = std::max<std::int64_t>(1, rows),
                        .truncated_tokens = request.truncated.tokens}};
  const WordsRead read = words_read(trained(), input);
  size.words = read.words;
  const bool has_tags = model_->architecture() == Architecture::token_classification;
  const bool has_labels = model_->config().problem_type == ProblemType::multi_label_classification;
  const bool has_several = (has_tags || has_labels) && options_.target.empty();
  const std::int64_t left_out = (has_tags ? 2 : 1) * size.words;
  const std::int64_t gradients = (has_several ? kTargets : 1) * kSteps * kForwardAndBack;
  const bool leaves_out =
      options_.method == ExplainMethod::leave_one_out ||
      (options_.method == ExplainMethod::automatic && (has_several || size.words <= kMostLeftOut));
  size.work = size.input.tokens + read.tokens * (1 + (leaves_out ? left_out : gradients));
  return size;
}

std::int32_t ModelExplainer::stand_in() const {
  const std::int32_t mask = model_->tokenizer().mask_token_id();
  return mask >= 0 ? mask : model_->tokenizer().unk_token_id();
}

}  // namespace bertune::insight
