// The gradient of a step: shards that each rank computes some of, and their sum, which all ranks have, or
// each rank for its part of the parameters.
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
  // `ranks`: null for one process. Requires as many shards as ranks, at least. Where the parameters have a
  // part (Parameters::set_part), it is that of the rank.
  GradientSum(Parameters& parameters, std::int64_t shards, distributed::Ranks* ranks,
              distributed::Wire wire = distributed::Wire::float32);

  // Loss and stop of all shards and ranks, and the norm of the sum of the gradients; where bfloat16 rounds
  // the sum for all ranks, that of the rounded one.
  struct Sum {
    double loss = 0;
    bool stop = false;  // one rank is asked to stop, at least
    double norm = 0;
  };
  // Adds the gradient of a shard to that of the parameters, and returns its loss. Where `reached` is given,
  // it may be called for the whole of the gradient: what is complete is sent while the rest is computed.
  using GradientOf = std::function<double(std::int64_t shard, const GradientsReached& reached)>;
  // Calls gradient_of(shard) for each shard of this rank, in order. Leaves the sum over all shards in the
  // gradient: the same bits for any number of ranks; where the parameters have a part, of this part alone,
  // and the rest of the gradient means nothing. `word_rows`: the rows of Parameters::few_rows() that any
  // shard reads. `stop`: whether this rank is asked to stop.
  Sum add_up(std::span<const std::int32_t> word_rows, bool stop, const GradientOf& gradient_of);

  // Give all ranks the values that each has updated: those of trainable_ranges(), and of these rows of
  // few_rows(), ascending. Nothing is to be done where the parameters have no part.
  void share_values();
  void share_rows(std::span<const std::int32_t> rows);

 private:
  using Ranges = std::vector<std::vector<Parameters::Range>>;  // by the rank whose they are
  // A bucket leaves on its own, once backward() has come to `depth`.
  struct Bucket {
    std::int64_t depth = 0;
    Ranges ranges;
    distributed::TreeSum sum;
  };

  int ranks_in_all() const { return ranks_ == nullptr ? 1 : ranks_->size(); }
  int rank() const { return ranks_ == nullptr ? 0 : ranks_->rank(); }
  Part part_of(int rank) const { return {rank, ranks_in_all()}; }
  distributed::ShardRange shards_of(int rank) const;
  Ranges ranges_by_rank(const Parameters::Bucket& bucket) const;
  void add_rows(Ranges& ranges, std::span<const std::int32_t> rows) const;
  void lay_out_buckets();
  void compute(std::span<const std::int32_t> word_rows, const GradientOf& gradient_of,
               std::vector<double>& losses);
  void put_aside(std::int64_t shard);
  double compute_and_exchange(std::int64_t shard, const GradientOf& gradient_of);
  void exchange(Bucket& bucket, std::span<float> gradients);
  std::size_t buckets_of_layers() const;
  std::vector<Parameters::Range> own_ranges(int rank) const;
  std::vector<double> squares_of(const std::vector<Parameters::Range>& ranges) const;
  Sum share_numbers(const std::vector<double>& losses, bool stop);
  double norm_of(const std::vector<std::vector<double>>& squares) const;
  void gather_values(const Ranges& ranges);

  Parameters& parameters_;
  std::int64_t shards_;
  distributed::Ranks* ranks_;
  distributed::Wire wire_;
  std::vector<Bucket> buckets_;  // in the order in which they leave: of layers, and of rows of words
};

}  // namespace bertune::train
