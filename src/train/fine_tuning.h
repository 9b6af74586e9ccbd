// Which parameters a run trains, and how fast each: freezing, rates by layer, low-rank adaptation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bertune/model.h"
#include "core/json.h"

namespace bertune::train {

struct FineTuning {
  std::optional<std::int64_t> freeze_layers;  // the embeddings, and so many layers from the bottom
  bool freeze_embeddings = false;
  std::vector<std::string> freeze;  // patterns of a shell over the names of parameters
  bool freeze_eval_mode = false;    // no dropout in the lowest layers where they are frozen
  std::int64_t frozen_cache_mib = 1024;
  // Times the learning rate: 1 for the head, this for the last layer, its square for the one below, and so
  // on to the embeddings (BEiT, timm).
  double layer_wise_lr_decay = 1;
  std::optional<LoraConfig> lora;
  bool merge_lora = false;
  bool gradient_checkpointing = false;

  // What of it decides the weights; null where nothing is asked for.
  Json to_json() const;
};

// Sets the model up, before an optimizer is made. `rows_repeat`: whether later epochs have the same rows.
// Throws UsageError for what the model does not have, naming the option and the nearest.
void apply(const FineTuning& settings, BertPreTrainedModel& model, bool rows_repeat);

}  // namespace bertune::train
