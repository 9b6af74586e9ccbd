// The Open Inference Protocol, version 2 (Triton, KServe, MLServer), in JSON.
#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "serve/inputs.h"
#include "serve/routes.h"
#include "serve/service.h"
#include "tasks/prediction.h"

namespace bertune::serve::open_inference {
namespace {

std::vector<std::string> input_names(Head head) {
  if (head == Head::answers) return {"question", "context"};
  if (head == Head::choices) return {"question", "context", "choices"};
  if (head == Head::masks || head == Head::tags || head == Head::entities) return {"text"};
  return {"text", "text_pair"};
}

bool is_needed(Head head, std::string_view name) {
  return name == "text" || name == "question" || name == "choices" || head == Head::answers ||
         (head == Head::next_sentence && name == "text_pair");
}

std::vector<std::string> output_names(Head head) {
  switch (head) {
    case Head::classes:
      return {"label", "scores", "prediction"};
    case Head::several_labels:
      return {"scores", "prediction"};
    case Head::number:
      return {"score", "prediction"};
    case Head::embeddings:
      return {"embedding", "prediction"};
    default:
      return {"prediction"};
  }
}

bool is_text(std::string_view output) { return output == "label" || output == "prediction"; }

Shape body_shape(const ServedModel& model) {
  const Shape shape = list_of(integer_shape(1, kMostRows)).at_least(1).at_most(2);
  const Shape input =
      object_of({{"name", text_of(input_names(model.head())), true},
                 {"shape", shape, true},
                 {"datatype", text_of({"BYTES"}), true},
                 {"parameters", open_object_of({})},
                 {"data", list_of(text_shape_for(model)).at_least(1).at_most(kMostRows), true}});
  const Shape output =
      object_of({{"name", text_of(output_names(model.head())), true}, {"parameters", open_object_of({})}});
  return object_of({{"id", text_shape()},
                    {"parameters", open_object_of({})},
                    {"inputs", list_of(input).at_least(1).at_most(3), true},
                    {"outputs", list_of(output).at_most(3)}});
}

// The part of an input that one tensor gives; where several do not go together, no schema of one could have
// said so.
void set(Input& input, const std::string& name, const std::string& text) {
  if (name == "text") input.text = text;
  if (name == "text_pair") input.text_pair = text;
  if (name == "question") input.question = text;
  if (name == "context") input.context = text;
  if (name != "choices") return;
  try {
    const Json list = parse_json(text, "choices");
    require_shape(list, list_of(text_shape()).at_least(2).at_most(64), "choices");
    input.choices = list.get<std::vector<std::string>>();
  } catch (const Refusal& refusal) {
    throw Refusal{409, "Conflict", refusal.sentence};
  } catch (const Error& error) {
    throw Refusal{409, "Conflict", error.what()};
  }
}

void read(Call& call, const Json& body) {
  const Head head = call.model->head();
  const Json& inputs = body.at("inputs");
  const std::size_t rows = inputs[0].at("data").size();
  call.rows.resize(rows);
  std::vector<std::string> given;
  for (const Json& tensor : inputs) {
    const auto& name = given.emplace_back(tensor.at("name"));
    if (std::ranges::count(given, name) > 1)
      throw Refusal{409, "Conflict", fmt::format("there are two inputs \"{}\"", name)};
    std::int64_t size = 1;
    for (const Json& extent : tensor.at("shape")) size *= extent.get<std::int64_t>();
    if (tensor.at("data").size() != rows || size != static_cast<std::int64_t>(rows)) {
      throw Refusal{409, "Conflict",
                    fmt::format("input \"{}\" has {} texts, its shape says {}, and the first input has {}",
                                name, tensor.at("data").size(), size, rows)};
    }
    for (std::size_t i = 0; i < rows; ++i) set(call.rows[i].input, name, tensor["data"][i]);
  }
  for (const Row& row : call.rows) count_text(call, row.input);
  for (const std::string& name : input_names(head))
    if (is_needed(head, name) && std::ranges::find(given, name) == given.end())
      throw Refusal{409, "Conflict", fmt::format("there is no input \"{}\", which this model reads", name)};
  call.asked = {{"id", body.value("id", Json())}, {"outputs", body.value("outputs", Json::array())}};
}

void add_value(OrderedJson& data, const Call& call, const Row& row, std::string_view output) {
  if (output == "prediction") {
    std::string line = tasks::json_line(prediction_object(call, row));
    line.pop_back();
    data.push_back(std::move(line));
  } else if (output == "label") {
    data.push_back(std::get<Label>(*row.prediction).label);
  } else if (output == "score") {
    data.push_back(std::get<Score>(*row.prediction).score);
  } else if (output == "embedding") {
    if (!std::holds_alternative<Embedding>(*row.prediction))
      throw Refusal{422, "Validation", "a pair of texts has no embedding; ask for the output \"prediction\""};
    const OrderedJson vector = prediction_object(call, row).at("embedding");
    data.insert(data.end(), vector.begin(), vector.end());
  } else {
    for (const double score : class_scores(*row.prediction)) data.push_back(score);
  }
}

OrderedJson tensor_of(const Call& call, const std::string& name) {
  OrderedJson data = OrderedJson::array();
  for (const Row& row : call.rows) add_value(data, call, row, name);
  OrderedJson shape = {call.rows.size()};
  if (name == "scores" || name == "embedding") shape.push_back(data.size() / call.rows.size());
  return {{"name", name}, {"shape", shape}, {"datatype", is_text(name) ? "BYTES" : "FP32"}, {"data", data}};
}

HttpResponse write(const Call& call) {
  require_all(call);
  std::vector<std::string> names;
  for (const Json& output : call.asked.at("outputs")) names.push_back(output.at("name"));
  if (names.empty()) {
    names = output_names(call.model->head());
    if (names.size() > 1) names.pop_back();  // "prediction" says the same
  }
  OrderedJson outputs = OrderedJson::array();
  for (const std::string& name : names) outputs.push_back(tensor_of(call, name));
  OrderedJson answer = {{"model_name", call.model->name()}, {"model_version", call.model->version()}};
  if (call.asked.at("id").is_string()) answer["id"] = call.asked.at("id").get<std::string>();
  answer["outputs"] = std::move(outputs);
  return json_response(answer);
}

HttpResponse server(const Service& /*service*/, const HttpRequest& /*request*/, const Found& /*found*/) {
  return json_response(
      {{"name", "bertune"}, {"version", BERTUNE_VERSION}, {"extensions", OrderedJson::array()}});
}

HttpResponse live(const Service& /*service*/, const HttpRequest& /*request*/, const Found& /*found*/) {
  return json_response({{"live", true}});
}

HttpResponse ready(const Service& service, const HttpRequest& /*request*/, const Found& /*found*/) {
  if (!service.is_ready()) return error_response(503, "Unhealthy", "not ready");
  return json_response({{"ready", true}});
}

std::shared_ptr<const ServedModel> model_of(const Service& service, const Found& found) {
  auto model = service.models().find(found.model);
  if (!model || (!found.version.empty() && found.version != model->version()))
    throw Refusal{404, "NotFound", "there is no such model of that version"};
  return model;
}

HttpResponse model_ready(const Service& service, const HttpRequest& /*request*/, const Found& found) {
  return json_response({{"name", model_of(service, found)->name()}, {"ready", true}});
}

HttpResponse model_facts(const Service& service, const HttpRequest& /*request*/, const Found& found) {
  const auto model = model_of(service, found);
  const Predictor& predictor = model->predictor();
  OrderedJson inputs = OrderedJson::array(), outputs = OrderedJson::array();
  for (const std::string& name : input_names(model->head()))
    inputs.push_back({{"name", name}, {"datatype", "BYTES"}, {"shape", {-1}}});
  for (const std::string& name : output_names(model->head())) {
    OrderedJson shape = {-1};
    if (name == "scores") shape.push_back(predictor.labels().size());
    if (name == "embedding") shape.push_back(predictor.config().hidden_size);
    outputs.push_back({{"name", name}, {"datatype", is_text(name) ? "BYTES" : "FP32"}, {"shape", shape}});
  }
  return json_response({{"name", model->name()},
                        {"versions", {model->version()}},
                        {"platform", "bertune"},
                        {"inputs", std::move(inputs)},
                        {"outputs", std::move(outputs)}});
}

constexpr std::string_view kGroup = "Open Inference Protocol";
const Route kRoutes[] = {
    {.method = "GET", .path = "/v2", .summary = "The server", .group = kGroup, .now = server},
    {.method = "GET",
     .path = "/v2/health/live",
     .summary = "Whether the server runs",
     .group = kGroup,
     .access = Access::open,
     .now = live},
    {.method = "GET",
     .path = "/v2/health/ready",
     .summary = "Whether it answers",
     .group = kGroup,
     .access = Access::open,
     .now = ready},
    {.method = "GET",
     .path = "/v2/models/{model}",
     .summary = "A model's inputs and outputs",
     .group = kGroup,
     .now = model_facts},
    {.method = "GET",
     .path = "/v2/models/{model}/ready",
     .summary = "Whether a model answers",
     .group = kGroup,
     .now = model_ready},
    {.method = "POST",
     .path = "/v2/models/{model}/infer",
     .summary = "Predict",
     .group = kGroup,
     .body = body_shape,
     .read = read,
     .write = write},
    {.method = "GET",
     .path = "/v2/models/{model}/versions/{version}",
     .summary = "The same, of a version",
     .group = kGroup,
     .now = model_facts},
    {.method = "GET",
     .path = "/v2/models/{model}/versions/{version}/ready",
     .summary = "The same, of a version",
     .group = kGroup,
     .now = model_ready},
    {.method = "POST",
     .path = "/v2/models/{model}/versions/{version}/infer",
     .summary = "Predict, of a version",
     .group = kGroup,
     .body = body_shape,
     .read = read,
     .write = write},
};

}  // namespace
}  // namespace bertune::serve::open_inference

namespace bertune::serve {

std::span<const Route> open_inference_routes() { return open_inference::kRoutes; }

}  // namespace bertune::serve
