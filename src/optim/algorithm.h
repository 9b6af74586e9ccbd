// The description of an algorithm: a name, the fields of its options, and the class that does it. One line of
// algorithms.cpp makes it known to the command line, to checkpoints and to tests.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "bertune/optim.h"
#include "optim/option_fields.h"

namespace bertune::optim {

// `Made` is constructed from Parameters& and Options; its static check(options), where it has one, throws
// UsageError for options that do not go together.
template <typename Made, typename Options>
Algorithm describe(std::string name, std::vector<std::string> aliases, std::vector<Field<Options>> fields,
                   bool whole_tensors = false) {
  const auto read = [fields, owner = "optimizer " + name](const OptionValues& values) {
    const Options options = read_options(fields, values, owner);
    if constexpr (requires { Made::check(options); }) Made::check(options);
    return options;
  };
  return {.name = std::move(name),
          .aliases = std::move(aliases),
          .default_learning_rate = Options{}.lr,
          .whole_tensors = whole_tensors,
          .options = infos_of(fields),
          .resolve = [fields, read](const OptionValues& values) { return texts_of(fields, read(values)); },
          .make =
              [read](Parameters& parameters, double lr, const OptionValues& values) {
                Options options = read(values);
                options.lr = lr;
                return std::unique_ptr<Optimizer>(std::make_unique<Made>(parameters, options));
              }};
}

Algorithm describe_adadelta();
Algorithm describe_adafactor();
Algorithm describe_adagrad();
Algorithm describe_adam();
Algorithm describe_adamax();
Algorithm describe_adamw();
Algorithm describe_asgd();
Algorithm describe_lamb();
Algorithm describe_lbfgs();
Algorithm describe_lion();
Algorithm describe_muon();
Algorithm describe_nadam();
Algorithm describe_radam();
Algorithm describe_rmsprop();
Algorithm describe_rprop();
Algorithm describe_sgd();
Algorithm describe_sparse_adam();

}  // namespace bertune::optim
