#include "options/fine_tuning_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bertune/error.h"
#include "options/option_kinds.h"

namespace bertune::options {

constexpr const char* kGroup = "Freezing, LoRA and memory";

void FineTuningOptions::add_to(CLI::App& command, train::FineTuning& s) {
  command
      .add_option("--freeze-layers", s.freeze_layers, "Freeze the embeddings and the first N encoder layers")
      ->group(kGroup);
  command.add_flag("--freeze-embeddings", s.freeze_embeddings, "Freeze the embeddings")->group(kGroup);
  command
      .add_option("--freeze", s.freeze,
                  "Freeze parameters by name, such as \"bert.encoder.layer.[0-3].*\"; may be repeated")
      ->group(kGroup)
      ->allow_extra_args(false);
  command
      .add_flag("--freeze-eval-mode", s.freeze_eval_mode,
                "No dropout in frozen lowest layers, which then run once per text, not once per epoch")
      ->group(kGroup);
  command
      .add_option("--frozen-cache-mib", s.frozen_cache_mib,
                  "Memory in MiB for outputs of frozen lowest layers without dropout (0: none)")
      ->group(kGroup)
      ->capture_default_str();
  command
      .add_option("--layer-wise-lr-decay,--layer_wise_lr_decay", s.layer_wise_lr_decay,
                  "Multiply the learning rate by this for each layer below the head")
      ->group(kGroup)
      ->capture_default_str();
  command
      .add_flag("--gradient-checkpointing,--gradient_checkpointing,--activation_checkpointing",
                s.gradient_checkpointing,
                "Recompute activations in the backward pass: less memory, more time")
      ->group(kGroup);
}

void FineTuningOptions::add_lora_to(CLI::App& command, train::FineTuning& s) {
  command.add_flag("--lora,--use_lora", lora, "Train a LoRA adapter and the head; everything else is frozen")
      ->group(kGroup);
  details_ = {
      command.add_option("--lora-rank,--lora_rank,--lora_r", lora_config.r, "Rank of the adapter's matrices")
          ->group(kGroup)
          ->capture_default_str(),
      command
          .add_option("--lora-alpha,--lora_alpha", lora_config.lora_alpha,
                      "Scale of the adapter: alpha / rank")
          ->group(kGroup)
          ->capture_default_str(),
      command
          .add_option("--lora-targets,--lora_target_modules", lora_config.target_modules,
                      "Layers to adapt: query, key, value, attention.output.dense, intermediate.dense, "
                      "output.dense, or all-linear")
          ->delimiter(',')
          ->expected(1, 100)
          ->group(kGroup)
          ->default_str("query,value"),
      command
          .add_flag("--rslora,--use_rslora", lora_config.use_rslora,
                    "Scale the adapter by alpha / sqrt(rank) instead")
          ->group(kGroup)};
  command.add_option("--lora_dropout,--lora-dropout", lora_dropout)->group("");
  command
      .add_flag("--merge-lora", s.merge_lora,
                "Write the whole model with the adapter merged, not the adapter alone")
      ->group(kGroup);
}

void FineTuningOptions::settle(train::FineTuning& settings) const {
  if (lora_dropout != 0)
    throw UsageError(
        "lora_dropout",
        fmt::format("`lora_dropout` is {}; adapters are trained without dropout, for then they cost no "
                    "time a token: leave it out",
                    lora_dropout));
  if (lora) {
    settings.lora = lora_config;
    return;
  }
  for (const CLI::Option* option : details_) {
    if (option->count() > 0) {
      const std::string name = joined(option->get_lnames().front(), '_');
      throw UsageError(name, fmt::format("`{}` means nothing without `lora`", name));
    }
  }
}

}  // namespace bertune::options
