#include "insight/results/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bertune/error.h"
#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::insight {
namespace {

constexpr double kCoolest = 0.01, kHottest = 100;

// The loss of all positions as a function of the inverse temperature, with its derivatives.
struct Loss {
  double value = 0, slope = 0, curvature = 0;
};

Loss softmax_loss(const PredictionTable& table, const PredictedSet& set, double inverse) {
  Loss loss;
  for (std::size_t position = 0; position < set.truth.size(); ++position) {
    const std::span<const float> logits = table.logits_of(set, static_cast<std::int64_t>(position));
    const double largest = *std::ranges::max_element(logits);
    double sum = 0, mean = 0, square = 0;
    for (const float logit : logits) {
      const double z = logit - largest, weight = std::exp(inverse * z);
      sum += weight, mean += weight * z, square += weight * z * z;
    }
    mean /= sum, square /= sum;
    const double right = logits[static_cast<std::size_t>(set.truth[position])] - largest;
    loss.value += std::log(sum) - inverse * right;
    loss.slope += mean - right;
    loss.curvature += square - mean * mean;
  }
  return loss;
}

Loss sigmoid_loss(const PredictedSet& set, double inverse) {
  Loss loss;
  for (std::size_t i = 0; i < set.logits.size(); ++i) {
    const double z = set.logits[i], scaled = inverse * z, probability = 1 / (1 + std::exp(-scaled));
    loss.value += std::max(scaled, 0.0) - scaled * set.truth[i] + std::log1p(std::exp(-std::abs(scaled)));
    loss.slope += z * (probability - set.truth[i]);
    loss.curvature += z * z * probability * (1 - probability);
  }
  return loss;
}

// The inverse temperature at which the loss has this excess over the least one, on one side of it.
template <typename Function>
double crossing(const Function& loss, double best, double end, double limit) {
  if (loss(end).value <= limit) return end;
  double inside = best, outside = end;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = (inside + outside) / 2;
    (loss(middle).value <= limit ? inside : outside) = middle;
  }
  return inside;
}

template <typename Function>
double minimum(const Function& loss) {
  double low = 1 / kHottest, high = 1 / kCoolest, at = 1;
  for (int step = 0; step < 200; ++step) {
    const Loss here = loss(at);
    (here.slope > 0 ? high : low) = at;
    double next = here.curvature > 0 ? at - here.slope / here.curvature : low;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::abs(next - at) <= 1e-12 * at) return next;
    at = next;
  }
  return at;
}

template <typename Function>
Temperature fit(const Function& loss, std::size_t numbers, std::size_t positions) {
  constexpr double kProfile =
      1.920729410347;  // half of the 95th percentile of chi-squared with one degree of freedom
  const double best = minimum(loss), least = loss(best).value;
  const auto count = static_cast<double>(numbers);
  Temperature result{.value = 1 / best};
  result.interval = {1 / crossing(loss, best, 1 / kCoolest, least + kProfile),
                     1 / crossing(loss, best, 1 / kHottest, least + kProfile)};
  result.loss_before = loss(1.0).value / count, result.loss_after = least / count;
  result.rows = static_cast<std::int64_t>(positions);
  return result;
}

}  // namespace

Temperature fit_temperature(const PredictionTable& table, const PredictedSet& set) {
  if (!has_confidence(table.form.outcome))
    throw Error("these predictions have no probabilities to calibrate");
  if (set.truth.empty()) throw Error("there are no rows to calibrate on");
  if (table.form.outcome == tasks::Outcome::labels)
    return fit([&](double inverse) { return sigmoid_loss(set, inverse); }, set.logits.size(),
               set.rows.size());
  return fit([&](double inverse) { return softmax_loss(table, set, inverse); }, set.truth.size(),
             set.truth.size());
}

std::vector<Claim> claims_of(const PredictionTable& table, const PredictedSet& set, double temperature) {
  std::vector<Claim> claims;
  if (table.form.outcome == tasks::Outcome::labels) {
    const std::vector<double> probabilities = label_probabilities(set, temperature);
    for (std::size_t i = 0; i < probabilities.size(); ++i)
      claims.push_back({probabilities[i], set.truth[i] > 0.5F});
    return claims;
  }
  for (const ClassResult& one : class_results(table, set, temperature))
    claims.push_back({one.confidence, one.right()});
  return claims;
}

