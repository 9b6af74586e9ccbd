// FolderExplainer is Explainer for a model folder that is open already.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bertune/explain.h"
#include "insight/explain/integrated_gradients.h"
#include "insight/explain/question.h"
#include "tasks/request.h"
#include "train/model_folder.h"

namespace bertune::model {
class Workspace;
}

namespace bertune::insight {

class FolderExplainer {
 public:
  // `path` names the folder in errors. Throws UsageError as Explainer does.
  FolderExplainer(train::ModelFolder folder, const ExplainOptions& options,
                  const std::filesystem::path& path);
  FolderExplainer(const FolderExplainer&) = delete;
  FolderExplainer& operator=(const FolderExplainer&) = delete;
  ~FolderExplainer();

  tasks::TrainedModel trained() const {
    return {folder_.tokenizer, folder_.model.config(), folder_.max_length, folder_.settings};
  }
  std::span<const std::string> labels() const { return task_->label_names(); }
  Explanation explain(const Input& input);

 private:
  Prediction predict(const Input& input);
  void set_values(const Question& question, Explanation& explanation);
  void leave_out(const Question& question, Explanation& explanation);
  void integrate(const Question& question, Explanation& explanation);
  std::int32_t stand_in() const;  // of a word that is not to be seen

  ExplainOptions options_;
  train::ModelFolder folder_;
  std::shared_ptr<const model::Weights> weights_;
  std::unique_ptr<const tasks::PredictionTask> task_;
  std::unique_ptr<model::Workspace> workspace_;
  std::optional<IntegratedGradients> gradients_;  // made when first wanted
};

}  // namespace bertune::insight
