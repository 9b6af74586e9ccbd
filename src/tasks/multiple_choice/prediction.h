// Turns the logits of choices into the chosen one, and its lines in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "data/choices/multiple_choice.h"
#include "tasks/multiple_choice/task.h"
#include "tasks/prediction.h"
#include "tasks/request.h"

namespace bertune::tasks {

Choice choose(std::span<const std::string_view> choices, std::span<const float> logits);

// Items are questions. `dataset` must outlive it.
std::unique_ptr<Decoder> decoder_of(const data::MultipleChoiceDataset& dataset, UsePrediction use);

// Returns the request of questions without labels; what they point into must stay.
Request request_of(std::shared_ptr<const data::MultipleChoiceDataset> dataset, const MultipleChoice& task,
                   const BertTokenizer& tokenizer);

// {"id"?, the context and the question under the names of their columns} and the choice. A context called
// "text" is called "context", for "text" is the chosen one.
OrderedJson question_json(const data::MultipleChoiceDataset& dataset, std::int64_t question,
                          const Prediction& prediction);

}  // namespace bertune::tasks
