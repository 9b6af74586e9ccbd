#include "distributed/scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "bertune/error.h"
#include "distributed/tree_sum.h"

namespace bertune::distributed {
namespace {

constexpr double kBucketBytes = kBucket * sizeof(float);  // of all pieces that are added up at a time

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace

const std::vector<Link>& usual_links() {
  static const std::vector<Link> kLinks = {{"1GbE", 50e-6, 0.117e9},
                                           {"10GbE", 30e-6, 1.17e9},
                                           {"25GbE", 20e-6, 2.9e9},
                                           {"InfiniBand", 3e-6, 11.5e9}};
  return kLinks;
}

Link link_from_string(std::string_view text) {
  std::string names;
  for (const Link& link : usual_links()) {
    if (link.name == text) return link;
    names += link.name + ", ";
  }
  const std::size_t comma = std::min(text.find(','), text.size());
  const std::optional<double> latency = number_in(text.substr(0, comma));
  const std::optional<double> rate = number_in(text.substr(std::min(comma + 1, text.size())));
  if (latency && rate && *latency >= 0 && *latency <= 1e9 && *rate > 0 && *rate <= 1e9)
    return {std::string(text), *latency * 1e-6, *rate * 1e9 / 8};
  throw UsageError(
      "link",
      fmt::format("`link` is \"{}\"; it must be {}or microseconds and Gbit/s, as in 30,10", text, names));
}

// A word's frequency is as 1 / rank, and a text of so many tokens holds it with probability
// 1 - exp(-tokens * frequency). Batches of real texts hold fewer, for their words come in groups: SST-2 and
// AG News have 0.8 of it up to 14,000 tokens, and 0.65 at 100,000.
double expected_words(double tokens, std::int64_t vocabulary) {
  constexpr double kOfRealTexts = 0.8;
  double harmonic = 0, words = 0;
  for (std::int64_t word = 1; word <= vocabulary; ++word) harmonic += 1 / static_cast<double>(word);
  for (std::int64_t word = 1; word <= vocabulary; ++word)
    words += 1 - std::exp(-tokens / (harmonic * static_cast<double>(word)));
  return kOfRealTexts * words;
}

double gradient_bytes(const Workload& work, std::int64_t machines) {
  return work.dense_bytes +
         work.word_bytes * expected_words(work.tokens * static_cast<double>(machines), work.vocabulary);
}

// The pieces are added up a bucket at a time, which is a wait each; then come losses and norms, and the sums.
double exchange_seconds(double bytes, std::int64_t machines, const Link& link) {
  if (machines < 2) return 0;
  const auto others = static_cast<double>(machines - 1);
  const double waits = std::ceil(bytes / kBucketBytes) + 2;
  return waits * (link.latency + others * kSecondsOfCall) +
         2 * others / static_cast<double>(machines) * bytes / link.bandwidth;
}

Scaling scaling_of(const Workload& work, std::int64_t machines, const Link& link) {
  Scaling scaling{.machines = machines, .bytes = gradient_bytes(work, machines)};
  const double gradient = work.step_seconds - work.update_seconds;
  double rest = scaling.bytes, sent = 0;  // seconds until what was sent so far has arrived
  for (const EarlyBytes& part : work.early) {
    sent = std::max(sent, part.ready * gradient) + exchange_seconds(part.bytes, machines, link);
    rest -= part.bytes;
  }
  sent = std::max(sent, gradient) + exchange_seconds(rest, machines, link);
  scaling.waiting = sent - gradient;
  scaling.efficiency = work.step_seconds / (work.step_seconds + scaling.waiting);
  return scaling;
}

std::int64_t useful_machines(const Workload& work, const Link& link, std::int64_t most) {
  constexpr double kWorthIt = 0.6;
  std::int64_t machines = 1;
  while (2 * machines <= most && scaling_of(work, 2 * machines, link).efficiency >= kWorthIt) machines *= 2;
  return machines;
}

}  // namespace bertune::distributed
