#include "cli/commands/explained_lines.h"

#include <string_view>
#include <utility>

#include "cli/commands/explain_options.h"
#include "insight/explain/explanation_json.h"
#include "report/explanation_report.h"
#include "tasks/prediction.h"

namespace bertune::cli {
namespace {

// A line with something put before its last `end`.
std::string with(const std::string& line, std::string_view end, const std::string& more) {
  return line.substr(0, line.size() - end.size()) + more + std::string(end);
}

}  // namespace

ExplainedLines::ExplainedLines(std::shared_ptr<const predict::SharedModel> model,
                               const PredictOptions& options)
    : explainer_(std::move(model), options.explanations.options(), options.model.folder),
      is_csv_(options.output_format == "csv"),
      top_(options.explanations.top) {}

std::string ExplainedLines::header(const std::string& header) const {
  return header.empty() ? header : with(header, "\n", ",words");
}

std::string ExplainedLines::line(const std::string& line, const Input& input, const Prediction& prediction) {
  const Explanation why = explainer_.explain(input, prediction, stop_where_asked);
  if (is_csv_) return with(line, "\n", "," + tasks::csv_field(report::words_cell(why, top_)));
  std::string json = tasks::json_line(insight::explanation_json(why));
  json.pop_back();
  return with(line, "}\n", ",\"explanation\":" + json);
}

}  // namespace bertune::cli
