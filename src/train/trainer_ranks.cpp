// The parts of the Trainer that several ranks need: what they share, and what they decide alike.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "distributed/agreement.h"
#include "distributed/ranks.h"
#include "train/checkpoints.h"
#include "train/gradient_sum.h"
#include "train/rank_outputs.h"
#include "train/trainer.h"

namespace bertune::train {

bool Trainer::stop_is_asked() const { return ranks_ == nullptr ? stop_.stop_requested() : a_rank_stops_; }

// All ranks get the rows that one of them has updated, where each has a part of the parameters.
void Trainer::bring_up_to_date(std::span<const std::int32_t> rows) {
  optimizer_->bring_up_to_date(rows);
  if (gradient_ == nullptr || model_.parameters().part().is_all()) return;
  std::vector<std::int32_t> shared(rows.begin(), rows.end());
  std::ranges::sort(shared);
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  gradient_->share_rows(shared);
}

void Trainer::bring_up_to_date() {
  optimizer_->bring_up_to_date();
  if (gradient_ == nullptr || model_.parameters().part().is_all()) return;
  if (up_to_date_ == optimizer_->steps()) return;
  up_to_date_ = optimizer_->steps();
  const Parameter* words = model_.parameters().tracked_rows();
  if (words == nullptr) return;
  std::vector<std::int32_t> all(static_cast<std::size_t>(words->shape.front()));
  std::iota(all.begin(), all.end(), 0);
  gradient_->share_rows(all);
}

// A resumed run keeps its shards where nobody asks for others, and each rank has one.
void Trainer::settle_shards(const tasks::Examples& train) {
  const int ranks = ranks_ == nullptr ? 1 : ranks_->size();
  const std::int64_t before = state_.shards;
  const bool stay = arguments_.shards == 0 && before >= ranks;
  state_.shards = stay ? before : shards_for(arguments_, ranks);
  const bool halves = arguments_.communication_dtype == CommunicationDtype::bfloat16;
  gradient_ =
      std::make_unique<GradientSum>(model_.parameters(), state_.shards, ranks_,
                                    halves ? distributed::Wire::bfloat16 : distributed::Wire::float32);
  if (before != 0 && before != state_.shards) {
    observer_.on(
        Note{fmt::format("the run had `shards={}` so far and goes on with `shards={}`: its sums are "
                         "rounded differently from here on",
                         before, state_.shards)});
  }
  Batch row;
  if (train.rows() > 0) train.add_to(row, 0);
  if (state_.shards > 1 && model_.architecture() == Architecture::sentence_embedding && !row.labels.empty()) {
    observer_.on(
        Note{fmt::format("each pair is told from the other pairs of its shard, not from those of the "
                         "whole batch: one in {} (`shards`)",
                         state_.shards)});
  }
}

void Trainer::require_same_on_ranks(const tasks::Examples* validation) const {
  if (ranks_ == nullptr) return;
  require_same_on(*ranks_,
                  {{"the training data, its labels or their tokens", identity_.data_fingerprint},
                   {"the validation data", validation == nullptr ? "none" : validation->fingerprint()},
                   {"the arguments", dump_json(identity_.arguments)},
                   {"the numbers on their way",
                    arguments_.communication_dtype == CommunicationDtype::float32 ? "float32" : "bfloat16"},
                   {"whether each has a part of the optimizer", arguments_.shard_optimizer ? "yes" : "no"},
                   {"the weights to begin with", identity_.base_weights}});
}

// Rank 0 chooses for all.
ChosenCheckpoint Trainer::choose_checkpoint() const {
  ChosenCheckpoint chosen{.folder = arguments_.resume_from_checkpoint};
  const auto choose = [&] {
    if (chosen.folder.empty()) {
      chosen = newest_whole_checkpoint(arguments_.output_dir);
    } else {
      require_whole(chosen.folder);
    }
    return (chosen.lost_best ? "-" : "+") + chosen.folder.string();
  };
  const std::string text = distributed::from_first(choose, "the checkpoint to resume from");
  chosen.folder = text.substr(1), chosen.lost_best = text.front() == '-';
  return chosen;
}

}  // namespace bertune::train
