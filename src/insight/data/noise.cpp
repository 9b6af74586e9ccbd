#include "insight/data/noise.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/parallel.h"
#include "data/checks/finding_parts.h"
#include "data/splits/folds.h"
#include "data/tagged/tagged_texts.h"
#include "insight/data/frozen_features.h"
#include "insight/data/linear_targets.h"
#include "insight/data/tfidf.h"
#include "insight/results/label_noise.h"
#include "runs/fine_tuning.h"
#include "tasks/text_classification/read.h"
#include "tasks/token_classification/read.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;
using tasks::text_classification::LabelledRows;
using tasks::text_classification::LabelledSets;
using tasks::token_classification::LabelledSentences;

constexpr std::int64_t kMostTexts = 20'000, kMostWords = 30'000;  // that a model of features learns from
constexpr double kCost = 4;  // a model that believes wrong labels less finds more of them

// An even sample where there are more.
std::vector<std::int64_t> at_most(const std::vector<std::int64_t>& rows, std::int64_t most) {
  std::vector<std::int64_t> some;
  for (const std::int64_t place : data::even_sample(std::ssize(rows), most))
    some.push_back(rows[static_cast<std::size_t>(place)]);
  return some;
}

// The mean of what several models say of each row, each fold's by models of the others.
class OutOfFold {
 public:
  OutOfFold(const Targets& targets, std::size_t rows, std::int64_t models)
      : targets_(targets),
        models_(static_cast<float>(models)),
        logits_(rows * static_cast<std::size_t>(targets.width)) {}

  // Each row and model is added by one thread.
  void add(std::span<const std::int64_t> asked, std::span<const float> logits) {
    const auto width = static_cast<std::size_t>(targets_.width);
    for (std::size_t i = 0; i < logits.size(); ++i)
      logits_[static_cast<std::size_t>(asked[i / width]) * width + i % width] += logits[i] / models_;
  }
  std::vector<float> take() { return std::move(logits_); }

 private:
  const Targets& targets_;
  float models_;
  std::vector<float> logits_;
};

std::vector<float> judge_texts(const LabelledRows& rows, const Targets& targets, const DenseRows& features,
                               const std::vector<Sides>& sides) {
  constexpr std::size_t kMostWeights = 100'000'000;
  const data::Texts texts = data::texts_of(rows.rows);
  const auto folds = std::ssize(sides);
  OutOfFold by_features(targets, static_cast<std::size_t>(rows.rows.size()), 2), by_words = by_features;
  std::atomic<bool> has_words = true;
  // Each fold has two models; which thread makes which does not matter.
  parallel_for(2 * folds, [&](std::int64_t number) {
    const Sides& side = sides[static_cast<std::size_t>(number / 2)];
    if (number % 2 == 0) {
      const std::vector<std::int64_t> learned = at_most(side.learned, kMostTexts);
      by_features.add(side.asked, logits_of(targets, subset(features, learned).view(),
                                            subset(features, side.asked).view(), learned, kCost));
      return;
    }
    const std::vector<std::int64_t> learned = at_most(side.learned, most_learned(targets));
    TfIdf vectors;
    const SparseRows known = vectors.fit(texts, learned), asked = vectors.transform(texts, side.asked);
    if (static_cast<std::size_t>(targets.width) * static_cast<std::size_t>(known.width) > kMostWeights) {
      has_words = false;
      return;
    }
    by_words.add(side.asked, logits_of(targets, known.view(), asked.view(), learned, kCost));
  });
  std::vector<float> logits = by_features.take();
  const std::vector<float> words = by_words.take();
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = has_words ? logits[i] + words[i] : 2 * logits[i];
  return logits;
}

tasks::ItemRecord record_of(std::int64_t item, std::span<const float> logits, std::span<const float> truth) {
  tasks::ItemRecord record{.item = item};
  record.logits.assign(logits.begin(), logits.end()), record.truth.assign(truth.begin(), truth.end());
  return record;
}

PredictionTable table_of_texts(const tasks::TrainingFiles& files, std::int64_t folds,
                               const Encoding& encoding, const runs::BaseModel& base) {
  LabelledSets sets = tasks::text_classification::read_labelled(files);
  const LabelledRows& rows = sets.train;
  tasks::TextClassification task{sets.problem_type, data::LabelMap(sets.labels),
                                 files.length_of(128, base.config)};
  const Targets targets = targets_of(sets);
  const auto width = static_cast<std::size_t>(targets.width);
  const std::vector<Sides> sides =
      sides_of(data::fold_of_rows(data::texts_of(rows.rows), folds, files.seed), folds);
  const auto examples = tasks::make_examples(rows.rows, base.tokenizer, task, false);
  DenseRows features = mean_pooled(*examples, encoding);
  center(features);
  const std::vector<float> logits = judge_texts(rows, targets, features, sides);
  tasks::Records records{.in_all = rows.rows.size()};
  records.form.outcome = targets.outcome, records.form.labels = sets.labels;
  records.form.width = targets.width;
  for (std::int64_t item = 0; item < rows.rows.size(); ++item) {
    const auto place = static_cast<std::size_t>(item);
    const auto id = static_cast<float>(rows.ids.empty() ? 0 : rows.ids[place]);
    records.items.push_back(record_of(
        item, std::span(logits).subspan(place * width, width),
        rows.ids.empty() ? std::span(rows.targets).subspan(place * width, width) : std::span(&id, 1)));
    examples->count_tokens(item, records.items.back());
  }
  PredictionTable table{.task = "text-classification"};
  add_set(table, kOutOfFoldSet, files.train.string(), &records,
          [&](const std::string&, std::int64_t item) { return tasks::text_of_row(rows.rows, item); });
  return table;
}

