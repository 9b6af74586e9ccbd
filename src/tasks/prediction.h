// Predictions on their way to files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/prediction.h"
#include "core/json.h"

namespace bertune::tasks {

// The members of a prediction's JSON object after those of `source`, which says what was asked. `labels` are
// the names of Label::scores and Labels::scores.
//   Label {"label", "score", "scores": {label: score}}; Labels {"labels", "score", "scores"}; Score
//   {"score"}; Tags {"tokens", "tags", "scores", "offsets"?}, offsets [start, end] in code points; Entities
//   {"entities": [{"label", "text", "start", "end", "start_byte", "end_byte", "score"}]}, and of words
//   without a text {"tokens", "tags", "entities": [{"label", "text", "first_token", "end_token", "score"}]};
//   Answer {"answer", "score", "start", "end", "start_byte", "end_byte", "null_odds"?, "n_best"?};
//   Choice {"choice", "text", "score", "scores"}; Words {"masks": [[{"score", "token"}]]}; NextSentence
//   {"is_next"}. Label, Labels and Score of a text that was read in windows also {"windows", "window":
//   {"index", "start", "end", "start_byte", "end_byte", "score"}}.
OrderedJson prediction_json(const Prediction& prediction, std::span<const std::string> labels,
                            OrderedJson source = OrderedJson::object());

// The same on one line, with its newline.
std::string json_line(const OrderedJson& object);

// Throws UsageError unless a model of this head may abstain: those of one class a text, and of choices.
void require_abstaining(Architecture architecture, const BertConfig& config, double min_confidence);
// Takes a prediction back whose score is below the least one.
void abstain(Prediction& prediction, double min_confidence);

// Returns a note on texts that are longer than the model reads; `first` is the place of the first of them.
std::string truncation_note(std::int64_t cut, std::int64_t texts, const std::string& first,
                            std::int64_t max_length);
// The same of tokens that its vocabulary lacks; empty where they are few.
std::string unknown_tokens_note(std::int64_t unknown, std::int64_t tokens);

// Returns the text with U+FFFD for bytes that are not UTF-8.
std::string valid_text(std::string_view text);
std::string csv_field(std::string_view text);

}  // namespace bertune::tasks
