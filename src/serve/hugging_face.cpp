// The shapes of the hub's inference: what huggingface_hub's InferenceClient and SageMaker's endpoints send.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "serve/inputs.h"
#include "serve/routes.h"

namespace bertune::serve::hugging_face {
namespace {

constexpr std::string_view kDocStride = "doc_stride", kMaxAnswerLength = "max_answer_len";

// The function that the model applies to its logits: a request may ask for that, and for nothing else.
std::string function_of(Head head) {
  if (head == Head::number) return "none";
  return head == Head::several_labels ? "sigmoid" : "softmax";
}

Shape inputs_shape(const ServedModel& model) {
  const Shape one = input_shape(model);
  if (model.head() != Head::embeddings) return one_or_many(one);
  const Shape text = text_shape();
  return any_of({text, list_of(text).at_least(1).at_most(kMostRows),
                 object_of({{"source_sentence", text, true},
                            {"sentences", list_of(text).at_least(1).at_most(kMostRows), true}})});
}

Shape parameters_shape(const ServedModel& model) {
  const Head head = model.head();
  std::vector<Field> fields;
  const Shape top_k = integer_shape(1, static_cast<double>(kMostCandidates)).or_null();
  if (head == Head::classes || head == Head::several_labels || head == Head::number) {
    fields = {{"top_k", top_k}, {"function_to_apply", text_of({function_of(head)}).or_null()}};
  } else if (head == Head::entities || head == Head::tags) {
    fields = {
        {"aggregation_strategy",
         text_of(head == Head::tags ? std::vector<std::string>{"none"}
                                    : std::vector<std::string>{"none", "simple", "first", "average", "max"})
             .or_null()},
        {"ignore_labels", list_of(text_shape()).at_most(kMostRows).or_null()}};
  } else if (head == Head::answers || head == Head::masks) {
    fields = {{"top_k", top_k}};
    if (head == Head::answers)
      std::ranges::move(answer_fields(model, kDocStride, kMaxAnswerLength), std::back_inserter(fields));
  }
  return object_of(std::move(fields)).or_null().said("Null, or what differs from the defaults");
}

Shape body_shape(const ServedModel& model) {
  return object_of({{"inputs", inputs_shape(model), true},
                    {"parameters", parameters_shape(model)},
                    {"options", open_object_of({}).or_null().said("Of the hub; without effect")}});
}

void read(Call& call, const Json& body) {
  const Json& inputs = body.at("inputs");
  Json parameters = body.value("parameters", Json());
  if (!parameters.is_object()) parameters = Json::object();
  if (inputs.is_object() && inputs.contains("source_sentence")) {
    for (const Json& sentence : inputs["sentences"])
      add_row(call, {.text = inputs["source_sentence"], .text_pair = sentence});
  } else {
    add_rows(call, inputs);
  }
  if (const Json top = parameters.value("top_k", Json()); !top.is_null())
    call.options.top_k = top.get<std::int64_t>();
  read_answer_fields(call, parameters, kDocStride, kMaxAnswerLength);
  call.asked = {{"is_list", inputs.is_array()},
                {"is_similarity", inputs.is_object() && inputs.contains("source_sentence")},
                {"parameters", std::move(parameters)}};
}

OrderedJson words_of(const std::vector<TaggedWord>& words, const Json& ignored) {
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (std::ranges::find(ignored, Json(words[i].tag)) != ignored.end()) continue;
    OrderedJson word = {{"entity", words[i].tag}, {"score", words[i].score}, {"index", i + 1},
                        {"word", words[i].text},  {"start", nullptr},        {"end", nullptr}};
    if (words[i].place) {
      word["start"] = words[i].place->code_points.begin;
      word["end"] = words[i].place->code_points.end;
    }
    list.push_back(std::move(word));
  }
  return list;
}

OrderedJson groups_of(const std::vector<Entity>& entities, const Json& ignored) {
  OrderedJson list = OrderedJson::array();
  for (const Entity& one : entities) {
    if (std::ranges::find(ignored, Json(one.label)) != ignored.end()) continue;
    OrderedJson group = {{"entity_group", one.label},
                         {"score", one.score},
                         {"word", one.text},
                         {"start", nullptr},
                         {"end", nullptr}};
    if (one.place) {
      group["start"] = one.place->code_points.begin;
      group["end"] = one.place->code_points.end;
    }
    list.push_back(std::move(group));
  }
  return list;
}

OrderedJson answers_of(const Answer& answer, std::int64_t top_k) {
  const auto one = [](const AnswerSpan& span) {
    return OrderedJson{{"score", span.score},
                       {"start", span.place.code_points.begin},
                       {"end", span.place.code_points.end},
                       {"answer", span.text}};
  };
  if (top_k <= 1) return one(answer);
  OrderedJson list = OrderedJson::array();
  for (const AnswerSpan& span : answer.candidates)
    if (static_cast<std::int64_t>(list.size()) < top_k) list.push_back(one(span));
  return list;
}

std::int64_t guesses_wanted(const Call& call) { return call.options.top_k.value_or(5); }

// Each guess repeats its text, so that a small request could ask for gigabytes.
void require_short_guesses(const Call& call) {
  constexpr std::int64_t kMostTokens = 1 << 22;
  std::int64_t tokens = 0;
  for (const Row& row : call.rows) {
    const auto masks = static_cast<std::int64_t>(std::get<Words>(*row.prediction).masks.size());
    tokens += masks * guesses_wanted(call) * row.size.tokens;
  }
  if (tokens <= kMostTokens) return;
  throw Refusal{413, "Validation",
                fmt::format("the answer repeats each text for each guess and would have {} tokens, of {} at "
                            "most; ask for a smaller top_k, or for fewer masks at a time",
                            tokens, kMostTokens)};
}

// One list a mask; in each, the text as the model reads it with a guess in place of that mask.
OrderedJson guesses_of(const Call& call, const Row& row) {
  const Predictor& predictor = call.model->predictor();
  const BertTokenizer& tokenizer = predictor.tokenizer();
  const std::vector<std::vector<WordGuess>>& masks = std::get<Words>(*row.prediction).masks;
  std::vector<std::int32_t> ids = tokenizer
                                      .encode(row.input.text, {.truncation = Truncation::longest_first,
                                                               .max_length = predictor.max_length()})
                                      .input_ids;
  OrderedJson all = OrderedJson::array();
  auto place = ids.begin();
  for (const std::vector<WordGuess>& guesses : masks) {
    place = std::find(place, ids.end(), tokenizer.mask_token_id());
    OrderedJson list = OrderedJson::array();
    for (const WordGuess& guess : guesses) {
      if (static_cast<std::int64_t>(list.size()) >= guesses_wanted(call)) break;
      *place = guess.token_id;
      list.push_back({{"score", guess.score},
                      {"token", guess.token_id},
                      {"token_str", guess.word},
                      {"sequence", tokenizer.decode(ids, masks.size() == 1)}});
    }
    *place++ = tokenizer.mask_token_id();
    all.push_back(std::move(list));
  }
  return masks.size() == 1 ? OrderedJson(all.front()) : all;
}

OrderedJson answer_of(const Call& call, const Row& row) {
  const Json& parameters = call.asked.at("parameters");
  const Json ignored = parameters.value("ignore_labels", Json::array({"O"}));
  switch (call.model->head()) {
    case Head::answers:
      return answers_of(std::get<Answer>(*row.prediction), call.options.top_k.value_or(1));
    case Head::tags:
      return words_of(std::get<Tags>(*row.prediction).words, ignored);
    case Head::entities: {
      const auto& found = std::get<Entities>(*row.prediction);
      const Json strategy = parameters.value("aggregation_strategy", Json());
      return strategy.is_string() && strategy != "none" ? groups_of(found.entities, ignored)
                                                        : words_of(found.words, ignored);
    }
    case Head::masks:
      return guesses_of(call, row);
    case Head::choices:
      return prediction_object(call, row);
    case Head::embeddings:
      if (const auto* score = std::get_if<Score>(&*row.prediction)) return score->score;
      return prediction_object(call, row).at("embedding");
    default:
      return label_list(label_scores(*call.model, *row.prediction), call.options.top_k);
  }
}

// A client reads the first answer of a list where a text is to have a list of labels, or an embedding.
bool is_always_list(Head head) {
  return head == Head::classes || head == Head::several_labels || head == Head::number ||
         head == Head::next_sentence || head == Head::embeddings;
}

HttpResponse write(const Call& call) {
  require_all(call);
  if (call.model->head() == Head::masks) require_short_guesses(call);
  OrderedJson list = OrderedJson::array();
  for (const Row& row : call.rows) list.push_back(answer_of(call, row));
  const bool is_list = call.asked.at("is_list") || call.asked.at("is_similarity");
  return json_response(is_list || is_always_list(call.model->head()) ? list : OrderedJson(list.front()));
}

HttpResponse ping(const Service& /*service*/, const HttpRequest& /*request*/, const Found& /*found*/) {
  return {.body = "{}"};
}

const Route kRoutes[] = {
    {.method = "POST",
     .path = "/",
     .summary = "Predict, as the hub's inference",
     .group = "Hugging Face",
     .body = body_shape,
     .read = read,
     .write = write},
    {.method = "POST",
     .path = "/invocations",
     .summary = "The same, for SageMaker",
     .group = "Hugging Face",
     .body = body_shape,
     .read = read,
     .write = write},
    {.method = "GET",
     .path = "/ping",
     .summary = "Whether the server runs",
     .group = "Hugging Face",
     .access = Access::open,
     .now = ping},
};

}  // namespace
}  // namespace bertune::serve::hugging_face

namespace bertune::serve {

std::span<const Route> hugging_face_routes() { return hugging_face::kRoutes; }

}  // namespace bertune::serve
