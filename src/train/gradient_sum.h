// The gradient of a step: shards that each rank computes some of, and their sum, which all ranks have.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bertune/parameters.h"
#include "distributed/ranks.h"
#include "distributed/tree_sum.h"

namespace bertune::train {

class GradientSum {
 public:
  // `ranks`: null for one process. Requires as many shards as ranks, at least.
  GradientSum(Parameters& parameters, std::int64_t shards, distributed::Ranks* ranks);

  // Loss and stop of all shards and ranks.
  struct Sum {
    double loss = 0;
    bool stop = false;  // one rank is asked to stop, at least
  };
  // Calls gradient_of(shard) for each shard of this rank, in order, which adds the gradient of the shard to
  // that of the parameters and returns its loss. Leaves the sum over all shards in the gradient: the same
  // bits for any number of ranks. `word_rows`: the rows of Parameters::few_rows() that any shard reads.
  // `stop`: whether this rank is asked to stop.
  Sum add_up(std::span<const std::int32_t> word_rows, bool stop,
             const std::function<double(std::int64_t)>& gradient_of);

 private:
  distributed::ShardRange mine() const;
  std::vector<float> packed();
  void unpack(std::span<const float> sum);
  bool share_losses(std::vector<double>& losses, bool stop);

  Parameters& parameters_;
  std::int64_t shards_;
  distributed::Ranks* ranks_;
  distributed::TreeSum tree_;
};

}  // namespace bertune::train