std::vector<std::int64_t> words_of_sentences(const tasks::TokenClassificationFeatures& features,
                                             std::span<const std::int64_t> sentences) {
  std::vector<std::int64_t> words;
  for (const std::int64_t sentence : sentences)
    for (std::int64_t word = features.word_begins[static_cast<std::size_t>(sentence)];
         word < features.word_begins[static_cast<std::size_t>(sentence) + 1]; ++word)
      words.push_back(word);
  return words;
}

PredictionTable table_of_words(const tasks::TrainingFiles& files, std::int64_t folds,
                               const Encoding& encoding, const runs::BaseModel& base) {
  const LabelledSentences labelled = tasks::token_classification::read_labelled(files, base.config);
  const data::TaggedDataset& sentences = labelled.sentences;
  const tasks::TokenClassification& task = labelled.task;
  data::Texts texts = data::texts_of(sentences);
  texts.label = {};
  const std::vector<Sides> sides = sides_of(data::fold_of_rows(texts, folds, files.seed), folds);
  const tasks::TokenClassificationFeatures features = tasks::make_features(
      sentences.sentences, labelled.ids, base.tokenizer, task, tasks::LongSentences::windows);
  DenseRows states = word_states(features, encoding);
  center(states);
  const Targets targets{.width = static_cast<std::int32_t>(task.labels.size()), .ids = labelled.ids};
  OutOfFold judged(targets, labelled.ids.size(), 1);
  parallel_for(folds, [&](std::int64_t fold) {
    const Sides& side = sides[static_cast<std::size_t>(fold)];
    const std::vector<std::int64_t> learned = at_most(words_of_sentences(features, side.learned), kMostWords),
                                    asked = words_of_sentences(features, side.asked);
    judged.add(asked, logits_of(targets, subset(states, learned).view(), subset(states, asked).view(),
                                learned, kCost));
  });
  const std::vector<float> logits = judged.take();
  const auto width = static_cast<std::size_t>(targets.width);
  tasks::Records records{.in_all = sentences.size()};
  records.form = {.outcome = Outcome::tags,
                  .labels = task.labels.id2label(),
                  .width = targets.width,
                  .scheme = std::string(to_string(task.scheme)),
                  .unit = "sentence"};
  for (std::int64_t item = 0; item < sentences.size(); ++item) {
    const auto begin = static_cast<std::size_t>(features.word_begins[static_cast<std::size_t>(item)]),
               end = static_cast<std::size_t>(features.word_begins[static_cast<std::size_t>(item) + 1]);
    const std::vector<float> truth(labelled.ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                   labelled.ids.begin() + static_cast<std::ptrdiff_t>(end));
    records.items.push_back(
        record_of(item, std::span(logits).subspan(begin * width, (end - begin) * width), truth));
  }
  PredictionTable table{.task = "token-classification"};
  add_set(table, kOutOfFoldSet, files.train.string(), &records, [&](const std::string&, std::int64_t item) {
    return tasks::token_classification::text_of_sentence(sentences, item);
  });
  return table;
}

}  // namespace

void require_label_noise(const tasks::TaskEntry& task) {
  if (task.architecture == Architecture::sequence_classification ||
      task.architecture == Architecture::token_classification)
    return;
  throw UsageError(
      "task", fmt::format("noise: {} has no labels that can be judged; it looks at classes, several labels, "
                          "tagged words and numbers (`task`)",
                          task.name));
}

PredictionTable judge_rows(const runs::TrainOptions& options, const tasks::TaskEntry& task,
                           std::int64_t folds, const Encoding& encoding) {
  require_label_noise(task);
  tasks::TrainingFiles files = options.files;
  files.validation.clear(), files.test.clear();
  files.validation_split = 0;
  const runs::BaseModel base = runs::open_base_model(options);
  files.model_max_length = base.tokenizer.config().model_max_length;
  return task.architecture == Architecture::token_classification
             ? table_of_words(files, folds, encoding, base)
             : table_of_texts(files, folds, encoding, base);
}

}  // namespace bertune::insight
