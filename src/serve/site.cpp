// The server describes itself here: health, facts, metrics, and the page.
#include <fmt/format.h>

#include "serve/inputs.h"
#include "serve/page.h"
#include "serve/routes.h"
#include "serve/service.h"

namespace bertune::serve::site {
namespace {

HttpResponse live(const Service& /*service*/, const HttpRequest& /*request*/, const Found& /*found*/) {
  return json_response({{"status", "ok"}});
}

HttpResponse ready(const Service& service, const HttpRequest& /*request*/, const Found& /*found*/) {
  if (!service.is_ready())
    throw Refusal{503, "Unhealthy", "not ready: the model is being loaded, or the server ends"};
  return json_response({{"status", "ok"}});
}

// Names of what the model can answer; none for heads without labels.
std::vector<std::string> label_names(const ServedModel& model) {
  const std::span<const std::string> labels = model.predictor().labels();
  if (model.head() == Head::entities || model.head() == Head::tags)
    return model.predictor().config().id2label;
  return {labels.begin(), labels.end()};
}

OrderedJson facts_of(const ServedModel& model) {
  const Predictor& predictor = model.predictor();
  OrderedJson facts = {{"name", model.name()},
                       {"version", model.version()},
                       {"head", to_string(model.head())},
                       {"architecture", to_string(predictor.architecture())},
                       {"labels", label_names(model)},
                       {"explains", model.explainer().has_value()},
                       {"max_length", predictor.max_length()},
                       {"hidden_size", predictor.config().hidden_size},
                       {"num_hidden_layers", predictor.config().num_hidden_layers},
                       {"vocab_size", predictor.tokenizer().vocab_size()},
                       {"weights_bytes", predictor.weights_bytes()}};
  const BertTokenizer& tokenizer = predictor.tokenizer();
  if (model.head() == Head::masks) facts["mask_token"] = tokenizer.id_to_token(tokenizer.mask_token_id());
  return facts;
}

// The kind of a model, as text-embeddings-inference names it.
OrderedJson kind_of(const ServedModel& model) {
  if (model.head() == Head::embeddings) return {{"embedding", {{"pooling", "as the model's files say"}}}};
  OrderedJson names = OrderedJson::object(), ids = OrderedJson::object();
  const std::vector<std::string> labels = label_names(model);
  for (std::size_t i = 0; i < labels.size(); ++i) names[std::to_string(i)] = labels[i], ids[labels[i]] = i;
  return {{"classifier", {{"id2label", std::move(names)}, {"label2id", std::move(ids)}}}};
}

HttpResponse info(const Service& service, const HttpRequest& /*request*/, const Found& /*found*/) {
  OrderedJson models = OrderedJson::array();
  for (const auto& model : service.models().all()) models.push_back(facts_of(*model));
  OrderedJson body = {{"name", "bertune"}, {"version", BERTUNE_VERSION}};
  if (const auto first = service.models().find("")) {
    const double seconds = std::chrono::duration<double>(service.options().scheduler.max_batch).count();
    body["model_id"] = first->name(), body["model_sha"] = first->version(), body["model_dtype"] = "float32";
    body["served_model_name"] = first->name(), body["model_type"] = kind_of(*first);
    body["max_input_length"] = first->predictor().max_length();
    body["max_batch_tokens"] = static_cast<std::int64_t>(first->tokens_per_second() * seconds);
  }
  body["max_batch_requests"] = nullptr;
  body["max_concurrent_requests"] = service.options().max_waiting;
  body["max_queue_tokens"] = service.options().scheduler.max_queue_tokens;
  body["max_client_batch_size"] = static_cast<std::int64_t>(kMostRows);
  body["auto_truncate"] = true;
  body["tokenization_workers"] = service.options().workers;
  body["models"] = std::move(models);
  return json_response(body);
}

HttpResponse metrics(const Service& service, const HttpRequest& /*request*/, const Found& /*found*/) {
  return {.body = service.metrics_text(), .type = "text/plain; version=0.0.4; charset=utf-8"};
}

// This takes a millisecond, which is too long for the network's thread.
HttpResponse description(Service& service) { return json_response(open_api(service)); }

HttpResponse front(const Service& service, const HttpRequest& request, const Found& found) {
  if (!service.options().has_page || request.header("Accept").find("text/html") == std::string_view::npos) {
    // The page needs no key, for it asks for one itself.
    if (auto refusal = refused_key(request, service.options().protection)) throw Refusal(*refusal);
    return info(service, request, found);
  }
  return {.body = std::string(page()),
          .type = "text/html; charset=utf-8",
          .headers = {
              {"Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
              {"Referrer-Policy", "no-referrer"}}};
}

HttpResponse reload(Service& service) {
  try {
    service.load();
  } catch (const std::exception& error) {
    return error_response(500, "Backend", fmt::format("the models stay as they were: {}", error.what()));
  }
  OrderedJson models = OrderedJson::array();
  for (const auto& model : service.models().all())
    models.push_back({{"name", model->name()}, {"version", model->version()}});
  return json_response({{"models", std::move(models)}});
}

constexpr std::string_view kGroup = "Server";
const Route kRoutes[] = {
    {.method = "GET",
     .path = "/",
     .summary = "The page for people, or what /info says",
     .group = kGroup,
     .access = Access::open,
     .now = front},
    {.method = "GET",
     .path = "/health",
     .summary = "Whether the server answers",
     .group = kGroup,
     .access = Access::open,
     .now = ready},
    {.method = "GET",
     .path = "/health/live",
     .summary = "Whether the server runs",
     .group = kGroup,
     .access = Access::open,
     .now = live},
    {.method = "GET",
     .path = "/health/ready",
     .summary = "Whether the server answers",
     .group = kGroup,
     .access = Access::open,
     .now = ready},
    {.method = "GET", .path = "/info", .summary = "The models and the limits", .group = kGroup, .now = info},
    {.method = "GET",
     .path = "/metrics",
     .summary = "Counts and times, for Prometheus",
     .group = kGroup,
     .now = metrics,
     .type = "text/plain"},
    {.method = "GET",
     .path = "/openapi.json",
     .summary = "This description",
     .group = kGroup,
     .later = description},
    {.method = "POST",
     .path = "/admin/reload",
     .summary = "Load the models again",
     .group = kGroup,
     .access = Access::admin,
     .later = reload},
};

}  // namespace
}  // namespace bertune::serve::site

namespace bertune::serve {

std::span<const Route> site_routes() { return site::kRoutes; }

}  // namespace bertune::serve
