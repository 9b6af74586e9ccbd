#include "insight/data/suggestions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "bertune/predictor.h"
#include "data/checks/finding_parts.h"
#include "data/checks/near_duplicates.h"
#include "data/splits/subset.h"
#include "insight/data/k_means.h"
#include "runs/few_labels.h"
#include "tasks/text_classification/examples.h"
#include "train/model_folder.h"
#include "train/text_features.h"

namespace bertune::insight {
namespace {

constexpr std::int64_t kCandidates = 10;  // of each row that is wanted, the ones with the smallest margins
constexpr std::int64_t kMostClustered = 20'000;  // that are clustered without margins: an even sample of more
constexpr std::int64_t kMostNearRows = 200'000;  // among which near copies are looked for

// The probability of the first class less that of the second; or how far the label that is nearest to its
// threshold is from it, so that both are from 0 to 1.
struct Judgment {
  std::vector<std::string> predicted;
  double score = 0, margin = 0;
};

Judgment judge(const Prediction& prediction, double threshold) {
  if (const auto* label = std::get_if<Label>(&prediction)) {
    std::vector<double> scores = label->scores;
    std::ranges::sort(scores, std::greater());
    return {{label->label}, label->score, scores.size() > 1 ? scores[0] - scores[1] : 1};
  }
  const auto& labels = std::get<Labels>(prediction);
  double margin = 1;
  for (const double score : labels.scores) margin = std::min(margin, 2 * std::abs(score - threshold));
  return {labels.labels, labels.score, margin};
}

class Suggester {
 public:
  explicit Suggester(const SuggestOptions& options)
      : options_(options),
        rows_(data::read_dataset(options.unlabelled,
                                 tasks::FileOptions{options.data}.read_options(/*labels_required=*/false))) {}

  Suggestions run() {
    found_.rows_read = rows_.size();
    find_pool();
    const std::optional<Architecture> head = train::architecture_in(options_.model, options_.base);
    if (head == Architecture::sequence_classification) {
      suggest_by_margin();
    } else if (!head || head == Architecture::sentence_embedding || head == Architecture::masked_lm ||
               head == Architecture::pretraining || head == Architecture::next_sentence_prediction) {
      suggest_by_clusters();
    } else {
      throw UsageError(
          fmt::format("{}: suggestions are of texts to label; this is a model of another task. Take one of "
                      "texts with labels, "
                      "or one that was only pre-trained",
                      options_.model.string()));
    }
    return std::move(found_);
  }

 private:
  // The rows that are no copies of earlier ones, nor nearly so.
  void find_pool() {
    const data::Texts texts = data::texts_of(rows_);
    std::unordered_set<std::string> seen;
    std::vector<bool> compared;
    for (const data::Row& row : rows_.rows)
      compared.push_back(seen.insert(data::hash_of(row.text, row.text_pair)).second);
    found_.copies = std::ranges::count(compared, false);
    std::vector<bool> is_near(compared.size());
    if (rows_.size() <= kMostNearRows) {
      const data::NearSet set{texts, compared};
      const std::vector<data::NearRow> near = data::near_duplicates(std::span(&set, 1)).at(0);
      for (std::size_t row = 0; row < near.size(); ++row) is_near[row] = near[row].earlier >= 0;
    }
    for (std::size_t row = 0; row < compared.size(); ++row) {
      if (!compared[row]) continue;
      if (is_near[row]) {
        ++found_.near_copies;
      } else {
        pool_.push_back(static_cast<std::int64_t>(row));
      }
    }
  }

  Clusters clusters_of(const std::vector<float>& features, const std::vector<std::int64_t>& rows) const {
    const auto width = static_cast<std::int64_t>(features.size() / rows.size());
    return k_means(features, width, options_.count, options_.seed);
  }

  std::vector<float> features_of(
      const std::vector<std::int64_t>& rows, std::optional<std::int64_t> max_length,
      const std::function<void(std::int64_t done, std::int64_t all)>& progress) const {
    runs::TrainOptions run;
    run.model = options_.model, run.base = options_.base;
    const runs::BaseModel base = runs::open_base_model(run);
    tasks::TrainingFiles files;
    files.max_length = max_length;
    tasks::TextClassification settings;
    settings.max_length = files.length_of(128, base.config);
    const auto examples = tasks::make_examples(data::subset(rows_, rows), base.tokenizer, settings, false);
    BertPreTrainedModel encoder = runs::new_encoder(run);
    return train::text_features(encoder, *examples, options_.stop, progress);
  }

