#include "cli/options/fine_tuning_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "bertune/error.h"

namespace bertune::cli {

constexpr const char* kGroup = "What is trained";

void FineTuningOptions::add_to(CLI::App& command, train::FineTuning& s) {
  command
      .add_option("--freeze-layers", s.freeze_layers, "Freeze the embeddings and the first layers, so many")
      ->group(kGroup);
  command.add_flag("--freeze-embeddings", s.freeze_embeddings, "Freeze the embeddings")->group(kGroup);
  command
      .add_option("--freeze", s.freeze,
                  "Freeze parameters by name: \"bert.encoder.layer.[0-3].*\"; may be given again")
      ->group(kGroup)
      ->allow_extra_args(false);
  command
      .add_flag(
          "--freeze-eval-mode", s.freeze_eval_mode,
          "No dropout in the lowest layers where they are frozen, which then run once a text, not once an "
          "epoch")
      ->group(kGroup);
  command
      .add_option("--frozen-cache-mib", s.frozen_cache_mib,
                  "Memory for what frozen lowest layers without dropout give (0: none)")
      ->group(kGroup)
      ->capture_default_str();
  command
      .add_option(
          "--layer-wise-lr-decay,--layer_wise_lr_decay", s.layer_wise_lr_decay,
          "The last layer's learning rate is this times the head's, the one below's this times that, ...")
      ->group(kGroup)
      ->capture_default_str();
  command
      .add_flag("--gradient-checkpointing,--gradient_checkpointing,--activation_checkpointing",
                s.gradient_checkpointing,
                "Keep less for backward and compute it again: less memory, more time")
      ->group(kGroup);
}

void FineTuningOptions::add_lora_to(CLI::App& command, train::FineTuning& s) {
  command.add_flag("--lora,--use_lora", lora, "Train an adapter (LoRA) and the head; all else is frozen")
      ->group(kGroup);
  details_ = {
      command.add_option("--lora-rank,--lora_rank,--lora_r", lora_config.r, "Rank of the adapter's matrices")
          ->group(kGroup)
          ->capture_default_str(),
      command
          .add_option("--lora-alpha,--lora_alpha", lora_config.lora_alpha,
                      "Its changes count alpha / rank times")
          ->group(kGroup)
          ->capture_default_str(),
      command
          .add_option(
              "--lora-targets,--lora_target_modules", lora_config.target_modules,
              "Linear maps that it changes: query, key, value, attention.output.dense, intermediate.dense, "
              "output.dense, or all-linear")
          ->delimiter(',')
          ->expected(1, 100)
          ->group(kGroup)
          ->default_str("query,value"),
      command.add_flag("--rslora,--use_rslora", lora_config.use_rslora, "Alpha / sqrt(rank) instead")
          ->group(kGroup)};
  command.add_option("--lora_dropout,--lora-dropout", lora_dropout)->group("");
  command
      .add_flag("--merge-lora", s.merge_lora,
                "Write the whole model with the adapter in it, not the adapter alone")
      ->group(kGroup);
}

void FineTuningOptions::settle(train::FineTuning& settings) const {
  if (lora_dropout != 0)
    throw UsageError(
        fmt::format("--lora-dropout is {}; adapters are trained without dropout, for then they cost no "
                    "time a token: leave it out",
                    lora_dropout));
  if (lora) {
    settings.lora = lora_config;
    return;
  }
  for (const CLI::Option* option : details_) {
    if (option->count() > 0)
      throw UsageError(fmt::format("{} means nothing without --lora", option->get_name()));
  }
}

}  // namespace bertune::cli
