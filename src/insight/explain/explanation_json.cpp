#include "insight/explain/explanation_json.h"

#include <algorithm>
#include <utility>

#include "tasks/prediction.h"

namespace bertune {
namespace insight {

OrderedJson explanation_json(const Explanation& explanation) {
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
  OrderedJson json = {{"method", to_string(explanation.method)},
                      {"words", std::move(words)},
                      {"targets", std::move(targets)}};
  if (explanation.truncated_tokens > 0) json["truncated_tokens"] = explanation.truncated_tokens;
  return json;
}

}  // namespace insight

std::string to_json(const Explanation& explanation, std::span<const std::string> labels) {
  OrderedJson object = tasks::prediction_json(explanation.prediction, labels);
  object["explanation"] = insight::explanation_json(explanation);
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace bertune
