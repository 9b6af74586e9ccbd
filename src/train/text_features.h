// The features of texts that a classifier of mean-pooled states reads (MeanPooledClassifier).
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "bertune/model.h"
#include "tasks/packed_examples.h"

namespace bertune::train {

using RowsProgress = std::function<void(std::int64_t done, std::int64_t all)>;

// Calls use(first row, batch, output) for batches of all rows, without labels, in eval mode. `progress` may
// be empty. Throws Interrupted when the stop is requested.
void encode_rows(
    BertPreTrainedModel& model, const PackedEncodings& encodings, std::int64_t rows,
    const std::stop_token& stop, const RowsProgress& progress,
    const std::function<void(std::int64_t first, const Batch& batch, const ModelOutput& output)>& use);

// Returns the mean of each row's last hidden states [rows, hidden_size], moved to a mean of zero over its
// elements and scaled to the length 1. `model` makes sentence embeddings by their mean; it is left in eval
// mode. Throws Interrupted when the stop is requested.
std::vector<float> text_features(BertPreTrainedModel& model, const tasks::PackedExamples& examples,
                                 const std::stop_token& stop = {}, const RowsProgress& progress = {});

}  // namespace bertune::train
