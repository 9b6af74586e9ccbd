#include "train/collapse_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "bertune/metrics.h"

namespace bertune::train {
namespace {

// Parts of the run at whose ends the answers may be looked at.
constexpr std::array kLooks = {0.15, 0.2, 0.3, 0.4, 0.6, 0.8};
constexpr double kNoBetter = 0.97;  // of the loss of guessing

double mean(const std::deque<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

double entropy(const std::map<std::int32_t, double>& counts) {
  double sum = 0, result = 0;
  for (const auto& [label, count] : counts) sum += count;
  for (const auto& [label, count] : counts) result -= count / sum * std::log(count / sum);
  return result;
}

double binary_entropy(double share) {
  return share <= 0 || share >= 1 ? 0 : -share * std::log(share) - (1 - share) * std::log(1 - share);
}

double variance(std::span<const float> values) {
  const double center =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double sum = 0;
  for (const float value : values) sum += (double{value} - center) * (double{value} - center);
  return sum / static_cast<double>(values.size());
}

// The loss of a few steps is luck where labels are rare: no loss counts as that of guessing then.
double at_least_noise(double entropy_of_labels) {
  constexpr double kLeast = 0.3;
  return entropy_of_labels < kLeast ? HUGE_VAL : entropy_of_labels;
}

// A label with the probabilities of all, of one of the batch's rows, or of its words.
ProblemType problem_of(const BertPreTrainedModel& model, const Batch& batch) {
  if (batch.targets.empty()) return ProblemType::single_label_classification;
  return model.config().problem_type.value_or(
      model.config().num_labels() == 1 ? ProblemType::regression : ProblemType::multi_label_classification);
}

}  // namespace

bool has_answers(Architecture architecture) {
  return architecture == Architecture::sequence_classification ||
         architecture == Architecture::token_classification;
}

std::optional<double> guessing_loss(const BertPreTrainedModel& model, const tasks::Examples& examples) {
  constexpr std::int64_t kRows = 2000;
  if (!model.loss_options().is_plain() || !has_answers(model.architecture())) return std::nullopt;
  Batch batch;
  for (const std::int64_t row : spread_rows(examples.rows(), kRows)) examples.add_to(batch, row);
  if (!batch.labels.empty()) {
    std::map<std::int32_t, double> counts;
    for (const std::int32_t label : batch.labels)
      if (label != kIgnoredLabel) ++counts[label];
    return at_least_noise(entropy(counts));
  }
  if (batch.targets.empty()) return std::nullopt;
  const auto width = static_cast<std::size_t>(model.config().num_labels());
  if (problem_of(model, batch) == ProblemType::regression)
    return width == 1 ? std::optional(variance(batch.targets)) : std::nullopt;
  double sum = 0;
  for (std::size_t label = 0; label < width; ++label) {
    double positive = 0;
    for (std::size_t i = label; i < batch.targets.size(); i += width) positive += double{batch.targets[i]};
    sum += binary_entropy(positive * static_cast<double>(width) / static_cast<double>(batch.targets.size()));
  }
  return at_least_noise(sum / static_cast<double>(width));
}

std::vector<std::int64_t> spread_rows(std::int64_t rows, std::int64_t most) {
  std::vector<std::int64_t> chosen;
  if (rows == 0) return chosen;
  std::int64_t step = static_cast<std::int64_t>(0.618 * static_cast<double>(rows)) | 1;
  while (std::gcd(step, rows) != 1) step += 2;
  for (std::int64_t i = 0, row = 0; i < std::min(rows, most); ++i, row = (row + step) % rows)
    chosen.push_back(row);
  return chosen;
}

std::optional<double> answer_spread(const BertPreTrainedModel& model, const Batch& batch,
                                    const ModelOutput& output) {
  const auto width = static_cast<std::size_t>(model.config().num_labels());
  if (!has_answers(model.architecture()) || output.logits.size() < 2 * width) return std::nullopt;
  const ProblemType type = problem_of(model, batch);
  const std::size_t rows = output.logits.size() / width;
  if (type == ProblemType::regression) {
    const double of_targets = variance(batch.targets);
    // Numbers far from the first outputs, near 0, are not reached by the bias of the head for long.
    constexpr double kMostVariance = 100;
    return of_targets > 0 && of_targets < kMostVariance
               ? std::optional(std::sqrt(variance(output.logits) / of_targets))
               : std::nullopt;
  }
  std::vector<std::vector<double>> all;
  std::vector<double> center(width);
  for (std::size_t row = 0; row < rows; ++row) {
    all.push_back(probabilities(type, output.logits.subspan(row * width, width)));
    for (std::size_t i = 0; i < width; ++i) center[i] += all.back()[i] / static_cast<double>(rows);
  }
  double sum = 0;
  for (const std::vector<double>& own : all)
    for (std::size_t i = 0; i < width; ++i) sum += std::abs(own[i] - center[i]);
  const double halves = type == ProblemType::multi_label_classification ? static_cast<double>(width) : 2;
  return sum / halves / static_cast<double>(rows);
}

bool CollapseGuard::add(std::int64_t step, double loss, std::span<const std::int64_t> rows) {
  constexpr std::size_t kBefore = 50, kFewestBefore = 20, kFewestRows = 8, kRowsKept = 5;
  step_ = step;
  if (!is_watched()) return false;
  // After a resume these are not the first steps, and nothing stands for guessing.
  const bool is_early = first_steps_ == step - 1 && first_steps_ * 20 < total_steps_;
  if (!guessing_ && is_early) first_sum_ += loss, ++first_steps_;
  if (!guessing_ && first_steps_ > 0 && first_steps_ * 20 >= total_steps_)
    guessing_ = first_sum_ / static_cast<double>(first_steps_);
  if (before_.size() >= kFewestBefore && rows.size() >= kFewestRows && guessing_ && loss > 2 * *guessing_) {
    std::vector<double> sorted(before_.begin(), before_.end());
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
    if (loss > 3 * sorted[sorted.size() / 2]) {
      const auto kept = rows.first(std::min(rows.size(), kRowsKept));
      spikes_.push_back({step, loss, std::vector<std::int64_t>(kept.begin(), kept.end())});
    }
  }
  before_.push_back(loss);
  if (before_.size() > kBefore) before_.pop_front();
  recent_.push_back(loss);
  const auto window = static_cast<std::size_t>(std::clamp<std::int64_t>(total_steps_ / 20, 5, 200));
  if (recent_.size() > window) recent_.pop_front();
  if (recent_.size() == window) best_recent_ = std::min(best_recent_.value_or(mean(recent_)), mean(recent_));
  const bool is_look = std::ranges::any_of(kLooks, [&](double part) {
    return step == static_cast<std::int64_t>(std::ceil(part * static_cast<double>(total_steps_)));
  });
  return is_look && guessing_ && recent_loss() >= kNoBetter * *guessing_;
}

double CollapseGuard::recent_loss() const { return mean(recent_); }

std::string CollapseGuard::verdict(double spread) const {
  if (spread >= kSameAnswer) return "";
  return fmt::format(
      "the model gives every row the same scores (they differ by {:.1g}), and its loss ({:.3f}) is no better "
      "than that of guessing ({:.3f})",
      spread, recent_loss(), guessing_.value_or(0));
}

std::string CollapseGuard::divergence() const {
  constexpr double kTimes = 3;
  const bool is_full = recent_.size() >= 5 && step_ * 10 >= total_steps_;
  if (!is_watched() || !is_full || !guessing_ || !best_recent_) return "";
  if (recent_loss() < kTimes * *guessing_ || recent_loss() < kTimes * *best_recent_) return "";
  return fmt::format("the loss has run away: it is {:.3f}, and was {:.3f}; guessing has {:.3f}",
                     recent_loss(), *best_recent_, *guessing_);
}

}  // namespace bertune::train
