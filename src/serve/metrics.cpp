#include "serve/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "serve/call.h"

namespace bertune::serve {
namespace {

const std::vector<double> kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,    0.25,  0.5,    1,     2.5,  5,     10};
const std::vector<double> kRows = {1, 2, 4, 8, 16, 32, 64, 128, 256};
const std::vector<double> kTokens = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536};
const std::vector<double> kScores = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1};
constexpr std::size_t kMostSeries = 1024;  // of scores: a model may have as many labels as it likes

std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\n') {
      out += "\\n";
      continue;
    }
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out;
}

std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// Writes metrics one after the other, each after what it is.
struct Page {
  std::string text = {};

  void head(std::string_view name, std::string_view kind, std::string_view help) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, kind, help);
  }
  template <typename Number>
  void one(std::string_view name, std::string_view kind, std::string_view help, Number value) {
    head(name, kind, help);
    text += fmt::format("{} {}\n", name, value);
  }
  void histogram(std::string_view name, std::string_view help, const Histogram& values) {
    head(name, "histogram", help);
    values.write(text, name);
  }
};

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size()) {}

void Histogram::add(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  if (static_cast<std::size_t>(bucket) < counts_.size()) ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
  ++count_;
}

void Histogram::write(std::string& text, std::string_view name, const std::string& labels) const {
  const std::string before = labels.empty() ? "" : labels + ",";
  const std::string alone = labels.empty() ? "" : "{" + labels + "}";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i)
    text += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before, bounds_[i], below += counts_[i]);
  text += fmt::format("{0}_bucket{{{1}le=\"+Inf\"}} {2}\n{0}_sum{3} {4}\n{0}_count{3} {2}\n", name, before,
                      count_, alone, sum_);
}

Metrics::Metrics()
    : duration_(kSeconds),
      tokenization_(kSeconds),
      queue_(kSeconds),
      inference_(kSeconds),
      batch_rows_(kRows),
      batch_tokens_(kTokens),
      batch_seconds_(kSeconds),
      explanation_seconds_(kSeconds) {}

void Metrics::note_answer(std::string_view route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++answers_[{std::string(route), status}];
  duration_.add(seconds);
}

void Metrics::note_call(const Call& call) {
  const std::lock_guard lock(mutex_);
  if (call.exchange->is_gone()) ++dropped_;
  ++(call.rows.size() == 1 ? single_ : several_);
  rows_ += call.rows.size();
  tokens_ += static_cast<std::uint64_t>(call.tokens);
  truncated_ += static_cast<std::uint64_t>(call.truncated_rows());
  for (const Row& row : call.rows) {
    failed_rows_ += row.refusal ? 1 : 0;
    if (!row.prediction || row.explanation) continue;
    const auto* label = std::get_if<Label>(&*row.prediction);
    if (label == nullptr) continue;
    const std::pair<std::string, std::string> series{call.model->name(), label->label};
    auto found = scores_.find(series);
    if (found == scores_.end()) {
      if (scores_.size() >= kMostSeries) continue;
      found = scores_.emplace(series, Histogram(kScores)).first;
    }
    found->second.add(label->score);
  }
  if (call.refusal) {
    ++failures_[call.refusal->kind];
    return;
  }
  ++success_;
  tokenization_.add(call.tokenizing.count());
  queue_.add(call.queueing.count());
  inference_.add(call.computing.count());
}

void Metrics::note_batch(std::size_t rows, std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  batch_rows_.add(static_cast<double>(rows));
  batch_tokens_.add(static_cast<double>(tokens));
}

void Metrics::note_compute(double seconds) {
  const std::lock_guard lock(mutex_);
  batch_seconds_.add(seconds);
}

void Metrics::note_explanation(std::int64_t words, double seconds) {
  const std::lock_guard lock(mutex_);
  explained_words_ += static_cast<std::uint64_t>(words);
  explanation_seconds_.add(seconds);
}

std::string Metrics::text(const Gauges& gauges) const {
  const std::lock_guard lock(mutex_);
  Page page;
  page.head("bertune_requests_total", "counter", "Answers by route and status");
  for (const auto& [key, count] : answers_)
    page.text += fmt::format("bertune_requests_total{{route=\"{}\",code=\"{}\"}} {}\n", escaped(key.first),
                             key.second, count);
  page.one("bertune_rows_total", "counter", "Texts, questions and pairs that were asked", rows_);
  page.one("bertune_failed_rows_total", "counter", "Of these, without an answer", failed_rows_);
  page.one("bertune_truncated_rows_total", "counter", "Of these, longer than the model reads", truncated_);
  page.one("bertune_tokens_total", "counter", "Tokens of all rows", tokens_);
  page.one("bertune_dropped_total", "counter", "Requests whose client left before the answer", dropped_);
  page.one("bertune_queue_tokens", "gauge", "Tokens that wait to be computed", gauges.queue_tokens);
  page.one("bertune_explanation_tokens", "gauge", "Tokens of all passes of explanations that wait",
           gauges.explanation_tokens);
  page.one("bertune_explained_words_total", "counter", "Words of texts that were explained",
           explained_words_);
  page.histogram("bertune_explanation_seconds", "Computing an explanation, without what overtook it",
                 explanation_seconds_);
  page.one("bertune_connections", "gauge", "Open connections", gauges.connections);
  page.one("bertune_ready", "gauge", "1 when requests are answered", gauges.is_ready ? 1 : 0);
  page.one("process_resident_memory_bytes", "gauge", "Memory of the process", resident_bytes());
  page.head("bertune_model_info", "gauge", "The models that are served");
  for (const auto& [name, version, head] : gauges.models)
    page.text += fmt::format("bertune_model_info{{model=\"{}\",version=\"{}\",head=\"{}\"}} 1\n",
                             escaped(name), version, head);
  page.histogram("bertune_batch_seconds", "Computing a batch", batch_seconds_);
  page.histogram("bertune_batch_rows", "Rows of a batch", batch_rows_);
  page.head("bertune_score", "histogram", "Scores of predicted classes");
  for (const auto& [key, scores] : scores_)
    scores.write(page.text, "bertune_score",
                 fmt::format("model=\"{}\",label=\"{}\"", escaped(key.first), escaped(key.second)));
  // These are the names of text-embeddings-inference, for its dashboards.
  page.head("te_request_count", "counter", "Requests to be computed");
  page.text +=
      fmt::format("te_request_count{{method=\"single\"}} {}\nte_request_count{{method=\"batch\"}} {}\n",
                  single_, several_);
  page.one("te_request_success", "counter", "Requests with an answer", success_);
  page.head("te_request_failure", "counter", "Requests without one");
  for (const auto& [kind, count] : failures_)
    page.text += fmt::format("te_request_failure{{err=\"{}\"}} {}\n", escaped(kind), count);
  page.histogram("te_request_duration", "From request to answer, seconds", duration_);
  page.histogram("te_request_tokenization_duration", "Tokenization, seconds", tokenization_);
  page.histogram("te_request_queue_duration", "Waiting, seconds", queue_);
  page.histogram("te_request_inference_duration", "Computing, seconds", inference_);
  page.histogram("te_batch_next_tokens", "Tokens of a batch", batch_tokens_);
  page.one("te_queue_size", "gauge", "Tokens that wait to be computed", gauges.queue_tokens);
  return std::move(page.text);
}

}  // namespace bertune::serve
