#include "train/evaluation.h"

#include <algorithm>

#include <fmt/format.h>

#include <cstdlib>

#include "bertune/error.h"
#include "distributed/ranks.h"
#include "tasks/batches.h"
#include "train/rank_outputs.h"

namespace bertune::train {
namespace {

// Keeps a model in eval mode for its lifetime, whatever ends it.
class EvalMode {
 public:
  explicit EvalMode(BertPreTrainedModel& model) : model_(model), was_training_(model.training()) {
    if (was_training_) model_.eval();
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;
  ~EvalMode() {
    if (was_training_) model_.train();
  }

 private:
  BertPreTrainedModel& model_;
  bool was_training_;
};

// The values of the first rank's metrics, by which all ranks decide alike, and which of them a line shows.
// Hexadecimal numbers keep all bits.
Metrics shared(Metrics metrics) {
  const auto write = [&] {
    std::string text = fmt::format("{}\n", metrics.rows);
    for (const auto& [name, value] : metrics.values) text += fmt::format("{}={:a}\n", name, value);
    for (const std::string& name : metrics.headline) text += name + "\n";
    return text;
  };
  const std::string text = distributed::from_first(write, "the metrics");
  if (distributed::is_first()) return metrics;
  metrics = Metrics();
  metrics.rows = std::strtoll(text.c_str(), nullptr, 10), metrics.headline.clear();
  for (std::size_t begin = text.find('\n') + 1, end = 0; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    const std::size_t equals = line.find('=');
    if (equals == line.npos) {
      metrics.headline.push_back(line);
    } else {
      metrics.values.emplace_back(line.substr(0, equals), std::strtod(line.c_str() + equals + 1, nullptr));
    }
  }
  return metrics;
}

}  // namespace

void for_each_output(BertPreTrainedModel& model, const tasks::Examples& examples, std::int64_t batch_size,
                     const std::stop_token& stop,
                     const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use) {
  const EvalMode mode(model);
  if (distributed::Ranks* ranks = distributed::current())
    return for_each_rank_output(*ranks, model, examples, batch_size, stop, use);
  tasks::for_each_batch(examples, batch_size, [&](std::int64_t first, const Batch& batch) {
    use(first, batch, model.forward(batch));
    if (stop.stop_requested()) throw Interrupted("stopped while evaluating");
  });
}

Metrics evaluate(BertPreTrainedModel& model, const tasks::Task& task, const tasks::Examples& examples,
                 std::int64_t batch_size, const std::function<void(std::int64_t)>& progress,
                 const std::stop_token& stop, tasks::Recorder* recorder) {
  const std::unique_ptr<tasks::Scorer> scorer = task.scorer(examples);
  // The loss of the scorer is plain cross-entropy, of each row for itself.
  const bool own_loss = !model.loss_options().is_plain();
  double loss = 0, items = 0;
  for_each_output(model, examples, batch_size, stop,
                  [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                    scorer->add(first, batch, output);
                    if (recorder != nullptr) recorder->add(first, batch, output);
                    if (own_loss) {
                      const double here = model.loss_items(batch).first;
                      loss += here * static_cast<double>(output.loss);
                      items += here;
                    }
                    if (progress) progress(std::min(first + batch_size, examples.rows()));
                  });
  if (recorder != nullptr && distributed::is_first()) recorder->finish();
  Metrics metrics = distributed::is_first() ? scorer->result() : Metrics();
  const auto found = std::ranges::find(metrics.values, "loss", &std::pair<std::string, double>::first);
  if (items > 0 && found != metrics.values.end()) found->second = loss / items;
  return distributed::current() == nullptr ? metrics : shared(std::move(metrics));
}

RecordKeeper::RecordKeeper(const tasks::Task& task, const tasks::Examples& examples, std::int64_t most)
    : most_(most) {
  if (most <= 0) return;
  recorder_ = task.recorder(examples, [this](tasks::ItemRecord record) {
    ++records_.in_all;
    if (records_.in_all <= most_) records_.items.push_back(std::move(record));
  });
  if (recorder_) records_.form = recorder_->form();
}

std::shared_ptr<const tasks::Records> RecordKeeper::take() {
  return recorder_ ? std::make_shared<const tasks::Records>(std::move(records_)) : nullptr;
}

std::vector<tasks::TestLine> test_lines(BertPreTrainedModel& model, const tasks::TrainingData& data,
                                        std::int64_t batch_size, const std::stop_token& stop) {
  std::vector<tasks::TestLine> lines;
  const std::unique_ptr<tasks::Decoder> decoder =
      data.test_lines([&](tasks::TestLine line) { lines.push_back(std::move(line)); });
  for_each_output(model, *data.test, batch_size, stop,
                  [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                    decoder->add(first, batch, output);
                  });
  if (distributed::is_first()) decoder->finish();
  return lines;
}

}  // namespace bertune::train
