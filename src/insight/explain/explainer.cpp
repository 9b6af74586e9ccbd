#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "bertune/explain.h"
#include "insight/explain/model_explainer.h"
#include "predict/predictor_implementation.h"
#include "train/model_folder.h"

namespace bertune {
namespace {

constexpr std::pair<ExplainMethod, std::string_view> kMethods[] = {
    {ExplainMethod::automatic, "auto"},
    {ExplainMethod::leave_one_out, "leave-one-out"},
    {ExplainMethod::integrated_gradients, "integrated-gradients"}};

}  // namespace

std::string_view to_string(ExplainMethod method) {
  return std::ranges::find(kMethods, method, &std::pair<ExplainMethod, std::string_view>::first)->second;
}

ExplainMethod explain_method_from_string(std::string_view name) {
  for (const auto& [method, known] : kMethods)
    if (known == name) return method;
  throw UsageError("method", fmt::format("`method` is \"{}\"; it must be auto, leave-one-out or "
                                         "integrated-gradients",
                                         name));
}

bool has_explanation(Architecture architecture) {
  return architecture == Architecture::sequence_classification ||
         architecture == Architecture::token_classification ||
         architecture == Architecture::question_answering;
}

struct Explainer::Implementation {
  explicit Implementation(insight::ModelExplainer made) : explainer(std::move(made)) {}
  insight::ModelExplainer explainer;
};

Explainer::Explainer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Explainer::Explainer(const std::filesystem::path& folder, const ExplainOptions& options)
    : Explainer(std::make_unique<Implementation>(insight::ModelExplainer(
          std::make_shared<const predict::SharedModel>(
              train::ModelFolder::open(folder, options.max_length, options.base), Precision::fp32),
          options, folder))) {}
Explainer::Explainer(const Predictor& predictor, const ExplainOptions& options)
    : Explainer(std::make_unique<Implementation>(insight::ModelExplainer(
          predictor.implementation_->model, options, predictor.implementation_->folder,
          predict::task_options(predictor.implementation_->options)))) {}
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer& Explainer::operator=(Explainer&&) noexcept = default;
Explainer::~Explainer() = default;

const BertConfig& Explainer::config() const { return implementation_->explainer.trained().config; }
std::span<const std::string> Explainer::labels() const { return implementation_->explainer.labels(); }
Explanation Explainer::explain(const Input& input, const BetweenPasses& between) {
  return implementation_->explainer.explain(input, between);
}
Explanation Explainer::explain(const Input& input, Prediction prediction, const BetweenPasses& between) {
  return implementation_->explainer.explain(input, std::move(prediction), between);
}
ExplanationSize Explainer::size_of(const Input& input) const {
  return implementation_->explainer.size_of(input);
}
Explainer Explainer::with(const ExplainOptions& options) const {
  return Explainer(std::make_unique<Implementation>(implementation_->explainer.with(options)));
}

}  // namespace bertune
