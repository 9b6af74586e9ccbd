// The shapes of OpenAI's embeddings, and of vLLM's classification.
#include <fmt/format.h>

#include <chrono>

#include "serve/inputs.h"
#include "serve/routes.h"

namespace bertune::serve::open_ai {
namespace {

bool is_embedder(Head head) { return head == Head::embeddings; }
bool has_classes(Head head) { return head == Head::classes || head == Head::several_labels; }

Field input_field() { return {"input", one_or_many(text_shape()).said("A text, or a list"), true}; }

Shape embeddings_body(const ServedModel& model) {
  const auto width = static_cast<double>(model.predictor().config().hidden_size);
  return object_of({model_field(model),
                    input_field(),
                    {"encoding_format", text_of({"float", "base64"}).or_null()},
                    {"dimensions", integer_shape(width, width).or_null()},
                    {"user", text_shape().or_null()}});
}

Shape classify_body(const ServedModel& model) {
  return object_of({model_field(model), input_field(), {"user", text_shape().or_null()}});
}

void read(Call& call, const Json& body) {
  add_rows(call, body.at("input"));
  call.asked = {{"base64", body.value("encoding_format", Json()) == "base64"}};
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t value = 0;
    for (std::size_t j = 0; j < 3; ++j)
      value = value << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? kLetters[value >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::string base64_of(const std::vector<float>& numbers) {
  static_assert(std::endian::native == std::endian::little);
  return base64({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
}

OrderedJson usage_of(const Call& call) {
  return {{"prompt_tokens", call.tokens}, {"total_tokens", call.tokens}};
}

HttpResponse write_embeddings(const Call& call) {
  require_all(call);
  OrderedJson data = OrderedJson::array();
  for (std::size_t i = 0; i < call.rows.size(); ++i) {
    OrderedJson vector = call.asked.at("base64")
                             ? OrderedJson(base64_of(std::get<Embedding>(*call.rows[i].prediction).embedding))
                             : OrderedJson(prediction_object(call, call.rows[i]).at("embedding"));
    data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", std::move(vector)}});
  }
  return json_response({{"object", "list"},
                        {"data", std::move(data)},
                        {"model", call.model->name()},
                        {"usage", usage_of(call)}});
}

HttpResponse write_classes(const Call& call) {
  require_all(call);
  OrderedJson data = OrderedJson::array();
  for (std::size_t i = 0; i < call.rows.size(); ++i) {
    const std::vector<LabelScore> best = label_scores(*call.model, *call.rows[i].prediction);
    const std::vector<double>& scores = class_scores(*call.rows[i].prediction);
    data.push_back(
        {{"index", i}, {"label", best.front().label}, {"probs", scores}, {"num_classes", scores.size()}});
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return json_response({{"id", fmt::format("classify-{:x}", now.count())},
                        {"object", "list"},
                        {"created", std::chrono::duration_cast<std::chrono::seconds>(now).count()},
                        {"model", call.model->name()},
                        {"data", std::move(data)},
                        {"usage", usage_of(call)}});
}

const Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/embeddings",
     .summary = "Embeddings of texts",
     .group = "OpenAI",
     .body = embeddings_body,
     .read = read,
     .write = write_embeddings,
     .fits = is_embedder},
    {.method = "POST",
     .path = "/v1/classify",
     .summary = "Classes of texts, as vLLM answers",
     .group = "OpenAI",
     .body = classify_body,
     .read = read,
     .write = write_classes,
     .fits = has_classes},
};

}  // namespace
}  // namespace bertune::serve::open_ai

namespace bertune::serve {

std::span<const Route> open_ai_routes() { return open_ai::kRoutes; }

}  // namespace bertune::serve
