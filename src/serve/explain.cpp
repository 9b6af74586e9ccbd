// The words that predictions come from, for every head that has an explanation.

#include <algorithm>
#include <memory>
#include <utility>

#include "insight/explain/explanation_json.h"
#include "serve/inputs.h"
#include "serve/routes.h"

namespace bertune::serve::explaining {
namespace {

// A small request shall not ask for much: besides these, its time is bounded (Scheduler).
constexpr double kMostTexts = 32;
constexpr std::int64_t kMostSteps = 128;  // of gradients; what is left of their error is in the answer
constexpr double kPassSeconds = 0.05;     // of passes, between which predictions are computed

bool is_explained(Head head) {
  return head == Head::classes || head == Head::several_labels || head == Head::number ||
         head == Head::tags || head == Head::entities || head == Head::answers;
}

// The labels, and the entities that tags name.
std::vector<std::string> targets_of(const ServedModel& model) {
  std::vector<std::string> names = model.predictor().config().id2label;
  if (model.head() != Head::entities) return names;
  for (const std::string& tag : std::vector<std::string>(names)) {
    if (tag.size() > 2 && tag[1] == '-' && std::ranges::find(names, tag.substr(2)) == names.end())
      names.push_back(tag.substr(2));
  }
  return names;
}

Shape body(const ServedModel& model) {
  std::vector<Field> options = {
      {"method", text_of({"auto", "leave-one-out", "integrated-gradients"})},
      {"truncate",
       boolean_shape().said("Longer texts than the model reads are cut (true), or refused (false)")}};
  if (model.head() != Head::number && model.head() != Head::answers) {
    options.push_back({"target", text_of(targets_of(model))
                                     .or_null()
                                     .said("What to explain; what is predicted where it is left out")});
  }
  return object_of(
      {model_field(model),
       {"inputs", one_or_many(input_shape(model), kMostTexts).said("One input, or a list"), true},
       {"options", object_of(std::move(options)).or_null()}});
}

Shape word_shape() {
  const Shape place = integer_shape(0, 1e9);
  return open_object_of({{"text", text_shape(), true}, {"part", place}, {"start", place}, {"end", place}});
}

Shape answer(const ServedModel& /*model*/) {
  const Shape target = open_object_of({{"target", text_shape(), true},
                                       {"value", number_shape(-1e30, 1e30), true},
                                       {"contributions", list_of(number_shape(-1e30, 1e30)), true}});
  const Shape explanation = open_object_of({{"method", text_shape(), true},
                                            {"words", list_of(word_shape()), true},
                                            {"targets", list_of(target), true}});
  return open_object_of(
      {{"results",
        list_of(open_object_of(
                    {{"explanation", explanation},
                     {"error", object_of({{"type", text_shape(), true}, {"message", text_shape(), true}})}}))
            .said("What /v1/predict answers, with an explanation: a number for each word and target"),
        true}});
}

void read(Call& call, const Json& body) {
  add_rows(call, body.at("inputs"));
  ExplainOptions options{.max_steps = kMostSteps};
  const double tokens = kPassSeconds * call.model->tokens_per_second();
  options.pass_tokens = std::clamp<std::int64_t>(static_cast<std::int64_t>(tokens), 32, options.pass_tokens);
  if (const Json asked = body.value("options", Json()); asked.is_object()) {
    call.options.truncate = asked.value("truncate", true);
    options.method = explain_method_from_string(asked.value("method", "auto"));
    if (const Json target = asked.value("target", Json()); target.is_string())
      options.target = target.get<std::string>();
  }
  call.explainer = std::make_shared<Explainer>(call.model->explainer()->with(options));
}

OrderedJson result_of(const Call& call, const Row& row) {
  OrderedJson result = prediction_object(call, row);
  result["explanation"] = insight::explanation_json(*row.explanation);
  return result;
}

HttpResponse write(const Call& call) { return results_response(call, result_of); }

const Route kRoutes[] = {{.method = "POST",
                          .path = "/v1/explain",
                          .summary = "Explain predictions: which words they come from",
                          .group = "Bertune",
                          .body = body,
                          .read = read,
                          .write = write,
                          .fits = is_explained,
                          .answer = answer}};

}  // namespace
}  // namespace bertune::serve::explaining

namespace bertune::serve {

std::span<const Route> explain_routes() { return explaining::kRoutes; }

}  // namespace bertune::serve
