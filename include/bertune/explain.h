// Explainer says which words a prediction comes from: by leaving each word out, or by integrated gradients
// (Sundararajan et al. 2017, arXiv:1703.01365; Captum's LayerIntegratedGradients on the word embeddings).
//
//     bertune::Explainer explainer("my-model");
//     const bertune::Explanation why = explainer.explain({.text = "a fine film"});
//     why.targets[0].contributions[1];  // of "fine" to the class that is predicted
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/config.h"
#include "bertune/export.h"
#include "bertune/model.h"
#include "bertune/prediction.h"
#include "bertune/predictor.h"

namespace bertune {

// leave_one_out: a word contributes what the value loses without it. integrated_gradients: the gradient of
// the value by the word embeddings, integrated from padding to the text. automatic: leave_one_out of up to
// 100 words, and of more where several labels, tags or entities share the pass that a word takes.
enum class ExplainMethod { automatic, leave_one_out, integrated_gradients };
BERTUNE_EXPORT std::string_view to_string(ExplainMethod method);  // "auto", "leave-one-out", ...
// Throws UsageError, naming the choices.
BERTUNE_EXPORT ExplainMethod explain_method_from_string(std::string_view name);
// Returns whether a head has an explanation: those of classes, several labels, numbers, tags and answers.
BERTUNE_EXPORT bool has_explanation(Architecture architecture);

struct ExplainOptions {
  ExplainMethod method = ExplainMethod::automatic;
  // The class, label or tag to explain; empty: what is predicted (of several labels, tags or entities, each).
  std::string target = {};
  std::int64_t max_steps = 512;                 // of integrated gradients
  double max_error = 0.01;                      // of their completeness: steps are doubled until it is met
  std::int64_t pass_tokens = 4096;              // computed at a time, or one sequence where that is longer
  std::optional<std::int64_t> max_length = {};  // tokens per text; unset: as in training
  std::filesystem::path base = {};              // of an adapter (LoadOptions::base)
};

struct ExplainedWord {
  std::string text;
  std::int64_t part = 0;                // 0: the text or the question; 1: the second text or the context
  std::optional<TextPlace> place = {};  // in that text; without one where words were given
};

// An explained target is a value, and what each word contributes to it: the probability of a class, label or
// tag, the mean of those of an answer's first and last token, or a number.
struct ExplainedTarget {
  std::string name;                   // the class, label or tag; "score"; the answer
  std::string text = {};              // of an entity or a tagged word
  double value = 0;                   // for the whole text
  std::vector<double> contributions;  // [words]
  // Integrated gradients explain the logarithm of a probability, or a number: that of the text and of
  // padding, whose difference is the sum of contributions but for `completeness_error`, relative to it.
  double function_value = 0, baseline_value = 0, completeness_error = 0;
  std::int64_t steps = 0;
};

struct Explanation {
  Prediction prediction;
  ExplainMethod method = ExplainMethod::leave_one_out;  // that was used
  std::vector<ExplainedWord> words;  // that were read, in order; those of the first text come first
  std::vector<ExplainedTarget> targets;
  std::int64_t truncated_tokens = 0;  // that were not read
};

// Called between the passes of an explanation, which is given up where it throws.
using BetweenPasses = std::function<void()>;

struct ExplanationSize {
  InputSize input = {};    // as a prediction reads it
  std::int64_t words = 0;  // that are read
  std::int64_t work = 0;   // tokens that all passes compute, roughly; a pass back counts as two
};

class BERTUNE_EXPORT Explainer {
 public:
  // Loads the model. Throws Error for a folder that contains no trained model, and UsageError for heads
  // without an explanation (choices, masks, next sentence, embeddings) and for an unknown target.
  explicit Explainer(const std::filesystem::path& folder, const ExplainOptions& options = {});
  // Explains what a predictor says, and shares its weights; its options are those of predictions. The lengths
  // and the base in `options` are without effect.
  explicit Explainer(const Predictor& predictor, const ExplainOptions& options = {});
  Explainer(Explainer&&) noexcept;
  Explainer& operator=(Explainer&&) noexcept;
  ~Explainer();

  const BertConfig& config() const;
  std::span<const std::string> labels() const;  // the names of Label::scores and Labels::scores

  // Returns one explanation. A text that is longer than the model reads is explained as far as it is read;
  // a context around its answer. Words of an entity or an answer are masked instead of left out. Threads: one
  // call at a time, of all that share a model by with(). Throws UsageError for an input without what the head
  // reads.
  Explanation explain(const Input& input, const BetweenPasses& between = {});
  // The same of a prediction for this input that is there already: it is not made again.
  Explanation explain(const Input& input, Prediction prediction, const BetweenPasses& between = {});
  // Returns what an explanation would compute. Any number of threads may call. Throws as explain() does.
  ExplanationSize size_of(const Input& input) const;

  // Returns an explainer with other options that shares the model, and the memory to explain with. Throws
  // UsageError for an unknown target.
  Explainer with(const ExplainOptions& options) const;

 private:
  struct Implementation;
  explicit Explainer(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// Returns one JSON object: the prediction as to_json() has it, and "explanation" {"method", "words":
// [{"text", "part"?, "start"?, "end"?}], "targets": [{"target", "text"?, "value", "contributions", and of
// integrated gradients "function", "baseline", "steps", "completeness_error"}], "truncated_tokens"?}. Offsets
// are in code points.
BERTUNE_EXPORT std::string to_json(const Explanation& explanation, std::span<const std::string> labels);

}  // namespace bertune
