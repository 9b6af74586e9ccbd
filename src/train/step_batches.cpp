#include "train/step_batches.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

#include "train/batches.h"

namespace bertune::train {
namespace {

// Appends a text whose windows are more than `batch_size` as batches of so many.
void split_windows(const Batch& text, std::int64_t batch_size, std::vector<Batch>& batches) {
  for (std::int64_t first = 0; first < text.sequences(); first += batch_size) {
    Batch& part = batches.emplace_back();
    for (std::int64_t s = first; s < std::min(first + batch_size, text.sequences()); ++s) {
      const auto begin = static_cast<std::size_t>(text.cu_seqlens[static_cast<std::size_t>(s)]),
                 size = static_cast<std::size_t>(text.cu_seqlens[static_cast<std::size_t>(s) + 1]) - begin;
      part.add(std::span(text.input_ids).subspan(begin, size),
               std::span(text.token_type_ids).subspan(begin, size));
    }
    part.labels = text.labels, part.targets = text.targets;
    part.cu_texts = text.cu_texts, part.window_score = text.window_score;
    part.first_window = first;
  }
}

// The parts of a step, which know the denominators of the whole's loss.
std::vector<Batch> parts_of(const tasks::Examples& examples, std::span<const std::int64_t> rows,
                            std::int64_t batch_size, std::int64_t first_sequence) {
  std::vector<Batch> batches;
  const auto windows_of = [&](std::int64_t row) { return examples.windows_of(row); };
  for (const auto& part : cut_batches(rows, batch_size, windows_of)) {
    const std::size_t before = batches.size();
    Batch& batch = batches.emplace_back();
    for (const std::int64_t row : part) examples.add_to(batch, row);
    if (!batch.cu_texts.empty() && batch.sequences() > batch_size) {
      const Batch text = std::move(batch);
      batches.pop_back();
      split_windows(text, batch_size, batches);
    }
    for (Batch& one : std::span(batches).subspan(before)) {
      one.first_sequence = first_sequence;
      first_sequence += one.sequences();
    }
  }
  return batches;
}

std::vector<std::int64_t> tokens_of(const tasks::Examples& examples, std::span<const std::int64_t> rows) {
  std::vector<std::int64_t> tokens;
  Batch one;
  for (const std::int64_t row : rows) {
    one.clear();
    examples.add_to(one, row);
    tokens.push_back(one.tokens());
  }
  return tokens;
}

}  // namespace

std::vector<Batch> step_batches(const BertPreTrainedModel& model, const tasks::Examples& examples,
                                std::span<const std::int64_t> rows, std::int64_t batch_size) {
  std::vector<Batch> batches = parts_of(examples, rows, batch_size, 0);
  if (batches.size() < 2) return batches;
  LossItems items;
  for (const Batch& batch : batches) items += model.loss_items(batch);
  for (Batch& batch : batches) batch.global_items = items;
  return batches;
}

std::vector<std::vector<std::size_t>> deal_out(std::span<const std::int64_t> tokens, std::int64_t shards) {
  std::vector<std::size_t> order(tokens.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t item) { return tokens[item]; });
  std::vector<std::vector<std::size_t>> dealt(static_cast<std::size_t>(shards));
  using Load = std::pair<std::int64_t, std::size_t>;  // tokens, shard
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (std::size_t shard = 0; shard < dealt.size(); ++shard) loads.emplace(0, shard);
  for (const std::size_t item : order) {
    const auto [load, shard] = loads.top();
    loads.pop();
    loads.emplace(load + tokens[item], shard);
    dealt[shard].push_back(item);
  }
  for (std::vector<std::size_t>& items : dealt) std::ranges::sort(items);
  return dealt;
}

std::int64_t StepShards::tokens() const {
  std::int64_t tokens = 0;
  for (const std::vector<Batch>& batches : shards)
    for (const Batch& batch : batches) tokens += batch.tokens();
  return tokens;
}

// The whole is the rows of shard 0, then those of shard 1, and so on: dropout counts sequences in this order.
StepShards step_shards(const BertPreTrainedModel& model, const tasks::Examples& examples,
                       std::span<const std::int64_t> rows, std::int64_t batch_size, std::int64_t shards) {
  if (shards == 1) return {.shards = {step_batches(model, examples, rows, batch_size)}, .word_rows = {}};
  StepShards step;
  LossItems items;
  std::int64_t sequences = 0;
  for (const std::vector<std::size_t>& indices : deal_out(tokens_of(examples, rows), shards)) {
    std::vector<std::int64_t> own;
    for (const std::size_t index : indices) own.push_back(rows[index]);
    std::vector<Batch>& batches = step.shards.emplace_back(parts_of(examples, own, batch_size, sequences));
    for (const Batch& batch : batches) {
      sequences += batch.sequences();
      items += model.loss_items(batch);
      step.word_rows.insert(step.word_rows.end(), batch.input_ids.begin(), batch.input_ids.end());
    }
  }
  for (std::vector<Batch>& batches : step.shards)
    for (Batch& batch : batches) batch.global_items = items;
  std::ranges::sort(step.word_rows);
  step.word_rows.erase(std::unique(step.word_rows.begin(), step.word_rows.end()), step.word_rows.end());
  return step;
}

}  // namespace bertune::train
