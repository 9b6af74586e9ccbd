#include "insight/results/mistakes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "insight/results/outcomes.h"
#include "insight/results/run_facts.h"

namespace bertune::insight {
namespace {

using tasks::Outcome;

// A row that is wrong, and how wrong: of classes how sure, of numbers the distance.
struct Mistake {
  std::size_t row = 0;
  double weight = 0;
  OrderedJson right = {}, said = {};
  std::optional<double> score = {};
};

std::string joined(const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) text += (text.empty() ? "" : ", ") + label;
  return text;
}

class Mistakes {
 public:
  Mistakes(const PredictionTable& table, const PredictedSet& set, double temperature)
      : table_(table), set_(set), width_(static_cast<std::size_t>(table.form.width)) {
    if (has_classes(table.form.outcome)) classes_ = class_results(table, set, temperature);
    if (table.form.outcome == Outcome::labels) probabilities_ = label_probabilities(set);
    for (std::size_t row = 0; row < set.rows.size(); ++row) look_at(row);
    std::ranges::stable_sort(found_, std::greater<>(), &Mistake::weight);
  }

  void add_to(OrderedJson& facts) const {
    OrderedJson list = OrderedJson::array();
    for (const Mistake& one : found_) {
      if (std::ssize(list) == kMostMistakes) break;
      const PredictedRow& row = set_.rows[one.row];
      OrderedJson json = {{"where", row.where}, {"text", row.text}};
      if (!row.text_pair.empty()) json["text_pair"] = row.text_pair;
      json["right"] = one.right, json["said"] = one.said;
      if (one.score) json["score"] = *one.score;
      json["tokens"] = row.tokens;
      if (row.cut_tokens > 0) json["cut_tokens"] = row.cut_tokens;
      if (row.more.contains("deciding_window"))
        json["window"] = row.more.at("deciding_window"), json["windows"] = row.windows;
      list.push_back(std::move(json));
    }
    facts["mistakes"] = std::move(list);
    facts["mistakes_shown"] = facts["mistakes"].size(), facts["mistakes_in_all"] = found_.size();
  }

 private:
  std::string name(std::int64_t label) const {
    const auto id = static_cast<std::size_t>(label);
    return id < table_.form.labels.size() ? table_.form.labels[id] : std::to_string(label);
  }

  void look_at(std::size_t row) {
    switch (table_.form.outcome) {
      case Outcome::classes:
      case Outcome::choices:
        return look_at_class(row);
      case Outcome::labels:
        return look_at_labels(row);
      case Outcome::numbers:
      case Outcome::cosines:
        return look_at_number(row);
      case Outcome::tags:
        return look_at_tags(row);
      case Outcome::answers:
        return look_at_answer(row);
      case Outcome::partners:
        break;
    }
    const std::int64_t rank = set_.rows[row].more.value("rank", std::int64_t{0});
    if (rank > 1) found_.push_back({row, static_cast<double>(rank), 1, rank});
  }

  void look_at_class(std::size_t row) {
    const ClassResult& one = classes_[row];
    if (!one.right())
      found_.push_back({row, one.confidence, name(one.label), name(one.predicted), one.confidence});
  }

  void look_at_labels(std::size_t row) {
    std::vector<std::string> right, said;
    double worst = 0;
    for (std::size_t i = 0; i < width_; ++i) {
      const std::size_t at = row * width_ + i;
      const bool truth = set_.truth[at] > 0.5F, predicted = probabilities_[at] > table_.form.threshold;
      if (truth) right.push_back(table_.form.labels[i]);
      if (predicted) said.push_back(table_.form.labels[i]);
      if (truth != predicted) worst = std::max(worst, std::abs(probabilities_[at] - (truth ? 1 : 0)));
    }
    if (worst > 0) found_.push_back({row, worst, joined(right), joined(said)});
  }

  void look_at_number(std::size_t row) {
    double distance = 0;
    OrderedJson right = OrderedJson::array(), said = OrderedJson::array();
    for (std::size_t i = row * width_; i < (row + 1) * width_; ++i) {
      distance += std::abs(static_cast<double>(set_.logits[i]) - set_.truth[i]);
      right.push_back(set_.truth[i]), said.push_back(set_.logits[i]);
    }
    if (distance == 0) return;
    found_.push_back({row, distance, width_ == 1 ? right[0] : right, width_ == 1 ? said[0] : said});
  }

  void look_at_tags(std::size_t row) {
    std::vector<std::string> right, said;
    double worst = 0;
    for (auto at = static_cast<std::size_t>(set_.begins[row]);
         at < static_cast<std::size_t>(set_.begins[row + 1]); ++at) {
      right.push_back(name(classes_[at].label)), said.push_back(name(classes_[at].predicted));
      if (!classes_[at].right()) worst = std::max(worst, classes_[at].confidence);
    }
    if (worst > 0) found_.push_back({row, worst, right, said, worst});
  }

  void look_at_answer(std::size_t row) {
    const Json& more = set_.rows[row].more;
    if (more.value("exact", 0.0) > 0.5) return;
    const Json answers = more.value("answers", Json::array());
    found_.push_back({row, more.value("score", 0.0), answers.empty() ? Json("") : answers[0],
                      more.value("answer", ""), more.value("score", 0.0)});
  }

  const PredictionTable& table_;
  const PredictedSet& set_;
  std::size_t width_;
  std::vector<ClassResult> classes_;
  std::vector<double> probabilities_;
  std::vector<Mistake> found_;
};

}  // namespace

void add_mistakes(const PredictionTable& table, const PredictedSet& set, double temperature,
                  OrderedJson& facts) {
  Mistakes(table, set, temperature).add_to(facts);
}

}  // namespace bertune::insight
