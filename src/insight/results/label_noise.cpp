#include "insight/results/label_noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "insight/results/confident_learning.h"
#include "insight/results/outcomes.h"
#include "tasks/softmax.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

// An item with its score, before its texts are looked up.
struct ScoredItem {
  std::size_t row = 0;
  std::optional<std::int64_t> word = {};
  std::string given = {}, suggested = {};
  double score = 0, margin = 0;
  std::optional<double> suggested_score = {};
  double suspicion = 0;  // the order: the least comes first
  bool is_issue = false;
};

class NoiseFinder {
 public:
  NoiseFinder(const PredictionTable& table, const PredictedSet& set, const NoiseLimits& limits)
      : table_(table), set_(set), limits_(limits), width_(static_cast<std::size_t>(table.form.width)) {
    noise_.task = table.task, noise_.set = set.name;
  }

  LabelNoise find() {
    switch (table_.form.outcome) {
      case Outcome::classes:
      case Outcome::tags:
        judge_classes();
        break;
      case Outcome::labels:
        judge_labels();
        break;
      default:
        judge_numbers();
    }
    std::ranges::stable_sort(items_, {}, &ScoredItem::suspicion);
    noise_.items = std::ssize(items_);
    noise_.issues = std::ranges::count_if(items_, &ScoredItem::is_issue);
    find_twins();
    for (const ScoredItem& item : items_) {
      if (limits_.top > 0 && std::ssize(noise_.ranked) == limits_.top) break;
      if (limits_.top > 0 || item.is_issue) noise_.ranked.push_back(whole(item));
    }
    std::ranges::stable_sort(noise_.labels, std::greater<>(), &LabelErrors::wrong);
    std::ranges::stable_sort(noise_.confused, std::greater<>(), &ConfusedLabels::items);
    return std::move(noise_);
  }

 private:
  const std::string& name(std::size_t label) const { return table_.form.labels[label]; }

  // One class an item: a row, or a word.
  void judge_classes() {
    JudgedLabels judged{.classes = table_.form.width};
    for (std::size_t position = 0; position < set_.truth.size(); ++position) {
      std::vector<float> logits;
      for (const float logit : table_.logits_of(set_, static_cast<std::int64_t>(position)))
        logits.push_back(static_cast<float>(logit / limits_.temperature));
      const tasks::Softmax softmax(logits);
      for (const float logit : logits) judged.probabilities.push_back(softmax.probability(logit));
      judged.labels.push_back(static_cast<std::int32_t>(set_.truth[position]));
    }
    const std::vector<std::int64_t> joint = confident_joint(judged);
    const std::vector<bool> issues = label_issues(judged, joint);
    count_errors(joint, judged, name_of_classes());
    if (limits_.with_rate) set_rate(error_rate(judged, joint));
    const bool words = table_.form.outcome == Outcome::tags;
    if (words) noise_.unit = "word";
    for (std::size_t row = 0; row < set_.rows.size(); ++row) {
      for (std::int64_t position = set_.begins[row]; position < set_.begins[row + 1]; ++position) {
        const auto p = judged.of(position);
        const auto label = static_cast<std::size_t>(judged.labels[static_cast<std::size_t>(position)]);
        const LabelQuality quality = label_quality(p, static_cast<std::int32_t>(label));
        const auto best = static_cast<std::size_t>(std::ranges::max_element(p) - p.begin());
        ScoredItem& item = items_.emplace_back(ScoredItem{.row = row, .given = name(label)});
        if (words) item.word = position - set_.begins[row];
        item.suggested = name(best), item.suggested_score = p[best];
        item.score = item.suspicion = quality.self_confidence, item.margin = quality.normalized_margin;
        item.is_issue = issues[static_cast<std::size_t>(position)];
      }
    }
  }

  std::function<std::string(std::int64_t)> name_of_classes() const {
    return [this](std::int64_t label) { return name(static_cast<std::size_t>(label)); };
  }

  void count_errors(const std::vector<std::int64_t>& joint, const JudgedLabels& judged,
                    const std::function<std::string(std::int64_t)>& name_of) {
    for (std::int64_t given = 0; given < judged.classes; ++given) {
      LabelErrors errors{.label = name_of(given)};
      errors.items = std::ranges::count(judged.labels, static_cast<std::int32_t>(given));
      for (std::int64_t other = 0; other < judged.classes; ++other) {
        const std::int64_t items = joint[static_cast<std::size_t>(given * judged.classes + other)];
        if (other == given || items == 0) continue;
        errors.wrong += items;
        noise_.confused.push_back({errors.label, name_of(other), items});
      }
      noise_.labels.push_back(std::move(errors));
    }
  }

  void set_rate(const ErrorRate& rate) {
    noise_.error_rate = rate.value, noise_.low = rate.interval.low, noise_.high = rate.interval.high;
  }

  // Each label of a row is judged for itself. The score of a row is the moving average of its labels' scores,
  // the best first, in which the last and least counts four fifths.
  void judge_labels() {
    const std::vector<double> probabilities = label_probabilities(set_, limits_.temperature);
    const std::size_t rows = set_.rows.size();
    std::vector<bool> issues(rows * width_);
    double wrong = 0, low = 0, high = 0;
    for (std::size_t label = 0; label < width_; ++label) {
      JudgedLabels judged{.classes = 2};
      for (std::size_t row = 0; row < rows; ++row) {
        const double p = probabilities[row * width_ + label];
        judged.probabilities.insert(judged.probabilities.end(), {1 - p, p});
        judged.labels.push_back(set_.truth[row * width_ + label] > 0.5F ? 1 : 0);
      }
      const std::vector<std::int64_t> joint = confident_joint(judged);
      const std::vector<bool> own = label_issues(judged, joint);
      for (std::size_t row = 0; row < rows; ++row) issues[row * width_ + label] = own[row];
      const ErrorRate rate = limits_.with_rate ? error_rate(judged, joint) : ErrorRate();
      wrong += rate.value, low += rate.interval.low, high += rate.interval.high;
      count_errors(joint, judged, [&](std::int64_t has) { return (has == 1 ? "" : "not ") + name(label); });
    }
    const auto labels = static_cast<double>(width_);
    if (limits_.with_rate) set_rate({wrong / labels, {low / labels, high / labels}});
    for (std::size_t row = 0; row < rows; ++row) add_row_of_labels(row, probabilities, issues);
  }

