// What protocols have in common: inputs from JSON, and answers to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "serve/call.h"
#include "serve/shape.h"

namespace bertune::serve {

inline constexpr double kMostRows = 1024;  // of a request

// A text, in which a masked language model finds its mask.
Shape text_shape_for(const ServedModel& model);
// One input as `predict` reads it from a file: a text, {"text", "text_pair"}, {"words"}, {"question",
// "context"} or {"question", "context", "choices"}, by the model's head.
Shape input_shape(const ServedModel& model);
Input input_of(const Json& value);

// "model": one of those that are served; the first where it is left out.
Field model_field(const ServedModel& model);

struct LabelScore {
  std::string label;
  double score;
};
// All labels with their scores, the best first, equal ones in the order of their ids; a number under the one
// label of its model.
std::vector<LabelScore> label_scores(const ServedModel& model, const Prediction& prediction);
OrderedJson label_list(const std::vector<LabelScore>& scores, std::optional<std::int64_t> top_k);

// As `predict` writes it, with so many candidates as were asked for.
OrderedJson prediction_object(const Call& call, const Row& row);

// For protocols that answer all or nothing: throws the refusal of the first row that has one.
void require_all(const Call& call);
HttpResponse json_response(const OrderedJson& body);

}  // namespace bertune::serve
