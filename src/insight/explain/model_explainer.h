// ModelExplainer is Explainer for a model that is open already, to predict.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "bertune/explain.h"
#include "insight/explain/question.h"
#include "predict/shared_model.h"
#include "tasks/request.h"

namespace bertune::insight {

class ModelExplainer {
 public:
  // `path` names the folder in errors. Throws UsageError as Explainer does.
  ModelExplainer(std::shared_ptr<const predict::SharedModel> model, const ExplainOptions& options,
                 const std::filesystem::path& path, const tasks::PredictionOptions& prediction = {});

  tasks::TrainedModel trained() const { return model_->trained(); }
  std::span<const std::string> labels() const { return task_->label_names(); }

  // Explainer's.
  ModelExplainer with(const ExplainOptions& options) const;
  ExplanationSize size_of(const Input& input) const;
  Explanation explain(const Input& input, const BetweenPasses& between);
  Explanation explain(const Input& input, Prediction prediction, const BetweenPasses& between);

 private:
  // Memory of passes, one at a time.
  struct Memory;

  void check_options() const;
  Prediction predict(const Input& input) const;
  ExplainMethod method_for(const Question& question) const;
  void set_values(const Question& question, Explanation& explanation);
  void leave_out(const Question& question, const BetweenPasses& between, Explanation& explanation);
  void integrate(const Question& question, const BetweenPasses& between, Explanation& explanation);
  std::int32_t stand_in() const;  // of a word that is not to be seen

  ExplainOptions options_;
  std::shared_ptr<const predict::SharedModel> model_;
  std::shared_ptr<const tasks::PredictionTask> task_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace bertune::insight
