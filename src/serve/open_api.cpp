// The description of the interface, made of the table of routes.
#include <fmt/format.h>

#include "serve/routes.h"
#include "serve/service.h"

namespace bertune::serve {
namespace {

OrderedJson described(std::string_view what, OrderedJson schema, std::string_view type = "application/json") {
  return {{"description", what},
          {"content", OrderedJson{{std::string(type), OrderedJson{{"schema", std::move(schema)}}}}}};
}

OrderedJson described_error(std::string_view what) {
  return described(what, {{"$ref", "#/components/schemas/Error"}});
}

OrderedJson all_responses_of(const Route& route, const ServedModel* model) {
  OrderedJson schema = OrderedJson::object();
  if (route.answer != nullptr && model != nullptr) schema = json_schema(route.answer(*model));
  if (route.type != "application/json") schema = {{"type", "string"}};
  OrderedJson responses = {{"200", described("The answer", std::move(schema), route.type)}};
  responses["401"] = described_error("A key is needed");
  responses["403"] = described_error("A page of another site, or a key that is none");
  responses["421"] = described_error("The server does not answer under that name");
  responses["400"] = described_error("No HTTP request, or no JSON");
  responses["404"] = described_error("There is no such path or model");
  responses["408"] = described_error("The request came too slowly");
  responses["431"] = described_error("The header is too large");
  responses["503"] = described_error("The model is being loaded, or the server ends");
  if (route.body == nullptr) {
    if (route.later != nullptr) responses["500"] = described_error("It failed");
    return responses;
  }
  if (route.group == "Open Inference Protocol")
    responses["409"] = described_error("The tensors do not go together");
  responses["413"] = described_error("The body is too large");
  responses["422"] = described_error("A field is wrong");
  responses["429"] = described_error("Too much is waiting; Retry-After says for how long");
  responses["500"] = described_error("It could not be computed");
  responses["504"] = described_error("The deadline passed");
  return responses;
}

OrderedJson parameters_of(const Route& route, const ServedModel* model) {
  OrderedJson list = OrderedJson::array();
  const auto add = [&](const char* name, const std::string& value) {
    if (route.path.find(fmt::format("{{{}}}", name)) == std::string_view::npos) return;
    list.push_back({{"name", name},
                    {"in", "path"},
                    {"required", true},
                    {"schema", {{"type", "string"}, {"enum", OrderedJson::array({value})}}}});
  };
  if (model == nullptr) return list;
  add("model", model->name());
  add("version", model->version());
  return list;
}

OrderedJson operation_of(const Route& route, const ServedModel* model) {
  OrderedJson operation = {{"summary", route.summary}, {"tags", OrderedJson::array({route.group})}};
  if (OrderedJson parameters = parameters_of(route, model); !parameters.empty())
    operation["parameters"] = std::move(parameters);
  if (route.body != nullptr && model != nullptr) {
    operation["requestBody"] = {
        {"required", true},
        {"content", {{"application/json", {{"schema", json_schema(route.body(*model))}}}}}};
  }
  operation["responses"] = all_responses_of(route, model);
  if (route.access == Access::open) operation["security"] = OrderedJson::array();
  return operation;
}

}  // namespace

OrderedJson open_api(const Service& service) {
  const auto model = service.models().find("");
  OrderedJson paths = OrderedJson::object();
  for (const Route& route : all_routes()) {
    if (route.fits != nullptr && (!model || !route.fits(model->head()))) continue;
    std::string method = route.method == "GET" ? "get" : "post";
    paths[std::string(route.path)][method] = operation_of(route, model.get());
  }
  OrderedJson description = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Bertune"},
        {"version", BERTUNE_VERSION},
        {"description", "Predictions of a fine-tuned BERT. Offsets count code points; texts are UTF-8."}}},
      {"paths", std::move(paths)}};
  OrderedJson& components = description["components"] = OrderedJson::object();
  components["schemas"]["Error"] = {
      {"type", "object"},
      {"properties", {{"error", {{"type", "string"}}}, {"error_type", {{"type", "string"}}}}},
      {"required", OrderedJson::array({"error", "error_type"})}};
  if (!service.options().protection.keys.empty()) {
    components["securitySchemes"]["key"] = {{"type", "http"}, {"scheme", "bearer"}};
    description["security"] = OrderedJson::array({OrderedJson{{"key", OrderedJson::array()}}});
  }
  return description;
}

}  // namespace bertune::serve
