// The models that are served, by name.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/explain.h"
#include "bertune/predictor.h"

namespace bertune::serve {

// Candidates that are computed for each answer and mask, of which a request may ask for fewer.
inline constexpr std::int64_t kMostCandidates = 64;

struct ModelSource {
  std::string name;  // letters, digits, and . _ - /
  std::filesystem::path folder = {};
  PredictorOptions options = {};
};

// The kind of answer that a model gives.
enum class Head {
  classes,
  several_labels,
  number,
  tags,
  entities,
  answers,
  choices,
  masks,
  next_sentence,
  embeddings
};
std::string_view to_string(Head head);  // "classes", "several_labels", ...

class ServedModel {
 public:
  // Loads it and lets it answer some probes. Throws Error where it cannot, or answers with what is no number.
  explicit ServedModel(const ModelSource& source);

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }  // 16 digits that its files decide
  Head head() const { return head_; }
  // The confidence below which it abstains where a request does not say.
  std::optional<double> min_confidence() const { return min_confidence_; }
  const Predictor& predictor() const { return predictor_; }
  // Returns the explainer of its answers, one at a time (Explainer::with); nothing for heads that have none.
  const std::optional<Explainer>& explainer() const { return explainer_; }

  // Measured, of what was computed lately.
  double tokens_per_second() const { return speed_.load(std::memory_order_relaxed); }
  void note_speed(std::int64_t tokens, double seconds) const;

 private:
  void check_itself();

  std::string name_, version_;
  std::optional<double> min_confidence_;
  Predictor predictor_;
  std::optional<Explainer> explainer_;
  Head head_ = Head::classes;
  mutable std::atomic<double> speed_{0};
};

// An input that a model of this kind can answer, for probes and examples.
std::vector<Input> probes_for(const Predictor& predictor);

// Returns whether all its numbers are finite.
bool is_finite(const Prediction& prediction);

class Models {
 public:
  explicit Models(std::vector<ModelSource> sources) : sources_(std::move(sources)) {}

  // All of them, again; what was loaded before stays where one fails, whose Error is thrown.
  void load();
  bool is_ready() const { return !all().empty(); }
  std::vector<std::shared_ptr<const ServedModel>> all() const;           // the first is the default
  std::shared_ptr<const ServedModel> find(std::string_view name) const;  // "": the default; null: none

 private:
  const std::vector<ModelSource> sources_;
  mutable std::mutex mutex_;
  std::mutex loading_;
  std::vector<std::shared_ptr<const ServedModel>> models_;
};

}  // namespace bertune::serve
