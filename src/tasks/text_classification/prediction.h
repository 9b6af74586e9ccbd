// From logits to what a user is told, and its lines in a file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "data/texts/reader.h"

namespace bertune::tasks {

struct Prediction {
  std::vector<std::string>
      labels;        // the most probable class; multi-label: all above the threshold; regression: none
  double score = 0;  // its probability; multi-label: the highest; regression: the value
  std::vector<double> scores;  // a probability a label; empty for regression
};

Prediction predict(const BertConfig& config, std::span<const float> logits, double threshold = 0.5);

enum class PredictionFormat { jsonl, csv };

// {"text", "text_pair"?, "label" | "labels", "score", "scores"}, or text,text_pair?,label,score: a line with
// its newline.
std::string prediction_line(PredictionFormat format, const BertConfig& config, const data::Row& row,
                            bool has_pair, const Prediction& prediction);
std::string prediction_header(PredictionFormat format, bool has_pair);  // empty for JSONL

}  // namespace bertune::tasks
