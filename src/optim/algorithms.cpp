// Every optimizer, by name.
#include <algorithm>

#include "optim/algorithm.h"

namespace bertune::optim {

std::span<const Algorithm> algorithms() {
  static const std::vector<Algorithm> kAlgorithms = {
      describe_adadelta(), describe_adafactor(),  describe_adagrad(), describe_adam(),    describe_adamax(),
      describe_adamw(),    describe_asgd(),       describe_lamb(),    describe_lbfgs(),   describe_lion(),
      describe_muon(),     describe_nadam(),      describe_radam(),   describe_rmsprop(), describe_rprop(),
      describe_sgd(),      describe_sparse_adam()};
  return kAlgorithms;
}

const Algorithm& algorithm_from_string(std::string_view name) {
  std::vector<std::string> known;
  for (const Algorithm& algorithm : algorithms()) {
    if (algorithm.name == name || std::ranges::find(algorithm.aliases, name) != algorithm.aliases.end())
      return algorithm;
    known.push_back(algorithm.name);
  }
  refuse_name("optimizer", name, std::move(known));
}

}  // namespace bertune::optim
