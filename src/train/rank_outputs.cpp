#include "train/rank_outputs.h"

#include <array>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "kernels/ops.h"
#include "tasks/batches.h"

namespace bertune::train {
namespace {

// A block's output on its way to rank 0.
class SentOutput {
 public:
  void send(distributed::Ranks& ranks, const ModelOutput& output, bool stop) {
    head_ = {output.loss,
             output.masked_lm_loss,
             output.next_sentence_loss,
             static_cast<double>(output.logits.size()),
             static_cast<double>(output.next_sentence_logits.size()),
             stop ? 1.0 : 0.0};
    ranks.send(0, distributed::bytes_of(head_));
    ranks.send(0, distributed::bytes_of(output.logits));
    ranks.send(0, distributed::bytes_of(output.next_sentence_logits));
    ranks.wait(kWhat);
  }

  ModelOutput receive(distributed::Ranks& ranks, int from) {
    ranks.receive(from, distributed::writable_bytes_of(head_));
    ranks.wait(kWhat);
    logits_.resize(static_cast<std::size_t>(head_[3]));
    next_sentence_logits_.resize(static_cast<std::size_t>(head_[4]));
    ranks.receive(from, distributed::writable_bytes_of(logits_));
    ranks.receive(from, distributed::writable_bytes_of(next_sentence_logits_));
    ranks.wait(kWhat);
    return {.loss = static_cast<float>(head_[0]),
            .logits = logits_,
            .next_sentence_logits = next_sentence_logits_,
            .masked_lm_loss = static_cast<float>(head_[1]),
            .next_sentence_loss = static_cast<float>(head_[2])};
  }
  bool stop() const { return head_[5] > 0; }

 private:
  static constexpr const char* kWhat = "the outputs of an evaluation";
  std::array<double, 6> head_ = {};
  std::vector<float> logits_, next_sentence_logits_;
};

}  // namespace

void for_each_rank_output(distributed::Ranks& ranks, BertPreTrainedModel& model,
                          const tasks::Examples& examples, std::int64_t batch_size,
                          const std::stop_token& stop,
                          const std::function<void(std::int64_t, const Batch&, const ModelOutput&)>& use) {
  SentOutput sent;
  Batch batch;
  for (std::int64_t round = 0; round < examples.rows(); round += ranks.size() * batch_size) {
    const std::int64_t own = round + ranks.rank() * batch_size;
    std::array<char, 1> stops = {stop.stop_requested()};
    if (own < examples.rows()) {
      tasks::take_block(examples, own, batch_size, batch);
      const ModelOutput output = model.forward(batch);
      ranks.is_first() ? use(own, batch, output) : sent.send(ranks, output, stops[0] != 0);
    }
    for (int rank = 1; ranks.is_first() && rank < ranks.size(); ++rank) {
      const std::int64_t first = round + rank * batch_size;
      if (first >= examples.rows()) break;
      const ModelOutput output = sent.receive(ranks, rank);
      tasks::take_block(examples, first, batch_size, batch);
      use(first, batch, output);
      if (sent.stop()) stops[0] = 1;
    }
    if (stop.stop_requested()) stops[0] = 1;
    ranks.broadcast(distributed::writable_bytes_of(stops), "the progress of an evaluation");
    if (stops[0] != 0) throw Interrupted("stopped while evaluating");
  }
}

void require_same_on(distributed::Ranks& ranks, distributed::Facts facts) {
  const distributed::Facts program = {{"the version of Bertune", BERTUNE_VERSION},
                                      {"the instruction set (set BERTUNE_ISA to one that all machines have)",
                                       std::string(kernels::ops().name)}};
  facts.insert(facts.begin(), program.begin(), program.end());
  distributed::require_same(ranks, facts);
}

}  // namespace bertune::train
