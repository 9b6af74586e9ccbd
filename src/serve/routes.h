// The one table of what can be asked: it routes, checks, and describes itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/call.h"
#include "serve/http.h"
#include "serve/shape.h"

namespace bertune::serve {

class Service;

enum class Access { open, key, admin };

struct Found {
  std::string model = {}, version = {};  // of the path; empty where it names none
};

// Either `now`, or `later`, or `body`, `read` and `write` are set.
struct Route {
  std::string_view method, path, summary, group;  // path: "{model}" is any one part
  Access access = Access::key;
  // An answer at once, which computes nothing.
  HttpResponse (*now)(const Service& service, const HttpRequest& request, const Found& found) = nullptr;
  // One that a worker makes.
  HttpResponse (*later)(Service& service) = nullptr;
  // Rows for a model: the shape of the body; what is asked; what is answered. They throw Refusal.
  Shape (*body)(const ServedModel& model) = nullptr;
  void (*read)(Call& call, const Json& body) = nullptr;
  HttpResponse (*write)(const Call& call) = nullptr;
  bool (*fits)(Head head) = nullptr;  // none: any model
  // The form of the answer; none: it is not described.
  Shape (*answer)(const ServedModel& model) = nullptr;
  std::string_view type = "application/json";
};

std::span<const Route> all_routes();

struct Match {
  const Route* route = nullptr;
  Found found = {};
  std::vector<std::string_view> methods = {};  // of routes of this path
};
Match match(std::string_view method, std::string_view path);

// The description of all that the model in front can answer: OpenAPI 3.1.
OrderedJson open_api(const Service& service);

// The protocols, a file each.
std::span<const Route> site_routes();             // health, facts, metrics, the page
std::span<const Route> native_routes();           // /v1/predict, /v1/tokenize
std::span<const Route> explain_routes();          // /v1/explain
std::span<const Route> hugging_face_routes();     // POST / and /invocations
std::span<const Route> text_embeddings_routes();  // text-embeddings-inference
std::span<const Route> open_ai_routes();          // /v1/embeddings, and vLLM's /v1/classify
std::span<const Route> open_inference_routes();   // /v2

}  // namespace bertune::serve
