// Loading a model, and asking it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <utility>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "core/json.h"
#include "options/hub_flags.h"
#include "options/prediction_options.h"

namespace bertune::capi {
namespace {

struct LoadOptions {
  options::PredictionOptions prediction;
  options::HubFlags hub;

  explicit LoadOptions(const options::GivenValues& values) {
    Command command("predict");
    prediction.add_values_to(*command);
    hub.add_to(*command);
    prediction.add_architecture_to(*command);
    options::give_values(*command, values);
  }
};

std::string info_of(const std::filesystem::path& folder, const Predictor& predictor) {
  const BertConfig& config = predictor.config();
  return Json{{"folder", folder.string()},
              {"architecture", to_string(predictor.architecture())},
              {"model_type", to_string(config.model_type)},
              {"labels", std::vector<std::string>(predictor.labels().begin(), predictor.labels().end())},
              {"max_length", predictor.max_length()},
              {"hidden_size", config.hidden_size},
              {"vocab_size", config.vocab_size}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

bertune_model* load(const char* model, const char* const* names_and_values) {
  require(model, "the name of the model");
  const LoadOptions given(values_of(names_and_values));
  if (given.prediction.threads.threads != 0) given.prediction.threads.apply();
  const HubOptions hub = given.hub.values();
  const std::filesystem::path folder = resolve_model(model, hub);
  PredictorOptions options = given.prediction.values();
  if (is_adapter(folder)) options.base = base_of_adapter(folder, hub);
  auto loaded = std::make_unique<bertune_model>(
      bertune_model{.predictor = Predictor(folder, options), .tokenizer = {}, .info = {}});
  loaded->tokenizer.tokenizer = &loaded->predictor.tokenizer();
  loaded->info = info_of(folder, loaded->predictor);
  return loaded.release();
}

std::string text_of(const bertune_text& text) { return std::string(view_of(text)); }

std::vector<std::string> texts_of(const bertune_text* texts, size_t count) {
  std::vector<std::string> result;
  if (count > 0) require(texts, "an array of texts");
  for (size_t i = 0; i < count; ++i) result.push_back(text_of(texts[i]));
  return result;
}

// Callers may have been compiled with a later header, whose members they must have left empty.
bertune_input known_input(const char* at, size_t size) {
  if (size < sizeof(bertune_input))
    throw UsageError(fmt::format("struct_size of an input is {}; it is sizeof(bertune_input)", size));
  if (std::any_of(at + sizeof(bertune_input), at + size, [](char byte) { return byte != 0; }))
    throw UsageError("an input has members that this version of the library does not know");
  bertune_input input;
  std::memcpy(&input, at, sizeof input);
  return input;
}

std::vector<Input> inputs_of(const bertune_input* inputs, size_t count) {
  std::vector<Input> result;
  if (count == 0) return result;
  require(inputs, "the array of inputs");
  const size_t size = inputs->struct_size;
  for (size_t i = 0; i < count; ++i) {
    const bertune_input one = known_input(reinterpret_cast<const char*>(inputs) + i * size, size);
    Input& input = result.emplace_back();
    input.text = text_of(one.text);
    if (is_there(one.text_pair)) input.text_pair = text_of(one.text_pair);
    input.words = texts_of(one.words, one.word_count);
    input.question = text_of(one.question);
    input.context = text_of(one.context);
    input.choices = texts_of(one.choices, one.choice_count);
  }
  return result;
}

const std::string kNoLabel;

Part part_of(const AnswerSpan& span) { return {&kNoLabel, &span.text, span.score, &span.place}; }
const TextPlace* place_in(const std::optional<TextPlace>& place) { return place ? &*place : nullptr; }

std::vector<Part> parts_of(const Prediction& prediction) {
  std::vector<Part> parts;
  if (const auto* found = std::get_if<Entities>(&prediction)) {
    for (const Entity& one : found->entities)
      parts.push_back({&one.label, &one.text, one.score, place_in(one.place)});
  } else if (const auto* tags = std::get_if<Tags>(&prediction)) {
    for (const TaggedWord& word : tags->words)
      parts.push_back({&word.tag, &word.text, word.score, place_in(word.place)});
  } else if (const auto* answer = std::get_if<Answer>(&prediction)) {
    if (answer->candidates.empty()) parts.push_back(part_of(*answer));
    for (const AnswerSpan& candidate : answer->candidates) parts.push_back(part_of(candidate));
  }
  return parts;
}

bertune_predictions* predict(const bertune_model* model, const bertune_input* inputs, size_t count) {
  require(model, "the model");
  auto result = std::make_unique<bertune_predictions>();
  Truncated truncated;
  const std::vector<Input> asked = inputs_of(inputs, count);
  result->values = model->predictor.predict(asked, &truncated);
  result->truncated = static_cast<size_t>(truncated.inputs);
  for (const Prediction& value : result->values) {
    result->json.push_back(to_json(value, model->predictor.labels()));
    result->parts.push_back(parts_of(value));
  }
  return result.release();
}

void embed(const bertune_model* model, const bertune_text* texts, size_t count, float* result, size_t size) {
  require(model, "the model");
  if (model->predictor.architecture() != Architecture::sentence_embedding) {
    throw UsageError("architecture", fmt::format("the model is a {}; load it with architecture BertModel",
                                                 to_string(model->predictor.architecture())));
  }
  const auto width = static_cast<size_t>(model->predictor.config().hidden_size);
  if (size != count * width)
    throw UsageError(fmt::format("the result has {} elements; {} texts need {}", size, count, count * width));
  if (count > 0) require(result, "the result");
  std::vector<Input> inputs;
  for (std::string& text : texts_of(texts, count)) inputs.push_back({.text = std::move(text)});
  for (const Prediction& prediction : model->predictor.predict(inputs))
    result = std::ranges::copy(std::get<Embedding>(prediction).embedding, result).out;
}

const Prediction* value_at(const bertune_predictions* predictions, size_t index) {
  return predictions != nullptr && index < predictions->values.size() ? &predictions->values[index] : nullptr;
}

template <typename Result, typename... Cases>
Result visit_or(const Prediction* prediction, Result otherwise, const Cases&... cases) {
  struct All : Cases... {
    using Cases::operator()...;
  };
  if (prediction == nullptr) return otherwise;
  return std::visit(
      [&](const auto& value) -> Result {
        if constexpr (std::is_invocable_v<All, decltype(value)>) {
          return All{cases...}(value);
        } else {
          return otherwise;
        }
      },
      *prediction);
}

}  // namespace
}  // namespace bertune::capi

using namespace bertune;

bertune_status bertune_load(const char* model, const char* const* options, bertune_model** result) {
  return capi::guarded([&] {
    capi::require(result, "the result");
    *result = capi::load(model, options);
  });
}
void bertune_model_free(bertune_model* model) { delete model; }
const char* bertune_model_info(const bertune_model* model) {
  return model == nullptr ? nullptr : model->info.c_str();
}
const bertune_tokenizer* bertune_model_tokenizer(const bertune_model* model) {
  return model == nullptr ? nullptr : &model->tokenizer;
}

bertune_status bertune_predict(const bertune_model* model, const bertune_input* inputs, size_t count,
                               bertune_predictions** result) {
  return capi::guarded([&] {
    capi::require(result, "the result");
    *result = capi::predict(model, inputs, count);
  });
}
void bertune_predictions_free(bertune_predictions* predictions) { delete predictions; }
size_t bertune_predictions_count(const bertune_predictions* predictions) {
  return predictions == nullptr ? 0 : predictions->values.size();
}
size_t bertune_predictions_truncated(const bertune_predictions* predictions) {
  return predictions == nullptr ? 0 : predictions->truncated;
}

const char* bertune_prediction_json(const bertune_predictions* predictions, size_t index) {
  return capi::value_at(predictions, index) == nullptr ? nullptr : predictions->json[index].c_str();
}
const char* bertune_prediction_label(const bertune_predictions* predictions, size_t index) {
  return capi::visit_or<const char*>(
      capi::value_at(predictions, index), nullptr, [](const Label& value) { return value.label.c_str(); },
      [](const Answer& value) { return value.text.c_str(); },
      [](const Choice& value) { return value.text.c_str(); });
}
double bertune_prediction_score(const bertune_predictions* predictions, size_t index) {
  return capi::visit_or<double>(
      capi::value_at(predictions, index), 0, [](const Label& value) { return value.score; },
      [](const Labels& value) { return value.score; }, [](const Score& value) { return value.score; },
      [](const Answer& value) { return value.score; }, [](const Choice& value) { return value.score; },
      [](const NextSentence& value) { return value.is_next; });
}
const double* bertune_prediction_scores(const bertune_predictions* predictions, size_t index, size_t* count) {
  using Scores = const std::vector<double>*;
  Scores scores = capi::visit_or<Scores>(
      capi::value_at(predictions, index), nullptr, [](const Label& value) { return &value.scores; },
      [](const Labels& value) { return &value.scores; }, [](const Choice& value) { return &value.scores; });
  if (count != nullptr) *count = scores == nullptr ? 0 : scores->size();
  return scores == nullptr ? nullptr : scores->data();
}

size_t bertune_prediction_span_count(const bertune_predictions* predictions, size_t index) {
  return capi::value_at(predictions, index) == nullptr ? 0 : predictions->parts[index].size();
}
bertune_status bertune_prediction_span(const bertune_predictions* predictions, size_t index, size_t span,
                                       bertune_span* result) {
  return capi::guarded([&] {
    capi::require(result, "the result");
    if (span >= bertune_prediction_span_count(predictions, index))
      throw UsageError(fmt::format("prediction {} has no span {}", index, span));
    const capi::Part& part = predictions->parts[index][span];
    bertune_span filled = {};
    filled.struct_size = result->struct_size;
    filled.label = part.label->c_str();
    filled.text = part.text->c_str();
    filled.score = part.score;
    if (part.place != nullptr) {
      filled.begin = part.place->code_points.begin, filled.end = part.place->code_points.end;
      filled.begin_byte = part.place->bytes.begin, filled.end_byte = part.place->bytes.end;
    }
    std::memcpy(result, &filled, std::min(result->struct_size, sizeof filled));
  });
}

bertune_status bertune_embed(const bertune_model* model, const bertune_text* texts, size_t count,
                             float* result, size_t size) {
  return capi::guarded([&] { capi::embed(model, texts, count, result, size); });
}
