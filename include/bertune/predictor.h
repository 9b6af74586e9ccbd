// A trained model that answers: texts in, values out. Const and thread-safe: one for a whole program.
//
//     const bertune::Predictor predictor("my-model");
//     const bertune::Prediction answer = predictor.predict({.text = "where is my parcel?"});
//     std::get<bertune::Label>(answer).label;
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/export.h"
#include "bertune/model.h"
#include "bertune/prediction.h"
#include "bertune/tokenizer.h"

namespace bertune {

// What is unset is the model folder's: as in training, or best on its validation set.
struct PredictorOptions {
  std::optional<Architecture> architecture = {};  // a head that the weights have, in place of config.json's
  std::filesystem::path base = {};                // of an adapter (LoadOptions::base)
  std::optional<std::int64_t> max_length = {};    // tokens a text
  std::int64_t batch_size = 64;                   // texts, windows or questions computed at a time
  Precision precision = Precision::fp32;          // of matrix products
  std::optional<double> threshold = {};           // of several labels: the probability from which one counts
  std::int64_t top = 1;                           // candidates for an answer, or for a mask
  // Of question answering; the defaults of Transformers' run_qa.py where the folder says nothing.
  std::optional<std::int64_t> doc_stride = {}, n_best_size = {}, max_answer_length = {};
  std::optional<double> null_score_diff_threshold = {};
};

// What a prediction reads of an input.
struct InputSize {
  std::int64_t tokens = 0;            // that the model computes, those of all windows and choices
  std::int64_t windows = 1;           // that a long text or context is read in
  std::int64_t truncated_tokens = 0;  // that are not read
};

class BERTUNE_EXPORT Predictor {
 public:
  // Throws Error for a folder that holds no trained model, or whose head predicts nothing (pre-training), and
  // UsageError for options out of range.
  explicit Predictor(const std::filesystem::path& folder, const PredictorOptions& options = {});
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  Architecture architecture() const;
  const BertConfig& config() const;
  const BertTokenizer& tokenizer() const;
  std::int64_t max_length() const;
  std::span<const std::string> labels() const;  // the names of Label::scores and Labels::scores

  // One prediction an input, in order. Longer texts than the model reads are cut, which `truncated` counts,
  // or read in windows (token classification, question answering). Any number of threads may call at once:
  // each has a workspace for the time. What is computed together changes scores in rounding only. Throws
  // UsageError for an input without what the head reads.
  std::vector<Prediction> predict(std::span<const Input> inputs, Truncated* truncated = nullptr) const;
  Prediction predict(const Input& input) const;
  // Of an input, without predicting it: tokenizes it. Throws as predict() does. Any number of threads may
  // call.
  InputSize size_of(const Input& input) const;

  // Bytes: of the weights, once for all callers, and of the workspaces that are not in use, one for each call
  // that ran beside others.
  std::size_t weights_bytes() const;
  std::size_t workspace_bytes() const;

 private:
  struct Implementation;
  std::unique_ptr<const Implementation> implementation_;
};

}  // namespace bertune
