// The answers of `predict`, with the words that they come from.
#pragma once

#include <memory>
#include <string>

#include "cli/commands/predict_command.h"
#include "insight/explain/model_explainer.h"
#include "predict/shared_model.h"
#include "tasks/request.h"

namespace bertune::cli {

class ExplainedLines {
 public:
  // Throws UsageError for a model without explanations.
  ExplainedLines(std::shared_ptr<const predict::SharedModel> model, const PredictOptions& options);

  // A line of JSON gets "explanation", and one of CSV a column "words".
  std::string header(const std::string& header) const;
  std::string line(const std::string& line, const Input& input, const Prediction& prediction);

 private:
  insight::ModelExplainer explainer_;
  bool is_csv_;
  std::int64_t top_;
};

}  // namespace bertune::cli