double calibration_error(std::span<const Claim> claims, std::int64_t bins) {
  struct Bin {
    double claimed = 0, right = 0;
  };
  std::vector<Bin> sums(static_cast<std::size_t>(bins));
  for (const Claim& claim : claims) {
    const auto place = static_cast<std::int64_t>(claim.probability * static_cast<double>(bins));
    Bin& bin = sums[static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, bins - 1))];
    bin.claimed += claim.probability, bin.right += claim.right ? 1 : 0;
  }
  double error = 0;
  for (const Bin& bin : sums) error += std::abs(bin.right - bin.claimed);
  return claims.empty() ? 0 : error / static_cast<double>(claims.size());
}

ExpectedError expected_calibration_error(std::span<const Claim> claims, std::int64_t bins,
                                         std::int64_t simulations, std::uint64_t seed) {
  if (claims.empty() || simulations <= 0) return {};
  std::vector<Claim> simulated(claims.begin(), claims.end());
  std::vector<double> errors;
  for (std::int64_t number = 0; number < simulations; ++number) {
    Random random = random_for(seed, kSimulationStream, 0, static_cast<std::uint64_t>(number));
    for (Claim& claim : simulated) claim.right = random.uniform() < claim.probability;
    errors.push_back(calibration_error(simulated, bins));
  }
  std::ranges::sort(errors);
  const double count = static_cast<double>(errors.size());
  return {std::reduce(errors.begin(), errors.end()) / count,
          errors[static_cast<std::size_t>(0.95 * (count - 1))]};
}

double brier_score(std::span<const Claim> claims) {
  double sum = 0;
  for (const Claim& claim : claims) {
    const double distance = claim.probability - (claim.right ? 1 : 0);
    sum += distance * distance;
  }
  return claims.empty() ? 0 : sum / static_cast<double>(claims.size());
}

std::vector<ClaimGroup> claim_groups(std::span<const Claim> claims, std::int64_t groups) {
  std::vector<Claim> sorted(claims.begin(), claims.end());
  std::ranges::stable_sort(sorted, {}, &Claim::probability);
  const auto rows = static_cast<std::int64_t>(sorted.size());
  std::vector<ClaimGroup> result;
  for (std::int64_t group = 0; group < groups; ++group) {
    ClaimGroup one;
    for (std::int64_t i = rows * group / groups; i < rows * (group + 1) / groups; ++i) {
      const Claim& claim = sorted[static_cast<std::size_t>(i)];
      ++one.rows, one.right += claim.right ? 1 : 0, one.claimed += claim.probability;
    }
    if (one.rows == 0) continue;
    one.claimed /= static_cast<double>(one.rows);
    one.interval = wilson(one.right, one.rows);
    result.push_back(one);
  }
  return result;
}

std::vector<Abstention> abstentions(std::span<const ClassResult> chosen_on,
                                    std::span<const ClassResult> judged_on, std::span<const double> shares) {
  std::vector<double> confidences;
  for (const ClassResult& one : chosen_on) confidences.push_back(one.confidence);
  std::ranges::sort(confidences, std::greater<>());
  std::vector<Abstention> lines;
  for (const double share : shares) {
    Abstention line{.share = share, .rows = static_cast<std::int64_t>(judged_on.size())};
    const auto count = static_cast<std::size_t>(std::ceil(share * static_cast<double>(confidences.size())));
    if (share < 1 && count > 0) line.threshold = confidences[count - 1];
    for (const ClassResult& one : judged_on) {
      if (one.confidence < line.threshold) continue;
      ++line.answered, line.right += one.right() ? 1 : 0;
    }
    line.at_least = lower_bound(line.right, line.answered);
    lines.push_back(line);
  }
  return lines;
}

double area_under_risk(std::span<const ClassResult> results) {
  std::vector<const ClassResult*> sorted;
  for (const ClassResult& one : results) sorted.push_back(&one);
  std::ranges::stable_sort(sorted, std::greater<>(), &ClassResult::confidence);
  double area = 0, errors = 0, answered = 0;
  for (const ClassResult* one : sorted) {
    errors += one->right() ? 0 : 1;
    area += errors / ++answered;
  }
  return results.empty() ? 0 : area / static_cast<double>(results.size());
}

}  // namespace bertune::insight
