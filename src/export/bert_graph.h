// The graph of a whole model: encoder and head, with the inputs and outputs that Optimum names.
#pragma once

#include "bertune/config.h"
#include "bertune/model.h"
#include "export/graph.h"

namespace bertune::onnx {

// The inputs are input_ids, attention_mask and, of models with several token types, token_type_ids: int64
// [batch_size, sequence_length], for multiple choice [batch_size, num_choices, sequence_length]. The outputs
// are docs/onnx.md's. Throws UsageError for a head that the family lacks.
Graph bert_graph(const BertConfig& config, Architecture architecture);

}  // namespace bertune::onnx
