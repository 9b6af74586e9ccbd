// A task, as the training loop sees it: rows that become batches, and outputs that become metrics.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bertune/batch.h"
#include "bertune/metrics.h"
#include "bertune/model.h"
#include "core/json.h"
#include "tasks/record.h"

namespace bertune::tasks {

// A dataset as token ids, ready to be put into batches.
class Examples {
 public:
  virtual ~Examples() = default;

  // Rows as batches count them; of question answering, for one, windows and not questions.
  virtual std::int64_t rows() const = 0;
  // Rows as a person counts them in the file.
  virtual std::int64_t items() const { return rows(); }
  // Returns the windows of a text that are one row; a batch has as many rows as its windows may be.
  virtual std::int64_t windows_of(std::int64_t /*row*/) const { return 1; }
  virtual std::int64_t tokens_of_first(std::int64_t rows) const = 0;
  // Pre-training draws new rows each epoch (from 0).
  virtual void start_epoch(std::int64_t /*epoch*/) {}
  // Returns how many of all tokens are this one; 0 where each epoch draws new rows.
  virtual std::int64_t count_of(std::int32_t /*token*/) const { return 0; }
  // Appends a row, with its labels when there are any.
  virtual void add_to(Batch& batch, std::int64_t row) const = 0;
  // Returns a fingerprint of everything that weights trained on these rows depend on.
  virtual std::string fingerprint() const = 0;
};

// Takes the outputs for the rows of some examples, in order.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // `batch` holds the rows from `first_row` on, `output` is of a forward on it in eval mode.
  virtual void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) = 0;
  virtual Metrics result() const = 0;
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;  // as the option `task` takes it
  virtual Architecture architecture() const = 0;
  // Labels and problem type of the head.
  virtual void describe_head(LoadOptions& options) const = 0;
  // The metric that picks the best epoch when none is asked for.
  virtual std::string default_metric() const = 0;
  // `examples` are those that this task made, and must outlive the scorer.
  virtual std::unique_ptr<Scorer> scorer(const Examples& examples) const = 0;
  // Returns a recorder of what the model says of each item; null where items have no right answers
  // (pre-training). `examples` are as for the scorer.
  virtual std::unique_ptr<Recorder> recorder(const Examples& /*examples*/, UseRecord /*use*/) const {
    return nullptr;
  }
  // Takes over thresholds that were best on validation; returns them by the names under which bertune.json
  // keeps them.
  virtual Json tune(const Metrics& /*validation*/) { return Json::object(); }
  // Takes over those that bertune.json holds; without any, a task has those that it began with.
  virtual void restore_thresholds(const Json& /*settings*/) {}
};

// A task whose examples are of one type.
template <class ExamplesType>
class TaskOf : public Task {
 public:
  std::unique_ptr<Scorer> scorer(const Examples& examples) const final {
    return scorer_of(dynamic_cast<const ExamplesType&>(examples));
  }
  std::unique_ptr<Recorder> recorder(const Examples& examples, UseRecord use) const final {
    return recorder_of(dynamic_cast<const ExamplesType&>(examples), std::move(use));
  }

 private:
  virtual std::unique_ptr<Scorer> scorer_of(const ExamplesType& examples) const = 0;
  virtual std::unique_ptr<Recorder> recorder_of(const ExamplesType& examples, UseRecord use) const = 0;
};

// FNV-1a, for Examples::fingerprint().
class Fingerprint {
 public:
  template <typename Values>
  Fingerprint& add(const Values& values) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
    for (std::size_t i = 0; i < values.size() * sizeof(*values.data()); ++i)
      hash_ = (hash_ ^ bytes[i]) * 1099511628211ULL;
    return *this;
  }
  std::string text() const;

 private:
  std::uint64_t hash_ = 14695981039346656037ULL;
};

}  // namespace bertune::tasks
