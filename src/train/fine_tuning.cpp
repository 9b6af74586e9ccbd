#include "train/fine_tuning.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>

#include "bertune/error.h"
#include "core/nearest.h"

namespace bertune::train {
namespace {

std::vector<std::string> names_of(const Parameters& parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters.layout()) names.push_back(parameter.name);
  return names;
}

void freeze_matching(Parameters& parameters, const std::string& pattern) {
  bool matched = false;
  for (std::size_t i = 0; i < parameters.layout().size(); ++i) {
    if (::fnmatch(pattern.c_str(), parameters.layout()[i].name.c_str(), 0) != 0) continue;
    parameters.set_trainable(i, false);
    matched = true;
  }
  if (matched) return;
  const std::vector<std::string> names = names_of(parameters);
  const std::string_view near = nearest(pattern, names);
  throw UsageError(
      "freeze",
      fmt::format(
          "`freeze` \"{}\": matches no parameter; {} (a pattern is of the whole name, with *, ? and [0-3])",
          pattern,
          near.empty() ? fmt::format("there are {}", quoted_list(names, 4))
                       : fmt::format("did you mean \"{}\"?", near)));
}

void freeze_depths(Parameters& parameters, std::int64_t below) {
  for (std::size_t i = 0; i < parameters.layout().size(); ++i) {
    if (parameters.layout()[i].depth < below) parameters.set_trainable(i, false);
  }
}

}  // namespace

Json to_json(const FineTuning& settings) {
  Json json = Json::object();
  if (settings.freeze_layers) json["freeze_layers"] = *settings.freeze_layers;
  if (settings.freeze_embeddings) json["freeze_embeddings"] = true;
  if (!settings.freeze.empty()) json["freeze"] = settings.freeze;
  if (settings.freeze_eval_mode) json["freeze_eval_mode"] = true;
  if (settings.layer_wise_lr_decay != 1) json["layer_wise_lr_decay"] = settings.layer_wise_lr_decay;
  if (settings.lora) {
    json["lora"] = {{"lora_alpha", settings.lora->lora_alpha},
                    {"r", settings.lora->r},
                    {"target_modules", settings.lora->target_modules},
                    {"use_rslora", settings.lora->use_rslora}};
  }
  return json.empty() ? Json() : json;
}

void apply(const FineTuning& settings, BertPreTrainedModel& model, bool rows_repeat) {
  Parameters& parameters = model.parameters();
  const std::int64_t layers = model.config().num_hidden_layers;
  if (settings.freeze_layers && (*settings.freeze_layers < 0 || *settings.freeze_layers > layers)) {
    throw UsageError("freeze_layers", fmt::format("`freeze_layers` is {}; this model has {} layers",
                                                  *settings.freeze_layers, layers));
  }
  const double decay = settings.layer_wise_lr_decay;
  if (!(decay > 0 && decay <= 1))
    throw UsageError("layer_wise_lr_decay",
                     fmt::format("`layer_wise_lr_decay` is {}; it must be in (0, 1]", decay));
  if (settings.frozen_cache_mib < 0)
    throw UsageError("frozen_cache_mib", fmt::format("`frozen_cache_mib` is {}; it must be at least 0",
                                                     settings.frozen_cache_mib));
  if (settings.merge_lora && model.lora() == nullptr)
    throw UsageError("merge_lora", "`merge_lora`: there is no adapter to merge; add `lora`");
  if (model.lora() != nullptr && model.lora()->lora_dropout > 0) {
    throw UsageError(fmt::format(
        "the adapter was trained with lora_dropout {}; Bertune trains adapters without: set it to 0 in "
        "adapter_config.json to continue",
        model.lora()->lora_dropout));
  }
  if (settings.freeze_embeddings) freeze_depths(parameters, 1);
  if (settings.freeze_layers) freeze_depths(parameters, *settings.freeze_layers + 1);
  for (const std::string& pattern : settings.freeze) freeze_matching(parameters, pattern);
  if (parameters.trainable_count() == 0)
    throw UsageError("all parameters are frozen: nothing would be trained");
  for (std::size_t i = 0; decay != 1 && i < parameters.layout().size(); ++i) {
    const std::int64_t above = layers + 1 - parameters.layout()[i].depth;
    parameters.set_learning_rate_scale(i, std::pow(decay, static_cast<double>(above)));
  }
  model.set_encoder_options(
      {.gradient_checkpointing = settings.gradient_checkpointing,
       .frozen_eval_mode = settings.freeze_eval_mode,
       .frozen_cache_bytes = rows_repeat ? static_cast<std::size_t>(settings.frozen_cache_mib) << 20 : 0});
}

}  // namespace bertune::train
