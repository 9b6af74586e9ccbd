// The shapes of text-embeddings-inference.

#include <algorithm>
#include <cmath>

#include "serve/inputs.h"
#include "serve/routes.h"

namespace bertune::serve::text_embeddings {
namespace {

bool is_classifier(Head head) {
  return head == Head::classes || head == Head::several_labels || head == Head::number;
}
bool is_embedder(Head head) { return head == Head::embeddings; }
bool is_ranker(Head head) { return head == Head::embeddings || head == Head::number; }

const Shape kText = text_shape();

std::vector<Field> with_common_fields(std::vector<Field> fields) {
  fields.push_back({"truncate", boolean_shape().or_null().said("False: longer texts are refused")});
  fields.push_back({"truncation_direction", text_of({"right", "Right"}).or_null()});
  return fields;
}

void read_options(Call& call, const Json& body) {
  if (const Json truncate = body.value("truncate", Json()); truncate.is_boolean())
    call.options.truncate = truncate;
}

Shape predict_body(const ServedModel& model) {
  const std::optional<bool> raw = model.head() == Head::number ? std::nullopt : std::optional(false);
  const Shape one_or_pair = list_of(kText).at_least(1).at_most(2);
  return object_of(with_common_fields(
      {{"inputs",
        any_of({kText, list_of(kText).at_least(1).at_most(2),
                list_of(one_or_pair).at_least(1).at_most(kMostRows)})
            .said("A text; a list of two texts, which is one pair; or a list of such lists"),
        true},
       {"raw_scores", boolean_shape(raw).or_null().said("Scores are probabilities")}}));
}

Input text_or_pair(const Json& value) {
  if (value.is_string()) return {.text = value};
  Input input{.text = value[0]};
  if (value.size() > 1) input.text_pair = value[1].get<std::string>();
  return input;
}

void read_predict(Call& call, const Json& body) {
  const Json& inputs = body.at("inputs");
  const bool is_batch = inputs.is_array() && inputs[0].is_array();
  if (is_batch) {
    for (const Json& one : inputs) add_row(call, text_or_pair(one));
  } else {
    add_row(call, text_or_pair(inputs));
  }
  call.asked = {{"is_batch", is_batch}};
  read_options(call, body);
}

HttpResponse write_predict(const Call& call) {
  require_all(call);
  OrderedJson all = OrderedJson::array();
  for (const Row& row : call.rows) all.push_back(label_list(label_scores(*call.model, *row.prediction), {}));
  return json_response(call.asked.at("is_batch") ? all : OrderedJson(all.front()));
}

Shape embed_body(const ServedModel& model) {
  const bool is_normal = model.predictor().config().sentence_embedding.normalize;
  return object_of(with_common_fields(
      {{"inputs", one_or_many(kText), true},
       {"normalize", boolean_shape(is_normal ? std::optional(true) : std::nullopt)
                         .or_null()
                         .said("To length 1; as the model's files say where it is left out")}}));
}

void read_embed(Call& call, const Json& body) {
  add_rows(call, body.at("inputs"));
  const Json normalize = body.value("normalize", Json());
  call.asked = {{"normalize", normalize == true}};
  read_options(call, body);
}

void normalize(OrderedJson& vector) {
  double squares = 0;
  for (const OrderedJson& number : vector) squares += number.get<double>() * number.get<double>();
  if (squares == 0) return;
  for (OrderedJson& number : vector) number = number.get<double>() / std::sqrt(squares);
}

HttpResponse write_embed(const Call& call) {
  require_all(call);
  const bool normalizes =
      call.asked.at("normalize") && !call.model->predictor().config().sentence_embedding.normalize;
  OrderedJson all = OrderedJson::array();
  for (const Row& row : call.rows) {
    OrderedJson vector = prediction_object(call, row).at("embedding");
    if (normalizes) normalize(vector);
    all.push_back(std::move(vector));
  }
  return json_response(all);
}

Shape rerank_body(const ServedModel& /*model*/) {
  return object_of(with_common_fields(
      {{"query", kText, true},
       {"texts", list_of(kText).at_least(1).at_most(kMostRows), true},
       {"raw_scores", boolean_shape().or_null().said("Numbers of the model, and not between 0 and 1")},
       {"return_text", boolean_shape().or_null()}}));
}

void read_rerank(Call& call, const Json& body) {
  for (const Json& text : body.at("texts"))
    add_row(call, {.text = body.at("query"), .text_pair = text.get<std::string>()});
  call.asked = {{"raw_scores", body.value("raw_scores", Json()) == true},
                {"return_text", body.value("return_text", Json()) == true}};
  read_options(call, body);
}

HttpResponse write_rerank(const Call& call) {
  require_all(call);
  const bool is_raw = call.asked.at("raw_scores") || call.model->head() == Head::embeddings;
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < call.rows.size(); ++i) {
    const double score = std::get<Score>(*call.rows[i].prediction).score;
    OrderedJson one = {{"index", i}, {"score", is_raw ? score : 1 / (1 + std::exp(-score))}};
    if (call.asked.at("return_text")) one["text"] = *call.rows[i].input.text_pair;
    list.push_back(std::move(one));
  }
  std::stable_sort(list.begin(), list.end(), [](const OrderedJson& left, const OrderedJson& right) {
    return left["score"].get<double>() > right["score"].get<double>();
  });
  return json_response(list);
}

constexpr std::string_view kGroup = "text-embeddings-inference";
const Route kRoutes[] = {
    {.method = "POST",
     .path = "/predict",
     .summary = "Classes of texts or pairs",
     .group = kGroup,
     .body = predict_body,
     .read = read_predict,
     .write = write_predict,
     .fits = is_classifier},
    {.method = "POST",
     .path = "/embed",
     .summary = "Embeddings of texts",
     .group = kGroup,
     .body = embed_body,
     .read = read_embed,
     .write = write_embed,
     .fits = is_embedder},
    {.method = "POST",
     .path = "/rerank",
     .summary = "Texts by how well they fit a query",
     .group = kGroup,
     .body = rerank_body,
     .read = read_rerank,
     .write = write_rerank,
     .fits = is_ranker},
};

}  // namespace
}  // namespace bertune::serve::text_embeddings

namespace bertune::serve {

std::span<const Route> text_embeddings_routes() { return text_embeddings::kRoutes; }

}  // namespace bertune::serve
