// Rows of random tokens with random labels for every head, and a task whose metric the test decides.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/random.h"
#include "support/tiny_checkpoint.h"
#include "tasks/task.h"

namespace bertune::train::testing {

struct Kind {
  std::string name;
  Architecture architecture = Architecture::sequence_classification;
  ProblemType problem_type = ProblemType::single_label_classification;
};

inline std::vector<Kind> every_kind() {
  return {{"classes", Architecture::sequence_classification, ProblemType::single_label_classification},
          {"labels", Architecture::sequence_classification, ProblemType::multi_label_classification},
          {"numbers", Architecture::sequence_classification, ProblemType::regression},
          {"tokens", Architecture::token_classification},
          {"answers", Architecture::question_answering},
          {"choices", Architecture::multiple_choice},
          {"next_sentence", Architecture::next_sentence_prediction},
          {"masked", Architecture::masked_lm},
          {"pretraining", Architecture::pretraining}};
}

inline constexpr std::int32_t kLabels = 3, kChoices = 4;

inline BertPreTrainedModel make_model(const Kind& kind, float dropout = 0.1F) {
  BertConfig config = bertune::testing::tiny_config();
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout;
  if (kind.architecture == Architecture::sequence_classification) config.problem_type = kind.problem_type;
  config.id2label = {"one", "two", "three"};
  if (kind.problem_type == ProblemType::regression) config.id2label = {"score"};
  return BertPreTrainedModel::from_config(config, kind.architecture, 3);
}

// A row is a function of its index. Rows differ in how many labels they have; some have none.
class MadeExamples : public tasks::Examples {
 public:
  MadeExamples(Kind kind, std::int64_t rows) : kind_(std::move(kind)), rows_(rows) {}

  std::int64_t rows() const override { return rows_; }
  std::int64_t tokens_of_first(std::int64_t) const override { return 0; }
  std::string fingerprint() const override { return kind_.name; }

  void add_to(Batch& batch, std::int64_t row) const override {
    Random random(static_cast<std::uint64_t>(row), 0x7E58);
    const auto below = [&](std::int32_t bound) {
      return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(bound)));
    };
    const bool choices = kind_.architecture == Architecture::multiple_choice;
    for (std::int32_t sequence = 0; sequence < (choices ? kChoices : 1); ++sequence) {
      std::vector<std::int32_t> ids(static_cast<std::size_t>(2 + below(20)));
      for (std::int32_t& id : ids) id = 1 + below(60);
      batch.add(ids, {});
    }
    const auto length = static_cast<std::int32_t>(batch.cu_seqlens.back() - batch.cu_seqlens.end()[-2]);
    switch (kind_.architecture) {
      case Architecture::sequence_classification:
        if (kind_.problem_type == ProblemType::regression) {
          batch.targets.push_back(static_cast<float>(random.normal()));
        } else if (kind_.problem_type == ProblemType::multi_label_classification) {
          for (int label = 0; label < kLabels; ++label) batch.targets.push_back(static_cast<float>(below(2)));
        } else {
          batch.labels.push_back(row % 7 == 3 ? kIgnoredLabel : below(kLabels));
        }
        break;
      case Architecture::token_classification:
      case Architecture::masked_lm:
      case Architecture::pretraining:
        for (std::int32_t token = 0; token < length; ++token)
          batch.labels.push_back(below(10) < row % 4 * 3 ? below(kLabels) : kIgnoredLabel);
        if (kind_.architecture == Architecture::pretraining) batch.next_sentence_labels.push_back(below(2));
        break;
      case Architecture::question_answering:
        batch.start_positions.push_back(row % 5 == 2 ? -1 : below(length));
        batch.end_positions.push_back(row % 3 == 2 ? length : below(length));
        break;
      case Architecture::multiple_choice:
        batch.num_choices = kChoices;
        batch.labels.push_back(below(kChoices));
        break;
      case Architecture::next_sentence_prediction:
        batch.labels.push_back(below(2));
        break;
      case Architecture::sentence_embedding:  // its rows are pairs: tests/tasks has tests of its own
        throw Error("no made rows of pairs");
    }
  }

 private:
  Kind kind_;
  std::int64_t rows_;
};

struct MadeTask : tasks::Task {
  Kind kind;
  std::function<double()> accuracy = [] { return 0.5; };

  explicit MadeTask(Kind of) : kind(std::move(of)) {}
  std::string_view name() const override { return "made"; }
  Architecture architecture() const override { return kind.architecture; }
  void describe_head(LoadOptions&) const override {}
  std::string default_metric() const override { return "accuracy"; }
  std::unique_ptr<tasks::Scorer> scorer(const tasks::Examples&) const override {
    struct MadeScorer : tasks::Scorer {
      double accuracy;
      explicit MadeScorer(double value) : accuracy(value) {}
      void add(std::int64_t, const Batch&, const ModelOutput&) override {}
      Metrics result() const override {
        Metrics metrics;
        metrics.values = {{"loss", -1.0}, {"accuracy", accuracy}};
        return metrics;
      }
    };
    return std::make_unique<MadeScorer>(accuracy());
  }
};

inline BertTokenizer tiny_tokenizer() {
  const bertune::testing::TemporaryDirectory folder;
  std::string vocabulary;
  for (const std::string& piece : bertune::testing::tiny_vocabulary()) vocabulary += piece + "\n";
  return BertTokenizer::from_vocabulary(folder.write("vocab.txt", vocabulary));
}

}  // namespace bertune::train::testing
