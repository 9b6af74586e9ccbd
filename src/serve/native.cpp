// The server's own protocol, for every head: what `predict` writes, with what was read of each input.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "serve/inputs.h"
#include "serve/routes.h"

namespace bertune::serve::native {
namespace {

constexpr std::string_view kDocStride = "doc_stride", kMaxAnswerLength = "max_answer_length";

bool has_candidates(Head head) {
  return head != Head::number && head != Head::embeddings && head != Head::tags && head != Head::entities;
}

bool abstains(const ServedModel& model) {
  return model.head() == Head::classes || model.head() == Head::choices;
}

Shape inputs_shape(const ServedModel& model) {
  return one_or_many(input_shape(model)).said("One input, or a list of them");
}

Shape options_shape(const ServedModel& model) {
  std::vector<Field> fields = {
      {"truncate",
       boolean_shape().said("Longer texts than the model reads are cut (true), or refused (false)")}};
  if (has_candidates(model.head())) {
    fields.push_back(
        {"top_k", integer_shape(1, static_cast<double>(kMostCandidates))
                      .or_null()
                      .said("Labels, answers or words to list; all labels where it is left out")});
  }
  if (abstains(model)) {
    fields.push_back({"min_confidence",
                      number_shape(0, 1).or_null().said("Below this score there is no label: it abstains")});
  }
  if (model.head() == Head::several_labels) {
    fields.push_back(
        {"threshold", number_shape(0, 1).or_null().said("Labels count above it; the model's by default")});
  }
  if (model.head() == Head::answers)
    std::ranges::move(answer_fields(model, kDocStride, kMaxAnswerLength), std::back_inserter(fields));
  return object_of(std::move(fields)).or_null();
}

Shape predict_body(const ServedModel& model) {
  return object_of(
      {model_field(model), {"inputs", inputs_shape(model), true}, {"options", options_shape(model)}});
}

Shape predict_answer(const ServedModel& /*model*/) {
  const Shape count = integer_shape(0, 1e15);
  const Shape error = object_of({{"type", text_shape(), true}, {"message", text_shape(), true}});
  return object_of(
      {{"model", object_of({{"name", text_shape(), true}, {"version", text_shape(), true}}), true},
       {"results",
        list_of(open_object_of({{"num_tokens", count},
                                {"truncated", boolean_shape()},
                                {"windows", count},
                                {"error", error}}))
            .said("One an input, in order; a row that cannot be answered has an error in its place"),
        true},
       {"timing_ms",
        object_of({{"tokenize", number_shape(0, 1e9), true},
                   {"queue", number_shape(0, 1e9), true},
                   {"compute", number_shape(0, 1e9), true}}),
        true}});
}

void read_predict(Call& call, const Json& body) {
  add_rows(call, body.at("inputs"));
  if (abstains(*call.model)) call.options.min_confidence = call.model->min_confidence();
  const Json options = body.value("options", Json());
  if (!options.is_object()) return;
  call.options.truncate = options.value("truncate", true);
  if (const Json top = options.value("top_k", Json()); !top.is_null())
    call.options.top_k = top.get<std::int64_t>();
  if (const Json least = options.value("min_confidence", Json()); !least.is_null())
    call.options.min_confidence = least.get<double>();
  if (const Json least = options.value("threshold", Json()); !least.is_null())
    call.options.threshold = least.get<double>();
  read_answer_fields(call, options, kDocStride, kMaxAnswerLength);
}

OrderedJson result_of(const Call& call, const Row& row) {
  OrderedJson result = prediction_object(call, row);
  if (call.options.min_confidence) {
    const bool is_unsure = result.at("score").get<double>() < *call.options.min_confidence;
    if (is_unsure) result[result.contains("label") ? "label" : "choice"] = nullptr;
    result["abstained"] = is_unsure;
  }
  return result;
}

HttpResponse write_predict(const Call& call) { return results_response(call, result_of); }

Shape tokenize_body(const ServedModel& model) {
  const Shape one =
      any_of({text_shape(), object_of({{"text", text_shape(), true}, {"text_pair", text_shape()}})});
  return object_of(
      {model_field(model),
       {"inputs", one_or_many(one), true},
       {"add_special_tokens", boolean_shape().said("[CLS] and [SEP] around the text; true unless said")}});
}

void read_tokenize(Call& call, const Json& body) { call.asked = body; }

// A list as JSON writes it: as values, the tokens of a long text would take a hundred times its memory.
struct Tokens {
  std::string list = "[";
  std::int64_t count = 0;
};

Tokens tokens_of(const BertTokenizer& tokenizer, const Input& input, bool special) {
  const EncodeOptions options{.add_special_tokens = special, .return_offsets = true};
  const Encoding encoding = input.text_pair ? tokenizer.encode(input.text, *input.text_pair, options)
                                            : tokenizer.encode(input.text, options);
  Tokens tokens;
  for (std::size_t i = 0; i < encoding.input_ids.size(); ++i, ++tokens.count) {
    OrderedJson token = {{"id", encoding.input_ids[i]},
                         {"text", tokenizer.id_to_token(encoding.input_ids[i])},
                         {"special", encoding.special_tokens_mask[i] != 0}};
    if (encoding.special_tokens_mask[i] == 0) {
      token["start"] = encoding.offsets[i].begin;
      token["end"] = encoding.offsets[i].end;
    }
    if (i > 0) tokens.list += ',';
    tokens.list += json_text(token);
  }
  tokens.list += ']';
  return tokens;
}

HttpResponse write_tokenize(const Call& call) {
  const Predictor& predictor = call.model->predictor();
  const bool special = call.asked.value("add_special_tokens", true);
  const OrderedJson model = {{"name", call.model->name()}, {"version", call.model->version()}};
  std::string body =
      fmt::format(R"({{"model":{},"max_length":{},"results":[)", json_text(model), predictor.max_length());
  bool is_first = true;
  for_each_input(call.asked.at("inputs"), [&](const Json& one) {
    const Tokens tokens = tokens_of(predictor.tokenizer(), input_of(one), special);
    body += fmt::format(R"({}{{"tokens":{},"count":{},"truncated":{}}})",
                        std::exchange(is_first, false) ? "" : ",", tokens.list, tokens.count,
                        tokens.count > predictor.max_length());
  });
  return {.body = body + "]}"};
}

const Route kRoutes[] = {
    {.method = "POST",
     .path = "/v1/predict",
     .summary = "Predict, with any head",
     .group = "Bertune",
     .body = predict_body,
     .read = read_predict,
     .write = write_predict,
     .answer = predict_answer},
    {.method = "POST",
     .path = "/v1/tokenize",
     .summary = "The tokens of texts",
     .group = "Bertune",
     .body = tokenize_body,
     .read = read_tokenize,
     .write = write_tokenize},
};

}  // namespace
}  // namespace bertune::serve::native

namespace bertune::serve {

std::span<const Route> native_routes() { return native::kRoutes; }

}  // namespace bertune::serve
