// A question is what is read of an input, and what of its prediction is explained.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bertune/prediction.h"
#include "insight/explain/sequence.h"
#include "insight/explain/target.h"
#include "tasks/request.h"

namespace bertune::insight {

struct Question {
  Sequence sequence;
  std::vector<Target> targets;
};

// `wanted`: the class, label or tag to explain; empty: what is predicted. Throws UsageError for a class or
// label that the model does not have.
Question question_of(const tasks::TrainedModel& model, const std::string& wanted, const Input& input,
                     const Prediction& prediction);

// The words of an input that are read, and the tokens that they are read in; of tags, at most.
struct WordsRead {
  std::int64_t words = 0, tokens = 0;
};
WordsRead words_read(const tasks::TrainedModel& model, const Input& input);

// Throws UsageError, naming the labels.
std::int64_t index_of_label(std::span<const std::string> labels, const std::string& name);

}  // namespace bertune::insight
