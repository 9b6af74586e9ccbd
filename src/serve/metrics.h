// Counts and times, in the text form of Prometheus.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bertune::serve {

struct Call;

// A histogram counts values at and below each bound, as Prometheus does.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void add(double value);
  // Lines "name_bucket{labels,le="..."} n", "_sum" and "_count".
  void write(std::string& text, std::string_view name, const std::string& labels = "") const;

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

// Any thread may call.
class Metrics {
 public:
  Metrics();

  void note_answer(std::string_view route, int status, double seconds);
  void note_call(const Call& call);  // of one that was computed, or failed on its way
  void note_batch(std::size_t rows, std::int64_t tokens);
  void note_compute(double seconds);
  // `seconds`: without what overtook it.
  void note_explanation(std::int64_t words, double seconds);

  // Gauges that others measure, at this moment.
  struct Gauges {
    std::int64_t queue_tokens = 0, explanation_tokens = 0;
    std::size_t connections = 0;
    bool is_ready = false;
    std::vector<std::array<std::string, 3>> models = {};  // name, version, head
  };
  std::string text(const Gauges& gauges) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> answers_;
  std::map<std::string, std::uint64_t, std::less<>> failures_;
  std::map<std::pair<std::string, std::string>, Histogram> scores_;  // by model and label
  Histogram duration_, tokenization_, queue_, inference_, batch_rows_, batch_tokens_, batch_seconds_,
      explanation_seconds_;
  std::uint64_t single_ = 0, several_ = 0, rows_ = 0, tokens_ = 0, truncated_ = 0, failed_rows_ = 0,
                success_ = 0, dropped_ = 0, explained_words_ = 0;
};

}  // namespace bertune::serve
