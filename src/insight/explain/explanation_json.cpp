#include <algorithm>

#include "bertune/explain.h"
#include "core/json.h"
#include "tasks/prediction.h"

namespace bertune {

std::string to_json(const Explanation& explanation, std::span<const std::string> labels) {
  const bool has_parts =
      std::ranges::any_of(explanation.words, [](const auto& word) { return word.part > 0; });
  OrderedJson words = OrderedJson::array(), targets = OrderedJson::array();
  for (const ExplainedWord& word : explanation.words) {
    OrderedJson& object = words.emplace_back(OrderedJson::object());
    object["text"] = tasks::valid_text(word.text);
    if (has_parts) object["part"] = word.part;
    if (word.place)
      object["start"] = word.place->code_points.begin, object["end"] = word.place->code_points.end;
  }
  for (const ExplainedTarget& target : explanation.targets) {
    OrderedJson& object = targets.emplace_back(OrderedJson::object());
    object["target"] = tasks::valid_text(target.name);
    if (!target.text.empty()) object["text"] = tasks::valid_text(target.text);
    object["value"] = target.value;
    object["contributions"] = target.contributions;
    if (target.steps == 0) continue;
    object["function"] = target.function_value;
    object["baseline"] = target.baseline_value;
    object["steps"] = target.steps;
    object["completeness_error"] = target.completeness_error;
  }
  OrderedJson object = tasks::prediction_json(explanation.prediction, labels);
  object["explanation"] = {{"method", to_string(explanation.method)}, {"words", words}, {"targets", targets}};
  if (explanation.truncated_tokens > 0)
    object["explanation"]["truncated_tokens"] = explanation.truncated_tokens;
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace bertune
