// Commands on a model of a few numbers.
#pragma once

#include <string>
#include <vector>

#include "faults/faults.h"
#include "support/tiny_checkpoint.h"

namespace bertune::testing {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments one, const Arguments& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

// Of some thousand numbers, so that a command takes milliseconds.
inline BertConfig smallest_config() {
  BertConfig config = tiny_config();
  config.hidden_size = 8, config.num_attention_heads = 2, config.num_hidden_layers = 1;
  config.intermediate_size = 16;
  return config;
}

class Training : public Faults {
 protected:
  Training() {
    write_tiny_checkpoint(in("base"), smallest_config());
    write("train.csv", tiny_dataset(24));
    write("validation.csv", tiny_dataset(8, 100));
  }
  Arguments train(const Arguments& more) const {
    return Arguments{
               "train",     "--model", in("base"),     "--train", in("train.csv"),   "--output", out(),
               "--threads", "1",       "--batch-size", "8",       "--learning-rate", "1e-2",     "--quiet"} +
           more;
  }
  Arguments evaluated(const Arguments& more = {}) const {
    return train({"--validation", in("validation.csv"), "--epochs", "2", "--save-steps", "2"}) + more;
  }
  Arguments predict() const { return {"predict", "--model", out(), "--threads", "1", in("validation.csv")}; }
};

}  // namespace bertune::testing
