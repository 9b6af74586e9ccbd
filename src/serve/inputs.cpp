#include "serve/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "tasks/prediction.h"

namespace bertune::serve {
namespace {

// Leaves so many candidates as were asked for, which are the first of those that were computed.
void keep_candidates(Prediction& prediction, std::optional<std::int64_t> top_k) {
  if (auto* answer = std::get_if<Answer>(&prediction)) {
    const auto most = static_cast<std::size_t>(top_k.value_or(1));
    if (most <= 1) answer->candidates.clear();
    if (answer->candidates.size() > most) answer->candidates.resize(most);
  } else if (auto* words = std::get_if<Words>(&prediction)) {
    const auto most = static_cast<std::size_t>(top_k.value_or(5));
    for (std::vector<WordGuess>& guesses : words->masks)
      if (guesses.size() > most) guesses.resize(most);
  }
}

void keep_labels(Prediction& prediction, std::span<const std::string> names, double threshold) {
  auto* set = std::get_if<Labels>(&prediction);
  if (set == nullptr) return;
  set->labels.clear();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (set->scores[i] > threshold) set->labels.push_back(names[i]);
}

}  // namespace

Shape text_shape_for(const ServedModel& model) {
  Shape shape = text_shape();
  if (model.head() == Head::masks) {
    const BertTokenizer& tokenizer = model.predictor().tokenizer();
    shape.holds = tokenizer.id_to_token(tokenizer.mask_token_id());
  }
  return shape;
}

Shape input_shape(const ServedModel& model) {
  const Shape text = text_shape_for(model);
  switch (model.head()) {
    case Head::answers:
      return object_of({{"question", text.at_least(1), true}, {"context", text.at_least(1), true}});
    case Head::choices:
      return object_of({{"question", text, true},
                        {"context", text, false},
                        {"choices", list_of(text).at_least(2).at_most(64), true}});
    case Head::next_sentence:
      return object_of({{"text", text, true}, {"text_pair", text, true}});
    case Head::tags:
    case Head::entities:
      return any_of({text, object_of({{"text", text, true}}),
                     object_of({{"words", list_of(text).at_least(1).at_most(100000), true}})});
    case Head::masks:
      return any_of({text, object_of({{"text", text, true}})});
    default:
      return any_of({text, object_of({{"text", text, true}, {"text_pair", text, false}})});
  }
}

Input input_of(const Json& value) {
  Input input;
  if (value.is_string()) {
    input.text = value.get<std::string>();
    return input;
  }
  const auto text = [&](const char* name) { return value.value(name, std::string()); };
  input.text = text("text"), input.question = text("question"), input.context = text("context");
  if (value.contains("text_pair")) input.text_pair = text("text_pair");
  if (value.contains("words")) input.words = value["words"].get<std::vector<std::string>>();
  if (value.contains("choices")) input.choices = value["choices"].get<std::vector<std::string>>();
  return input;
}

Shape one_or_many(const Shape& one, double most) {
  return any_of({one, list_of(one).at_least(1).at_most(most)});
}

void for_each_input(const Json& one_or_many, const std::function<void(const Json& input)>& function) {
  if (!one_or_many.is_array()) return function(one_or_many);
  for (const Json& input : one_or_many) function(input);
}

void count_text(Call& call, const Input& input) {
  constexpr std::size_t kMostBytes = 1 << 24;
  std::size_t bytes = input.text.size() + input.question.size() + input.context.size();
  if (input.text_pair) bytes += input.text_pair->size();
  bytes *= std::max<std::size_t>(input.choices.size(), 1);  // each is read with the question and the context
  call.text_bytes += bytes;
  if (call.text_bytes <= std::max(kMostBytes, 2 * call.bytes)) return;
  throw Refusal{413, "Validation",
                fmt::format("one text is read with each of many others, which makes more than {} MB to read; "
                            "send it with fewer at a time, or shorten it",
                            kMostBytes >> 20)};
}

void add_row(Call& call, Input input) {
  count_text(call, input);
  call.rows.push_back({.input = std::move(input)});
}

void add_rows(Call& call, const Json& one_or_many) {
  for_each_input(one_or_many, [&](const Json& input) { add_row(call, input_of(input)); });
}

std::vector<Field> answer_fields(const ServedModel& model, std::string_view doc_stride,
                                 std::string_view max_answer_length) {
  // A window keeps a token of the question and one of the text, besides [CLS] and [SEP] twice or thrice.
  const auto special =
      static_cast<std::int64_t>(model.predictor().tokenizer().encode("", "").input_ids.size());
  // At most half of it is shared, or a long text would become as many windows as it has tokens.
  const auto widest = static_cast<double>((model.predictor().max_length() - special) / 2);
  return {{std::string(doc_stride), integer_shape(0, std::max(0.0, widest))
                                        .or_null()
                                        .said("Tokens that neighboring windows of a text share")},
          {std::string(max_answer_length), integer_shape(1, 512).or_null().said("Most tokens of an answer")}};
}

void read_answer_fields(Call& call, const Json& options, std::string_view doc_stride,
                        std::string_view max_answer_length) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto found = options.find(name);
    if (found == options.end() || found->is_null()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  if (call.model->head() != Head::answers) return;
  const auto stride = number(doc_stride), longest = number(max_answer_length);
  if (stride || longest)
    call.own_predictor =
        std::make_shared<const Predictor>(call.model->predictor().with_answers(stride, longest));
}

Field model_field(const ServedModel& model) {
  return {"model", text_of({model.name()}).or_null().said("Which model; the first where it is left out")};
}

const std::vector<double>& class_scores(const Prediction& prediction) {
  const auto* label = std::get_if<Label>(&prediction);
  return label != nullptr ? label->scores : std::get<Labels>(prediction).scores;
}

std::vector<LabelScore> label_scores(const ServedModel& model, const Prediction& prediction) {
  std::vector<LabelScore> list;
  if (std::holds_alternative<Label>(prediction) || std::holds_alternative<Labels>(prediction)) {
    const std::vector<double>& scores = class_scores(prediction);
    for (std::size_t i = 0; i < scores.size(); ++i)
      list.push_back({std::string(model.predictor().labels()[i]), scores[i]});
  }
  if (const auto* number = std::get_if<Score>(&prediction)) {
    const std::vector<std::string>& names = model.predictor().config().id2label;
    list.push_back({names.size() == 1 ? names.front() : "score", number->score});
  }
  if (const auto* next = std::get_if<NextSentence>(&prediction))
    list = {{"is_next", next->is_next}, {"not_next", 1 - next->is_next}};
  std::ranges::stable_sort(list, std::ranges::greater(), &LabelScore::score);
  return list;
}

OrderedJson label_list(const std::vector<LabelScore>& scores, std::optional<std::int64_t> top_k) {
  OrderedJson list = OrderedJson::array();
  for (const LabelScore& one : scores) {
    if (top_k && static_cast<std::int64_t>(list.size()) >= *top_k) break;
    list.push_back({{"label", one.label}, {"score", one.score}});
  }
  return list;
}

OrderedJson prediction_object(const Call& call, const Row& row) {
  Prediction prediction = *row.prediction;
  keep_candidates(prediction, call.options.top_k);
  if (call.options.threshold)
    keep_labels(prediction, call.model->predictor().labels(), *call.options.threshold);
  OrderedJson object = tasks::prediction_json(prediction, call.model->predictor().labels());
  if (call.options.top_k && object.contains("scores") && object["scores"].is_object()) {
    const std::vector<LabelScore> best = label_scores(*call.model, prediction);
    OrderedJson scores = OrderedJson::object();
    for (std::size_t i = 0; i < best.size() && static_cast<std::int64_t>(i) < *call.options.top_k; ++i)
      scores[best[i].label] = best[i].score;
    object["scores"] = std::move(scores);
  }
  return object;
}

void require_all(const Call& call) {
  for (const Row& row : call.rows)
    if (row.refusal) throw Refusal(*row.refusal);
}

std::string json_text(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

HttpResponse json_response(const OrderedJson& body) { return {.body = json_text(body)}; }

HttpResponse results_response(const Call& call,
                              const std::function<OrderedJson(const Call& call, const Row& row)>& result) {
  OrderedJson results = OrderedJson::array();
  for (const Row& row : call.rows) {
    if (row.refusal) {
      results.push_back({{"error", {{"type", row.refusal->kind}, {"message", row.refusal->sentence}}}});
      continue;
    }
    OrderedJson& one = results.emplace_back(result(call, row));
    one["num_tokens"] = row.size.tokens;  // "tokens" are the words of tags
    one["truncated"] = row.size.truncated_tokens > 0;
    one["windows"] = row.size.windows;
  }
  return json_response({{"model", {{"name", call.model->name()}, {"version", call.model->version()}}},
                        {"results", std::move(results)},
                        {"timing_ms",
                         {{"tokenize", milliseconds(call.tokenizing)},
                          {"queue", milliseconds(call.queueing)},
                          {"compute", milliseconds(call.computing)}}}});
}

}  // namespace bertune::serve
