#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"
#include "bertune/explain.h"
#include "insight/explain/folder_explainer.h"

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

struct Explainer::Implementation : insight::FolderExplainer {
  using FolderExplainer::FolderExplainer;
};

Explainer::Explainer(const std::filesystem::path& folder, const ExplainOptions& options)
    : implementation_(std::make_unique<Implementation>(
          train::ModelFolder::open(folder, options.max_length, options.base), options, folder)) {}
Explainer::Explainer(Explainer&&) noexcept = default;
Explainer& Explainer::operator=(Explainer&&) noexcept = default;
Explainer::~Explainer() = default;

const BertConfig& Explainer::config() const { return implementation_->trained().config; }
std::span<const std::string> Explainer::labels() const { return implementation_->labels(); }
Explanation Explainer::explain(const Input& input) { return implementation_->explain(input); }

}  // namespace bertune
