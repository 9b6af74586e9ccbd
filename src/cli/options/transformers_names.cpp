#include "cli/options/transformers_names.h"

#include <algorithm>
#include <array>

namespace bertune::cli {
namespace {

struct Deciding {
  std::string_view key, neutral;
};

constexpr std::array kDeciding = {
    Deciding{"adafactor", "false"},
    Deciding{"data_seed", "null"},
    Deciding{"dataloader_drop_last", "false"},
    Deciding{"neftune_noise_alpha", "null"},
    Deciding{"optim_target_modules", "null"},
};

constexpr std::array<std::string_view, 91> kWithoutMeaning = {"_n_gpu",
                                                              "accelerator_config",
                                                              "activation_checkpointing_kwargs",
                                                              "auto_find_batch_size",
                                                              "average_tokens_across_devices",
                                                              "batch_eval_metrics",
                                                              "bf16_full_eval",
                                                              "dataloader_in_order",
                                                              "dataloader_multiprocessing_context",
                                                              "dataloader_persistent_workers",
                                                              "dataloader_pin_memory",
                                                              "dataloader_prefetch_factor",
                                                              "ddp_backend",
                                                              "ddp_broadcast_buffers",
                                                              "ddp_bucket_cap_mb",
                                                              "ddp_find_unused_parameters",
                                                              "ddp_static_graph",
                                                              "ddp_timeout",
                                                              "debug",
                                                              "deepspeed",
                                                              "disable_tqdm",
                                                              "dispatch_batches",
                                                              "enable_jit_checkpoint",
                                                              "eval_accumulation_steps",
                                                              "eval_delay",
                                                              "eval_do_concat_batches",
                                                              "eval_on_start",
                                                              "eval_use_gather_object",
                                                              "fp16",
                                                              "fp16_backend",
                                                              "fp16_full_eval",
                                                              "fp16_opt_level",
                                                              "fsdp",
                                                              "fsdp_config",
                                                              "fsdp_min_num_params",
                                                              "fsdp_transformer_layer_cls_to_wrap",
                                                              "gradient_checkpointing_kwargs",
                                                              "half_precision_backend",
                                                              "hub_always_push",
                                                              "hub_model_id",
                                                              "hub_private_repo",
                                                              "hub_revision",
                                                              "hub_strategy",
                                                              "hub_token",
                                                              "ignore_data_skip",
                                                              "include_for_metrics",
                                                              "include_inputs_for_metrics",
                                                              "include_num_input_tokens_seen",
                                                              "include_tokens_per_second",
                                                              "jit_mode_eval",
                                                              "label_names",
                                                              "length_column_name",
                                                              "liger_kernel_config",
                                                              "local_rank",
                                                              "log_level",
                                                              "log_level_replica",
                                                              "log_on_each_node",
                                                              "logging_first_step",
                                                              "logging_nan_inf_filter",
                                                              "mp_parameters",
                                                              "parallelism_config",
                                                              "past_index",
                                                              "prediction_loss_only",
                                                              "project",
                                                              "push_to_hub",
                                                              "push_to_hub_model_id",
                                                              "push_to_hub_organization",
                                                              "push_to_hub_token",
                                                              "ray_scope",
                                                              "remove_unused_columns",
                                                              "restore_callback_states_from_checkpoint",
                                                              "save_on_each_node",
                                                              "save_only_model",
                                                              "skip_memory_metrics",
                                                              "split_batches",
                                                              "tf32",
                                                              "torch_compile",
                                                              "torch_compile_backend",
                                                              "torch_compile_mode",
                                                              "torch_empty_cache_steps",
                                                              "torchdynamo",
                                                              "tpu_metrics_debug",
                                                              "tpu_num_cores",
                                                              "trackio_bucket_id",
                                                              "trackio_space_id",
                                                              "trackio_static_space_id",
                                                              "use_cache",
                                                              "use_ipex",
                                                              "use_legacy_prediction_loop",
                                                              "use_liger_kernel",
                                                              "use_mps_device"};

}  // namespace

TransformersName transformers_name(std::string_view key) {
  if (std::ranges::find(kDeciding, key, &Deciding::key) != kDeciding.end()) return TransformersName::decides;
  return std::ranges::find(kWithoutMeaning, key) != kWithoutMeaning.end() ? TransformersName::without_meaning
                                                                          : TransformersName::unknown;
}

std::string_view neutral_value(std::string_view key) {
  const auto found = std::ranges::find(kDeciding, key, &Deciding::key);
  return found == kDeciding.end() ? "null" : found->neutral;
}

}  // namespace bertune::cli
