// The handles of the C interface hold these values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bertune/bertune.h"
#include "bertune/predictor.h"
#include "bertune/tokenizer.h"

// A tokenizer is its own, or a part of a model: `tokenizer` is either.
struct bertune_tokenizer {
  std::unique_ptr<const bertune::BertTokenizer> owned;
  const bertune::BertTokenizer* tokenizer = nullptr;
};

struct bertune_model {
  bertune::Predictor predictor;
  bertune_tokenizer tokenizer;
  std::string info;
};

namespace bertune::capi {

// A part of a text, as bertune_span; the texts are those of the prediction.
struct Part {
  const std::string* label = nullptr;
  const std::string* text = nullptr;
  double score = 0;
  const TextPlace* place = nullptr;
};

}  // namespace bertune::capi

struct bertune_predictions {
  std::vector<bertune::Prediction> values;
  std::vector<std::string> json;                        // of each
  std::vector<std::vector<bertune::capi::Part>> parts;  // of each
  std::size_t truncated = 0;
};
