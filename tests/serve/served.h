// A service on tiny models of every head, and what is asked of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "predict/asked_models.h"
#include "serve/service.h"

namespace bertune::testing {

using Value = nlohmann::ordered_json;

inline AskedHead head_named(const std::string& name) {
  for (const AskedHead& head : asked_heads())
    if (head.name == name) return head;
  throw std::invalid_argument("there is no head " + name);
}

inline serve::HttpRequest get(const std::string& path, const serve::Headers& headers = {}) {
  serve::HttpRequest request{.method = "GET", .path = path, .query = "", .body = "", .headers = headers};
  if (request.header("Host").empty()) request.headers.emplace_back("Host", "localhost:8080");
  return request;
}
inline serve::HttpRequest post(const std::string& path, const Value& body,
                               const serve::Headers& headers = {}) {
  serve::HttpRequest request = get(path, headers);
  request.method = "POST";
  request.body = body.is_string() ? body.get<std::string>() : body.dump();
  return request;
}

// The JSON that the server's own protocol takes for an input of this head.
inline Value asked(const AskedHead& head, const Input& input) {
  switch (head.architecture) {
    case Architecture::question_answering:
      return {{"question", input.question}, {"context", input.context}};
    case Architecture::multiple_choice:
      return {{"question", input.question}, {"context", input.context}, {"choices", input.choices}};
    case Architecture::next_sentence_prediction:
      return {{"text", input.text}, {"text_pair", *input.text_pair}};
    default:
      return {{"text", input.text}};
  }
}

class Served {
 public:
  explicit Served(const std::vector<std::string>& heads, serve::ServiceOptions options = {},
                  const PredictorOptions& prediction = {})
      : service(sources(heads, prediction), std::move(options)) {
    service.load();
  }

  serve::HttpResponse ask(const serve::HttpRequest& request) {
    return serve::answer_and_wait(service, request);
  }
  Value json(const std::string& path, const Value& body) {
    const serve::HttpResponse response = ask(post(path, body));
    if (response.status != 200) throw std::runtime_error(response.body);
    return Value::parse(response.body);
  }
  int status(const serve::HttpRequest& request) { return ask(request).status; }
  std::string error(const std::string& path, const Value& body, int wanted) {
    const serve::HttpResponse response = ask(post(path, body));
    return response.status == wanted ? Value::parse(response.body).at("error").get<std::string>()
                                     : "status " + std::to_string(response.status) + ": " + response.body;
  }

 private:
  std::vector<serve::ModelSource> sources(const std::vector<std::string>& heads,
                                          const PredictorOptions& prediction) {
    std::vector<serve::ModelSource> list;
    for (const std::string& name : heads)
      list.push_back({name, write_model(files.path() / name, head_named(name)), prediction});
    return list;
  }

 public:
  TemporaryDirectory files;
  serve::Service service;
};

}  // namespace bertune::testing
