#include "cli/options/transformers_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bertune/error.h"
#include "cli/options/option_kinds.h"
#include "core/lower_case.h"

namespace bertune::cli {
namespace {

using enum TransformersName::Meaning;

constexpr std::string_view kCpu = "it computes on the CPU", kOneProcess = "there is one process",
                           kNoUpload = "nothing is uploaded", kNoCompiler = "there is nothing to compile",
                           kNoReport = "nothing is reported anywhere", kThreads = "see --threads",
                           kNoLogLevel = "see --quiet and --silent", kNoPadding = "batches hold no padding",
                           kStreamed = "metrics are counted as batches come", kPrecision = "see --precision",
                           kOneFileEach = "give a file each with --train, --validation and --test",
                           kAllRows = "it reads all that the file holds; cut the file",
                           kNoHubData = "it reads files; download the dataset and give them with --train";

constexpr auto kNames = std::to_array<TransformersName>({
    {"_n_gpu", no_effect, "-1|0|1", kCpu},
    {"accelerator_config", no_effect,
     "{}|{\"dispatch_batches\":null,\"even_batches\":true,\"gradient_accumulation_kwargs\":null,"
     "\"non_blocking\":false,\"split_batches\":false,\"use_seedable_sampler\":true}",
     kOneProcess},
    {"activation_checkpointing_kwargs", no_effect, "{}", "see --gradient-checkpointing"},
    {"adafactor", another_training, "false", "take --optimizer adafactor"},
    {"auto_find_batch_size", no_effect, "false", "see --batch-size and --gradient-accumulation-steps"},
    {"average_tokens_across_devices", no_effect, "true|false", kOneProcess},
    {"batch_eval_metrics", no_effect, "false", kStreamed},
    {"bf16_full_eval", no_effect, "false",
     "evaluation in training is fp32; bertune evaluate has --precision"},
    {"config_overrides", another_training, "", "change the file that --config-name names"},
    {"dataloader_drop_last", another_training, "false", "the last batch of an epoch is trained on too"},
    {"dataloader_in_order", not_needed, "true", "batches always come in order"},
    {"dataloader_multiprocessing_context", no_effect, "", kOneProcess},
    {"dataloader_num_workers", no_effect, "0", kThreads},
    {"dataloader_persistent_workers", no_effect, "false", kThreads},
    {"dataloader_pin_memory", no_effect, "true|false", kCpu},
    {"dataloader_prefetch_factor", no_effect, "", kThreads},
    {"dataset_config_name", another_training, "", kNoHubData},
    {"dataset_name", another_training, "", kNoHubData},
    {"dataset_revision", another_training, "", kNoHubData},
    {"ddp_backend", no_effect, "", kOneProcess},
    {"ddp_broadcast_buffers", no_effect, "false", kOneProcess},
    {"ddp_bucket_cap_mb", no_effect, "", kOneProcess},
    {"ddp_find_unused_parameters", no_effect, "false", kOneProcess},
    {"ddp_static_graph", no_effect, "false", kOneProcess},
    {"ddp_timeout", no_effect, "1800", kOneProcess},
    {"debug", no_effect, "[]", "see --profile", true},
    {"deepspeed", no_effect, "", kOneProcess},
    {"dispatch_batches", no_effect, "false", kOneProcess},
    {"do_eval", not_needed, "false", "it evaluates when there is a validation set"},
    {"do_lower_case", no_effect, "", "the tokenizer's files say whether it lower-cases"},
    {"do_predict", not_needed, "false", "it tests when there is --test"},
    {"do_train", not_needed, "false", "bertune train trains"},
    {"dtype", another_training, "float32|auto", "weights are float32; see --save-dtype and --precision"},
    {"enable_jit_checkpoint", not_needed, "false", "a signal always saves a checkpoint"},
    {"eval_accumulation_steps", not_needed, "", kStreamed},
    {"eval_delay", no_effect, "0|0.0", "it evaluates from the start"},
    {"eval_do_concat_batches", no_effect, "true|false", kStreamed},
    {"eval_on_start", no_effect, "false", "bertune evaluate measures a model as it is"},
    {"eval_use_gather_object", no_effect, "false", kOneProcess},
    {"fp16", no_effect, "false", "matrix multiplications are fp32 or bf16; see --precision"},
    {"fp16_backend", no_effect, "auto", kPrecision},
    {"fp16_full_eval", no_effect, "false",
     "evaluation in training is fp32; bertune evaluate has --precision"},
    {"fp16_opt_level", no_effect, "O1", kPrecision},
    {"fsdp", no_effect, "[]|false", kOneProcess},
    {"fsdp_config", no_effect,
     "{}|{\"min_num_params\":0,\"xla\":false,\"xla_fsdp_grad_ckpt\":false,\"xla_fsdp_v2\":false}",
     kOneProcess},
    {"fsdp_min_num_params", no_effect, "0", kOneProcess},
    {"fsdp_transformer_layer_cls_to_wrap", no_effect, "", kOneProcess},
    {"full_determinism", not_needed, "false", "runs are always deterministic"},
    {"gradient_checkpointing_kwargs", no_effect, "{}", "see --gradient-checkpointing"},
    {"greater_is_better", not_needed, "", "it follows from the metric"},
    {"group_by_length", not_needed, "false", kNoPadding},
    {"half_precision_backend", no_effect, "auto", kPrecision},
    {"hub_always_push", no_effect, "false", kNoUpload},
    {"hub_model_id", no_effect, "", kNoUpload},
    {"hub_private_repo", no_effect, "false", kNoUpload},
    {"hub_revision", no_effect, "", kNoUpload},
    {"hub_strategy", no_effect, "every_save|end", kNoUpload},
    {"hub_token", no_effect, "<HUB_TOKEN>", "nothing is uploaded; for private models see --token"},
    {"ignore_data_skip", no_effect, "false", "a resumed run gives the bits of an uninterrupted one"},
    {"include_for_metrics", no_effect, "[]", kStreamed, true},
    {"include_inputs_for_metrics", no_effect, "false", kStreamed},
    {"include_num_input_tokens_seen", not_needed, "false|no", "tokens are always counted"},
    {"include_tokens_per_second", not_needed, "false", "tokens are always counted"},
    {"jit_mode_eval", no_effect, "false", kNoCompiler},
    {"label_names", no_effect, "[]", "the task knows its labels; see --label-column", true},
    {"length_column_name", no_effect, "length", kNoPadding},
    {"liger_kernel_config", no_effect, "{}", kCpu},
    {"load_best_model_at_end", not_needed, "false", "the best model is always kept"},
    {"local_rank", no_effect, "-1|0", kOneProcess},
    {"log_level", no_effect, "passive", kNoLogLevel},
    {"log_level_replica", no_effect, "warning|passive", kOneProcess},
    {"log_on_each_node", no_effect, "true|false", kOneProcess},
    {"logging_dir", no_effect, "", "trainer_state.json holds the log"},
    {"logging_first_step", no_effect, "false", "see --logging-steps"},
    {"logging_nan_inf_filter", no_effect, "true", "a loss that is NaN stops the run"},
    {"logging_strategy", no_effect, "steps", "see --logging-steps"},
    {"low_cpu_mem_usage", not_needed, "false", "weights are mapped from the file"},
    {"max_eval_samples", another_training, "", kAllRows},
    {"max_predict_samples", another_training, "", kAllRows},
    {"max_train_samples", another_training, "", kAllRows},
    {"metric_name", no_effect, "",
     "all metrics of the task are given; --metric-for-best-model says which one decides"},
    {"model_type", no_effect, "bert|distilbert|roberta|electra", "config.json says it"},
    {"mp_parameters", no_effect, "", kOneProcess},
    {"neftune_noise_alpha", another_training, "", "no noise is added to embeddings"},
    {"optim_target_modules", another_training, "[]", "see --freeze and --lora-targets", true},
    {"overwrite_cache", not_needed, "false", "nothing is cached"},
    {"pad_to_max_length", not_needed, "true|false", kNoPadding},
    {"parallelism_config", no_effect, "{}", kOneProcess},
    {"past_index", no_effect, "-1", "BERT has no past"},
    {"prediction_loss_only", no_effect, "false", "metrics are always given"},
    {"preprocessing_num_workers", no_effect, "", kThreads},
    {"project", no_effect, "huggingface", kNoReport},
    {"push_to_hub", no_effect, "false", kNoUpload},
    {"push_to_hub_model_id", no_effect, "", kNoUpload},
    {"push_to_hub_organization", no_effect, "", kNoUpload},
    {"push_to_hub_token", no_effect, "<PUSH_TO_HUB_TOKEN>",
     "nothing is uploaded; for private models see --token"},
    {"ray_scope", no_effect, "last", kOneProcess},
    {"remove_columns", not_needed, "", "columns that are not named are not read"},
    {"remove_splits", not_needed, "", kOneFileEach},
    {"remove_unused_columns", not_needed, "true", "columns that are not named are not read"},
    {"report_to", no_effect, "none|[]|all", kNoReport, true},
    {"restore_callback_states_from_checkpoint", not_needed, "false", "the state of early stopping is kept"},
    {"return_entity_level_metrics", not_needed, "false", "they are always given"},
    {"run_name", no_effect, "", kNoReport},
    {"save_on_each_node", no_effect, "false", kOneProcess},
    {"save_only_model", no_effect, "false", "checkpoints go when the run has finished"},
    {"save_safetensors", not_needed, "true", "weights are always safetensors"},
    {"save_strategy", no_effect, "steps|epoch|best",
     "it saves after each epoch, and every --save-every steps"},
    {"save_total_limit", no_effect, "", "the best and the newest checkpoint are kept"},
    {"shuffle_seed", no_effect, "42", "see --data-seed"},
    {"shuffle_train_dataset", not_needed, "false", "each epoch has an order of its own"},
    {"skip_memory_metrics", no_effect, "true", "peak memory is always given"},
    {"split_batches", no_effect, "false", kOneProcess},
    {"streaming", no_effect, "false", "files are read once, before training"},
    {"task_name", no_effect, "ner|pos|chunk", "see --task"},
    {"test_split_name", another_training, "test", kOneFileEach},
    {"text_column_delimiter", another_training, " ", "see --text-column and --text-pair-column"},
    {"tf32", no_effect, "false", kCpu},
    {"torch_compile", no_effect, "false", kNoCompiler},
    {"torch_compile_backend", no_effect, "", kNoCompiler},
    {"torch_compile_mode", no_effect, "", kNoCompiler},
    {"torch_dtype", another_training, "float32|auto",
     "weights are float32; see --save-dtype and --precision"},
    {"torch_empty_cache_steps", no_effect, "", kCpu},
    {"torchdynamo", no_effect, "", kNoCompiler},
    {"tpu_metrics_debug", no_effect, "false", kCpu},
    {"tpu_num_cores", no_effect, "", kCpu},
    {"trackio_bucket_id", no_effect, "", kNoReport},
    {"trackio_space_id", no_effect, "trackio", kNoReport},
    {"trackio_static_space_id", no_effect, "", kNoReport},
    {"train_sampling_strategy", another_training, "random|group_by_length|batch_rebalance",
     "each epoch has an order of its own"},
    {"train_split_name", another_training, "train", kOneFileEach},
    {"trust_remote_code", no_effect, "false", "no code of a checkpoint is ever run"},
    {"use_auth_token", no_effect, "false", "see --token"},
    {"use_cache", no_effect, "false", "BERT has no past"},
    {"use_cpu", not_needed, "false", kCpu},
    {"no_cuda", not_needed, "false", kCpu},
    {"use_fast_tokenizer", not_needed, "true|false", "there is one tokenizer"},
    {"use_ipex", no_effect, "false", "it has its own kernels"},
    {"use_legacy_prediction_loop", no_effect, "false", "there is one loop"},
    {"use_liger_kernel", no_effect, "false", "it has its own kernels"},
    {"use_mps_device", no_effect, "false", kCpu},
    {"validation_split_percentage", no_effect, "", "nothing is held out; see --validation"},
    {"validation_split_name", another_training, "validation", kOneFileEach},
});

}  // namespace

bool TransformersName::is_boolean() const {
  return neutral.starts_with("false") || neutral.starts_with("true");
}

bool TransformersName::is_neutral(std::string_view value) const {
  const std::optional<bool> boolean = is_boolean() ? boolean_word(value) : std::nullopt;
  const std::string wanted = boolean ? (*boolean ? "true" : "false") : std::string(value);
  for (std::string_view rest = neutral;;) {
    const std::size_t end = rest.find('|');
    if (lower_case(rest.substr(0, end)) == lower_case(wanted)) return true;
    if (end == rest.npos) return false;
    rest.remove_prefix(end + 1);
  }
}

const TransformersName* transformers_name(std::string_view name) {
  const auto found = std::ranges::find(kNames, joined(name, '_'), &TransformersName::name);
  return found == kNames.end() ? nullptr : &*found;
}

std::vector<std::string> transformers_names() {
  std::vector<std::string> names;
  for (const TransformersName& known : kNames) names.emplace_back(known.name);
  return names;
}

std::optional<bool> boolean_word(std::string_view word) {
  const std::string plain = lower_case(word);
  if (plain == "true" || plain == "yes" || plain == "t" || plain == "y" || plain == "1") return true;
  if (plain == "false" || plain == "no" || plain == "f" || plain == "n" || plain == "0") return false;
  return std::nullopt;
}

std::string note_of(const TransformersName& name, std::string_view value, std::string_view called,
                    std::string_view command, std::string_view where) {
  if (name.is_neutral(value)) return {};
  if (name.meaning == another_training) {
    throw UsageError(fmt::format("{}{} is {}, and bertune {} does not do that: {}", where, called, value,
                                 command, name.why));
  }
  return fmt::format("{}{} {}: {}", where, called,
                     name.meaning == not_needed ? "is not needed" : "has no effect", name.why);
}

}  // namespace bertune::cli
