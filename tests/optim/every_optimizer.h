// Every optimizer, with the options that change what it keeps, and a small model for it.
#pragma once

#include <string>
#include <vector>

#include "bertune/optim.h"
#include "core/random.h"

namespace bertune::optim::testing {

struct Variant {
  std::string algorithm, options;  // as optim_args
  std::string label() const {
    std::string text = algorithm;
    for (const char c : options.empty() ? "" : "_" + options)
      text += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return text;
  }
  std::unique_ptr<Optimizer> make(Parameters& parameters, double lr = 1e-2) const {
    return algorithm_from_string(algorithm).make(parameters, lr, parse_options(options, "options"));
  }
};

inline std::vector<Variant> every_optimizer() {
  std::vector<Variant> variants;
  for (const Algorithm& algorithm : algorithms()) variants.push_back({algorithm.name, ""});
  for (const Variant& more : std::vector<Variant>{
           {"adamw", "weight_decay=0,amsgrad=true"},
           {"adam", "weight_decay=0.1,maximize=true"},
           {"sgd", "weight_decay=0.1"},
           {"sgd", "momentum=0.9,dampening=0.1"},
           {"sgd", "momentum=0.9,weight_decay=0.1,nesterov=true"},
           {"adagrad", "lr_decay=0.1,weight_decay=0.1,initial_accumulator_value=0.1"},
           {"rmsprop", "centered=true,momentum=0.9,weight_decay=0.1"},
           {"nadam", "decoupled_weight_decay=true,weight_decay=0.1"},
           {"radam", "weight_decay=0.1"},
           {"asgd", "t0=3,lambd=0.1"},
           {"lamb", "weight_decay=0.1"},
           {"adafactor", "weight_decay=0.1"},
           {"muon", "adjust_lr_fn=match_rms_adamw,nesterov=false"},
           {"lbfgs", "max_iter=3,history_size=4,line_search_fn=strong_wolfe"},
       }) {
    variants.push_back(more);
  }
  return variants;
}

constexpr std::int32_t kRows = 60, kWidth = 24;

inline Parameters make_parameters() {
  Parameters parameters({{.name = "words", .shape = {kRows, kWidth}, .few_rows = true},
                         {.name = "encoder.layer.0.wide.weight", .shape = {7, kWidth}, .depth = 1},
                         {.name = "encoder.layer.0.tall.weight", .shape = {kWidth, 7}, .depth = 1},
                         {.name = "bias", .shape = {kWidth}, .weight_decay = false}});
  Random random(1, 1);
  for (float& value : parameters.values()) value = static_cast<float>(random.normal());
  return parameters;
}

// A few of the first 40 rows; the others are never used.
inline std::vector<std::int32_t> rows_of(int step) {
  Random random(2, static_cast<std::uint32_t>(step));
  std::vector<std::int32_t> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(static_cast<std::int32_t>(random.below(40)));
  return rows;
}

// Random gradients, those of the words in the rows of the step.
inline void write_gradients(Parameters& parameters, int step) {
  Random random(3, static_cast<std::uint32_t>(step));
  for (const std::int32_t row : rows_of(step)) {
    for (float& g : parameters.gradient("words").subspan(static_cast<std::size_t>(row * kWidth), kWidth))
      g = static_cast<float>(random.normal());
  }
  for (const Parameter& parameter : parameters.layout()) {
    if (parameter.few_rows) continue;
    for (float& g : parameters.gradient(parameter.name)) g = static_cast<float>(random.normal());
  }
  parameters.mark_rows(rows_of(step));
}

}  // namespace bertune::optim::testing