  void add_row_of_labels(std::size_t row, const std::vector<double>& probabilities,
                         const std::vector<bool>& issues) {
    constexpr double kOfNext = 0.8;
    ScoredItem item{.row = row};
    std::vector<double> scores;
    for (std::size_t label = 0; label < width_; ++label) {
      const std::size_t at = row * width_ + label;
      const bool is_given = set_.truth[at] > 0.5F;
      scores.push_back(is_given ? probabilities[at] : 1 - probabilities[at]);
      item.is_issue = item.is_issue || issues[at];
      if (is_given) join(item.given, name(label));
      if (is_given != issues[at]) join(item.suggested, name(label));
    }
    std::ranges::sort(scores, std::greater<>());
    item.score = scores[0];
    for (std::size_t i = 1; i < scores.size(); ++i)
      item.score = kOfNext * scores[i] + (1 - kOfNext) * item.score;
    item.margin = scores.back();
    item.suspicion = item.score;
    items_.push_back(std::move(item));
  }

  static void join(std::string& list, const std::string& label) {
    list += list.empty() ? label : "|" + label;
  }

  // Numbers are suspicious by their distance; an issue is one of more than 3.5 robust standard deviations
  // (Iglewicz and Hoaglin 1993).
  void judge_numbers() {
    std::vector<double> deviations;
    for (std::size_t row = 0; row < set_.rows.size(); ++row)
      deviations.push_back(double{set_.logits[row]} - double{set_.truth[row]});
    constexpr double kNormal = 1.4826, kMost = 3.5;
    const double middle = median(deviations);
    std::vector<double> distances;
    for (const double deviation : deviations) distances.push_back(std::abs(deviation - middle));
    const double spread = kNormal * median(distances);
    for (std::size_t row = 0; row < deviations.size(); ++row) {
      const double deviation = deviations[row];
      items_.push_back({.row = row,
                        .given = fmt::format("{}", set_.truth[row]),
                        .suggested = fmt::format("{:.4g}", set_.logits[row]),
                        .score = std::exp(-std::abs(deviation)),
                        .margin = deviation,
                        .suspicion = -std::abs(deviation),
                        .is_issue = spread > 0 && distances[row] > kMost * spread});
    }
  }

  static double median(std::vector<double> numbers) {
    if (numbers.empty()) return 0;
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::ranges::nth_element(numbers, middle);
    return *middle;
  }

  // Rows with the same texts and another label: one of both is wrong.
  void find_twins() {
    if (table_.form.outcome == Outcome::tags) return;
    std::unordered_map<std::string_view, std::pair<std::string_view, bool>> known;  // differing labels?
    for (const ScoredItem& item : items_) {
      const auto [found, is_new] =
          known.try_emplace(set_.rows[item.row].hash, std::string_view(item.given), false);
      if (!is_new && found->second.first != item.given) found->second.second = true;
    }
    for (const auto& [hash, entry] : known)
      if (entry.second) twins_.emplace(hash);
  }

  SuspiciousLabel whole(const ScoredItem& item) const {
    const PredictedRow& row = set_.rows[item.row];
    SuspiciousLabel label{.row = row.row,
                          .word = item.word,
                          .where = row.where,
                          .text = row.text,
                          .text_pair = row.text_pair,
                          .hash = row.hash,
                          .word_text = {},
                          .given = item.given,
                          .suggested = item.suggested,
                          .score = item.score,
                          .suggested_score = item.suggested_score,
                          .margin = item.margin,
                          .is_issue = item.is_issue,
                          .has_twin = twins_.contains(row.hash)};
    if (item.word) label.word_text = word_of(row.text, *item.word);
    return label;
  }

  // The words of a sentence have a blank between them; nothing for one behind the part of it that is kept.
  static std::string word_of(std::string_view text, std::int64_t word) {
    for (; word > 0; --word) {
      const std::size_t blank = text.find(' ');
      if (blank == text.npos) return "";
      text.remove_prefix(blank + 1);
    }
    const std::size_t end = text.find(' ');
    return end == text.npos && text.ends_with("…") ? "" : std::string(text.substr(0, end));
  }

  const PredictionTable& table_;
  const PredictedSet& set_;
  const NoiseLimits& limits_;
  std::size_t width_;
  std::vector<ScoredItem> items_;
  std::unordered_set<std::string_view> twins_;
  LabelNoise noise_;
};

}  // namespace

bool has_label_noise(const tasks::RecordForm& form) {
  return form.outcome == Outcome::classes || form.outcome == Outcome::tags ||
         form.outcome == Outcome::labels || (form.outcome == Outcome::numbers && form.width == 1);
}

LabelNoise label_noise(const PredictionTable& table, const PredictedSet& set, const NoiseLimits& limits) {
  if (!has_label_noise(table.form)) {
    throw UsageError(
        fmt::format("noise: {} has no labels that can be judged; it looks at classes, several labels, tagged "
                    "words and numbers",
                    table.task));
  }
  return NoiseFinder(table, set, limits).find();
}

}  // namespace bertune::insight
