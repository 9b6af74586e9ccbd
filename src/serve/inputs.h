// Functions that the protocols share: inputs from JSON, and answers to it.
#pragma once

#include <functional>
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
// A value of that shape, or a list of up to `most` of them.
Shape one_or_many(const Shape& one, double most = kMostRows);
void for_each_input(const Json& one_or_many, const std::function<void(const Json& input)>& function);
// Adds what the input has to read to `text_bytes` of the call. A small request can ask to read one text with
// each of many others: throws Refusal (413) where that is too much.
void count_text(Call& call, const Input& input);
// Adds a row, or one for each, which are counted.
void add_row(Call& call, Input input);
void add_rows(Call& call, const Json& one_or_many);

// Options of how answers are found, by these names; without effect on other heads.
std::vector<Field> answer_fields(const ServedModel& model, std::string_view doc_stride,
                                 std::string_view max_answer_length);
// Takes them from the object where they are not null. Throws Refusal.
void read_answer_fields(Call& call, const Json& options, std::string_view doc_stride,
                        std::string_view max_answer_length);

// "model": one of those that are served; the first where it is left out.
Field model_field(const ServedModel& model);

// The scores of one or several labels, in the order of their ids.
const std::vector<double>& class_scores(const Prediction& prediction);

struct LabelScore {
  std::string label;
  double score;
};
// All labels with their scores, the best first, equal ones in the order of their ids; a number under the one
// label of its model.
std::vector<LabelScore> label_scores(const ServedModel& model, const Prediction& prediction);
OrderedJson label_list(const std::vector<LabelScore>& scores, std::optional<std::int64_t> top_k);

// Returns the answer as `predict` writes it, with as many candidates as were asked for.
OrderedJson prediction_object(const Call& call, const Row& row);

// This is for protocols that answer all or nothing: throws the refusal of the first row that has one.
void require_all(const Call& call);
std::string json_text(const OrderedJson& value);
HttpResponse json_response(const OrderedJson& body);

// The answers of Bertune's own protocol: the model, the results of all rows, and times. A row that was
// refused has its error in its place, another one what `result` makes of it and how much of it was read.
HttpResponse results_response(const Call& call,
                              const std::function<OrderedJson(const Call& call, const Row& row)>& result);

}  // namespace bertune::serve
