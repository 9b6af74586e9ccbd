// The settings that a trained model keeps in bertune.json, and what it can read.
#pragma once

#include <cstdint>
#include <string>

#include "bertune/config.h"
#include "core/json.h"

namespace bertune::tasks {

// The keys of bertune.json, which keeps what evaluation and prediction must share with training.
namespace keys {
inline constexpr const char* kTask = "task";
inline constexpr const char* kBertuneVersion = "bertune_version";
inline constexpr const char* kArguments = "arguments";  // TrainingArguments of the run
inline constexpr const char* kLoss = "loss";            // LossOptions, where the loss is not plain
inline constexpr const char* kMaxLength = "max_length";
inline constexpr const char* kInt8 = "int8";  // what runs/int8_calibration.h found
inline constexpr const char* kFloat32Parts = "float32_parts";
// Settings of texts: columns of the files that were trained on, and what was made of their labels.
inline constexpr const char* kTextColumn = "text_column";
inline constexpr const char* kTextPairColumn = "text_pair_column";
inline constexpr const char* kLabelColumn = "label_column";
inline constexpr const char* kLongText = "long_text";  // unless it is truncate; the next two of windows
inline constexpr const char* kWindowStride = "window_stride";
inline constexpr const char* kWindowScore = "window_score";
inline constexpr const char* kLabelForm = "label_form";  // where labels could mean two things
inline constexpr const char* kProblemType = "problem_type";
inline constexpr const char* kThreshold = "threshold";      // of several labels
inline constexpr const char* kScoreScale = "score_scale";   // of sentence embeddings
inline constexpr const char* kCalibration = "calibration";  // {"temperature", "folded", "folded_by", ...}
// Settings of token classification.
inline constexpr const char* kScheme = "scheme";
inline constexpr const char* kLabelAllTokens = "label_all_tokens";
// Settings of question answering.
inline constexpr const char* kDocStride = "doc_stride";
inline constexpr const char* kNBestSize = "n_best_size";
inline constexpr const char* kMaxAnswerLength = "max_answer_length";
inline constexpr const char* kVersion2WithNegative = "version_2_with_negative";
inline constexpr const char* kNullScoreDiffThreshold = "null_score_diff_threshold";
// Settings of pre-training.
inline constexpr const char* kObjective = "objective";
}  // namespace keys

// Returns a value of bertune.json, which anyone may have written: `usual` if the key is missing or holds
// another type.
std::int64_t setting(const Json& settings, const char* key, std::int64_t usual);
double setting(const Json& settings, const char* key, double usual);
bool setting(const Json& settings, const char* key, bool usual);
std::string setting(const Json& settings, const char* key, const std::string& usual);

// Returns the temperature that a model's logits are yet to be divided by: 1 without one, and where its
// weights are divided already.
double temperature_of(const Json& settings);
// Returns the product of the temperatures that were folded into the weights.
double folded_temperature_of(const Json& settings);

// Throws UsageError unless 3 <= max_length <= what the model takes.
void require_max_length(std::int64_t max_length, const BertConfig& config);

}  // namespace bertune::tasks