  void suggest_by_margin() {
    const Predictor predictor(options_.model, {.base = options_.base, .max_length = options_.max_length});
    if (predictor.config().problem_type == ProblemType::regression)
      throw UsageError(fmt::format("{}: suggestions are of labels, and this model predicts numbers",
                                   options_.model.string()));
    std::vector<Judgment> judgments = judge_all(predictor);
    std::vector<std::size_t> order(pool_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return judgments[i].margin; });
    order.resize(std::min(order.size(), static_cast<std::size_t>(kCandidates * options_.count)));
    std::vector<std::int64_t> candidates;
    std::vector<double> margins;
    for (const std::size_t i : order) candidates.push_back(pool_[i]), margins.push_back(judgments[i].margin);
    const Clusters clusters = clusters_of(features_of(candidates, predictor.max_length(), {}), candidates);
    found_.by_margin = true;
    for (const std::size_t place : one_of_each_cluster(clusters.of_row, margins, options_.count)) {
      Judgment& judgment = judgments[order[place]];
      Suggestion suggestion = suggestion_of(candidates[place]);
      suggestion.predicted = std::move(judgment.predicted);
      suggestion.score = judgment.score, suggestion.margin = judgment.margin;
      found_.rows.push_back(std::move(suggestion));
    }
  }

  std::vector<Judgment> judge_all(const Predictor& predictor) {
    constexpr std::size_t kPart = 1024;
    const double threshold =
        tasks::setting(train::read_settings(options_.model), tasks::keys::kThreshold, 0.5);
    std::vector<Judgment> judgments;
    std::vector<Input> inputs;
    for (std::size_t first = 0; first < pool_.size(); first += kPart) {
      inputs.clear();
      for (std::size_t i = first; i < std::min(first + kPart, pool_.size()); ++i) {
        const data::Row& row = rows_.rows[static_cast<std::size_t>(pool_[i])];
        inputs.push_back({.text = std::string(row.text)});
        if (rows_.has_pairs) inputs.back().text_pair = std::string(row.text_pair);
      }
      for (const Prediction& prediction : predictor.predict(inputs))
        judgments.push_back(judge(prediction, threshold));
      if (options_.stop.stop_requested()) throw Interrupted("stopped while predicting");
      if (options_.progress) options_.progress(std::ssize(judgments), std::ssize(pool_));
    }
    return judgments;
  }

  // The row nearest to the center of each cluster, large clusters first.
  void suggest_by_clusters() {
    std::vector<std::int64_t> rows;
    for (const std::int64_t place : data::even_sample(std::ssize(pool_), kMostClustered))
      rows.push_back(pool_[static_cast<std::size_t>(place)]);
    const Clusters clusters = clusters_of(features_of(rows, options_.max_length, options_.progress), rows);
    std::map<std::int64_t, double> sizes;
    for (const std::int64_t cluster : clusters.of_row) ++sizes[cluster];
    std::vector<std::size_t> places =
        one_of_each_cluster(clusters.of_row, clusters.distances, options_.count);
    std::ranges::stable_sort(places, std::greater(),
                             [&](std::size_t place) { return sizes[clusters.of_row[place]]; });
    for (const std::size_t place : places) found_.rows.push_back(suggestion_of(rows[place]));
  }

  Suggestion suggestion_of(std::int64_t number) const {
    const data::Row& row = rows_.rows[static_cast<std::size_t>(number)];
    return {.row = number,
            .where = rows_.where(row),
            .text = std::string(row.text),
            .text_pair = std::string(row.text_pair),
            .id = std::string(row.id)};
  }

  const SuggestOptions& options_;
  data::Dataset rows_;
  std::vector<std::int64_t> pool_;
  Suggestions found_;
};

}  // namespace

std::vector<std::size_t> one_of_each_cluster(const std::vector<std::int64_t>& cluster_of_row,
                                             const std::vector<double>& keys, std::int64_t count) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return keys[row]; });
  std::map<std::int64_t, std::int64_t> taken;
  std::vector<std::pair<std::int64_t, std::size_t>>
      turns;  // of the row in its cluster, and its place in `order`
  for (std::size_t i = 0; i < order.size(); ++i) turns.emplace_back(taken[cluster_of_row[order[i]]]++, i);
  std::ranges::sort(turns);
  turns.resize(std::min(turns.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, count))));
  std::ranges::sort(turns, {}, &std::pair<std::int64_t, std::size_t>::second);
  std::vector<std::size_t> chosen;
  for (const auto& [turn, place] : turns) chosen.push_back(order[place]);
  return chosen;
}

}  // namespace bertune::insight

namespace bertune {

Suggestions suggest(const SuggestOptions& options) {
  if (options.count < 1)
    throw UsageError("count", fmt::format("`count` is {}; it must be at least 1", options.count));
  return insight::Suggester(options).run();
}

}  // namespace bertune
