// Turns logits into classes, sets of labels or numbers, and their lines in a file.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "data/texts/reader.h"
#include "tasks/prediction.h"
#include "tasks/text_classification/task.h"

namespace bertune::tasks {

// `labels`: the names of ids. Of several labels, all above the threshold are predicted.
Prediction predict(ProblemType type, std::span<const std::string> labels, std::span<const float> logits,
                   double threshold = 0.5);

// Items are texts. Keeps what it needs of the task; `examples` must outlive it.
std::unique_ptr<Decoder> decoder_of(const TextClassificationTask& task,
                                    const TextClassificationExamples& examples, UsePrediction use);

// Returns the request of rows without labels. The texts need not stay.
Request request_of(const data::Dataset& rows, const TextClassificationTask& task,
                   const BertTokenizer& tokenizer);

enum class PredictionFormat { jsonl, csv };

// {"id"?, "text", "text_pair"?} and the prediction.
OrderedJson row_json(const data::Row& row, bool has_pair, const Prediction& prediction,
                     std::span<const std::string> labels);
// A line with its newline: the JSON, with "truncated" where the text was cut, or
// id?,text,text_pair?,label,score.
std::string prediction_line(PredictionFormat format, const data::Row& row, bool has_pair,
                            const Prediction& prediction, std::span<const std::string> labels,
                            bool is_cut = false);
std::string prediction_header(PredictionFormat format, bool has_pair,
                              bool has_id = false);  // empty for JSONL

}  // namespace bertune::tasks
