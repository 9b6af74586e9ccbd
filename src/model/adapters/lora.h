// Low-rank adaptation in a model: which parameters it adds, which it trains, and how forward uses it. No
// token pays for it: once a step, however many batches it has, each changed weight is computed whole.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bertune/lora.h"
#include "bertune/model.h"
#include "bertune/parameters.h"
#include "kernels/buffer.h"
#include "model/weights.h"

namespace bertune::model {

bool is_low_rank(std::string_view name);  // of a parameter: "....lora_A.weight"

// Appends the two matrices of each weight that the targets name. Throws UsageError for a rank or an alpha
// that cannot be, and for a target that names no linear layer of the encoder, with the nearest that does.
// Targets that mean more to PEFT (all-linear, dense) are replaced by those that mean the same, and BERT's
// names by those of the model's family: "query" is "attention.q_lin" of DistilBERT.
void add_low_rank_matrices(std::vector<Parameter>& layout, ModelType type, LoraConfig& config);

// Freezes all but those matrices and the modules to save, which become what LoraConfig says.
void settle_trainable(Parameters& parameters, LoraConfig& config, const LoadReport& report);

// The weights of linear layers with the low-rank change in them, in a buffer of their own.
class MergedWeights {
 public:
  // Merges every adapted weight into a buffer and points `weights` at the merged copies.
  explicit MergedWeights(EncoderWeights& weights);
  // Merges again where the low-rank matrices do not hold the bits that were merged last, or the weight itself
  // is trained; frozen values are those of the beginning. Returns the number of merged weights.
  std::int64_t merge();
  std::size_t size_bytes() const { return buffer_.size() * sizeof(float); }

 private:
  struct Entry {
    const float* base;
    float* merged;
    Linear linear;
    kernels::Buffer<float> a, b;  // that are merged

    std::int64_t size_a() const { return linear.low_rank.rank * linear.in; }
    std::int64_t size_b() const { return linear.out * linear.low_rank.rank; }
  };
  void merge(Entry& entry);

  std::vector<Entry> entries_;
  kernels::Buffer<float> buffer_, scaled_;
  kernels::Buffer<double>
      is_same_;  // of a, b of each entry: 1 where those that are merged are the present ones
};

// A model's parameters without the low-rank matrices, which are merged into the others; all trainable.
Parameters merged_parameters(const Parameters& parameters, float scale);

}  // namespace bertune::model
