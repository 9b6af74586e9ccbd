// The flags of Transformers' scripts, on the command line and in files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "support/program_test.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramResult;
using testing::run;
using Json = nlohmann::json;

struct Given {
  const char* name;
  const char* value;  // a usual one or the default, as on the command line; null: there is none to give
};

// All fields of TrainingArguments, of 4.57.6 and 5.23.0.
constexpr auto kTrainingArguments = std::to_array<Given>({
    {"_n_gpu", "1"},
    {"accelerator_config", "{\"split_batches\": true}"},
    {"activation_checkpointing", "True"},
    {"activation_checkpointing_kwargs", "{\"use_reentrant\": false}"},
    {"adafactor", "False"},
    {"adam_beta1", "0.9"},
    {"adam_beta2", "0.999"},
    {"adam_epsilon", "1e-08"},
    {"auto_find_batch_size", "True"},
    {"average_tokens_across_devices", "True"},
    {"batch_eval_metrics", "True"},
    {"bf16", "False"},
    {"bf16_full_eval", "True"},
    {"data_seed", "42"},
    {"dataloader_drop_last", "False"},
    {"dataloader_in_order", "True"},
    {"dataloader_multiprocessing_context", "fork"},
    {"dataloader_num_workers", "4"},
    {"dataloader_persistent_workers", "True"},
    {"dataloader_pin_memory", "True"},
    {"dataloader_prefetch_factor", "2"},
    {"ddp_backend", "gloo"},
    {"ddp_broadcast_buffers", "False"},
    {"ddp_bucket_cap_mb", "25"},
    {"ddp_find_unused_parameters", "False"},
    {"ddp_static_graph", "False"},
    {"ddp_timeout", "1800"},
    {"debug", "underflow_overflow"},
    {"deepspeed", "ds.json"},
    {"disable_tqdm", "True"},
    {"do_eval", "True"},
    {"do_predict", "True"},
    {"do_train", "True"},
    {"enable_jit_checkpoint", "True"},
    {"eval_accumulation_steps", "8"},
    {"eval_delay", "0"},
    {"eval_do_concat_batches", "True"},
    {"eval_on_start", "True"},
    {"eval_steps", "500"},
    {"eval_strategy", "epoch"},
    {"eval_use_gather_object", "False"},
    {"fp16", "True"},
    {"fp16_backend", "auto"},
    {"fp16_full_eval", "True"},
    {"fp16_opt_level", "O1"},
    {"fsdp", "full_shard"},
    {"fsdp_config", "{\"min_num_params\": 2000}"},
    {"fsdp_min_num_params", "0"},
    {"fsdp_transformer_layer_cls_to_wrap", "BertLayer"},
    {"full_determinism", "True"},
    {"gradient_accumulation_steps", "2"},
    {"gradient_checkpointing", "True"},
    {"gradient_checkpointing_kwargs", "{\"use_reentrant\": false}"},
    {"greater_is_better", "True"},
    {"group_by_length", "True"},
    {"half_precision_backend", "auto"},
    {"hub_always_push", "False"},
    {"hub_model_id", "me/model"},
    {"hub_private_repo", "True"},
    {"hub_revision", "main"},
    {"hub_strategy", "every_save"},
    {"hub_token", "secret"},
    {"ignore_data_skip", "True"},
    {"include_for_metrics", "inputs"},
    {"include_inputs_for_metrics", "True"},
    {"include_num_input_tokens_seen", "no"},
    {"include_tokens_per_second", "True"},
    {"jit_mode_eval", "False"},
    {"label_names", "labels"},
    {"label_smoothing_factor", "0.1"},
    {"learning_rate", "5e-05"},
    {"length_column_name", "length"},
    {"liger_kernel_config", "{\"rope\": true}"},
    {"load_best_model_at_end", "True"},
    {"local_rank", "-1"},
    {"log_level", "info"},
    {"log_level_replica", "warning"},
    {"log_on_each_node", "True"},
    {"logging_dir", "logs"},
    {"logging_first_step", "True"},
    {"logging_nan_inf_filter", "True"},
    {"logging_steps", "500"},
    {"logging_strategy", "steps"},
    {"lr_scheduler_kwargs", "{}"},
    {"lr_scheduler_type", "linear"},
    {"max_grad_norm", "1.0"},
    {"max_steps", "-1"},
    {"metric_for_best_model", "eval_loss"},
    {"mp_parameters", "none"},
    {"neftune_noise_alpha", nullptr},
    {"no_cuda", "True"},
    {"num_train_epochs", "3.0"},
    {"optim", "adamw_torch_fused"},
    {"optim_args", "amsgrad=false"},
    {"optim_target_modules", nullptr},
    {"output_dir", "out"},
    {"overwrite_output_dir", "True"},
    {"parallelism_config", "{\"tp_size\": 1}"},
    {"past_index", "-1"},
    {"per_device_eval_batch_size", "8"},
    {"per_device_train_batch_size", "8"},
    {"per_gpu_eval_batch_size", nullptr},
    {"per_gpu_train_batch_size", nullptr},
    {"prediction_loss_only", "False"},
    {"project", "huggingface"},
    {"push_to_hub", "True"},
    {"push_to_hub_model_id", "model"},
    {"push_to_hub_organization", "me"},
    {"push_to_hub_token", "secret"},
    {"ray_scope", "last"},
    {"remove_unused_columns", "True"},
    {"report_to", "tensorboard"},
    {"restore_callback_states_from_checkpoint", "True"},
    {"resume_from_checkpoint", "False"},
    {"run_name", "first"},
    {"save_on_each_node", "False"},
    {"save_only_model", "True"},
    {"save_safetensors", "True"},
    {"save_steps", "500"},
    {"save_strategy", "best"},
    {"save_total_limit", "2"},
    {"seed", "42"},
    {"skip_memory_metrics", "True"},
    {"tf32", "True"},
    {"torch_compile", "True"},
    {"torch_compile_backend", "inductor"},
    {"torch_compile_mode", "default"},
    {"torch_empty_cache_steps", "4"},
    {"torchdynamo", "inductor"},
    {"tpu_metrics_debug", "False"},
    {"tpu_num_cores", "8"},
    {"trackio_bucket_id", "me/bucket"},
    {"trackio_space_id", "trackio"},
    {"trackio_static_space_id", "me/space"},
    {"train_sampling_strategy", "group_by_length"},
    {"use_cache", "False"},
    {"use_cpu", "True"},
    {"use_legacy_prediction_loop", "False"},
    {"use_liger_kernel", "True"},
    {"use_mps_device", "False"},
    {"warmup_ratio", "0.1"},
    {"warmup_steps", "0"},
    {"weight_decay", "0.0"},
});

// Those of the scripts: of run_glue, run_classification, run_qa, run_ner and run_swag; and of run_mlm.
constexpr auto kFineTuning = std::to_array<Given>({
    {"cache_dir", "cache"},
    {"config_name", "base"},
    {"dataset_config_name", nullptr},
    {"dataset_name", nullptr},
    {"do_regression", "False"},
    {"doc_stride", "128"},
    {"ignore_mismatched_sizes", "True"},
    {"label_all_tokens", "False"},
    {"label_column_name", "label"},
    {"max_answer_length", "30"},
    {"max_eval_samples", "10"},
    {"max_predict_samples", "10"},
    {"max_seq_length", "32"},
    {"max_train_samples", "10"},
    {"metric_name", "accuracy"},
    {"model_name_or_path", "base"},
    {"model_revision", "main"},
    {"n_best_size", "20"},
    {"null_score_diff_threshold", "0.0"},
    {"overwrite_cache", "True"},
    {"pad_to_max_length", "True"},
    {"preprocessing_num_workers", "4"},
    {"remove_columns", "id"},
    {"remove_splits", "extra"},
    {"return_entity_level_metrics", "True"},
    {"shuffle_seed", "42"},
    {"shuffle_train_dataset", "True"},
    {"task_name", "ner"},
    {"test_file", "missing.csv"},
    {"test_split_name", "test"},
    {"text_column_delimiter", " "},
    {"text_column_name", "text"},
    {"token", "secret"},
    {"tokenizer_name", "base"},
    {"train_file", "missing.csv"},
    {"train_split_name", "train"},
    {"trust_remote_code", "True"},
    {"use_auth_token", "True"},
    {"use_fast_tokenizer", "True"},
    {"validation_file", "missing.csv"},
    {"validation_split_name", "validation"},
    {"version_2_with_negative", "False"},
});
constexpr auto kPretraining = std::to_array<Given>({
    {"cache_dir", "cache"},
    {"config_name", nullptr},
    {"config_overrides", nullptr},
    {"dataset_config_name", nullptr},
    {"dataset_name", nullptr},
    {"line_by_line", "True"},
    {"low_cpu_mem_usage", "True"},
    {"max_eval_samples", nullptr},
    {"max_seq_length", "32"},
    {"max_train_samples", nullptr},
    {"mlm_probability", "0.15"},
    {"model_name_or_path", "base"},
    {"model_revision", "main"},
    {"model_type", "bert"},
    {"overwrite_cache", "True"},
    {"pad_to_max_length", "False"},
    {"preprocessing_num_workers", "4"},
    {"streaming", "True"},
    {"token", "secret"},
    {"tokenizer_name", "base"},
    {"torch_dtype", "auto"},
    {"dtype", "float32"},
    {"train_file", "missing.csv"},
    {"trust_remote_code", "True"},
    {"use_auth_token", "True"},
    {"use_fast_tokenizer", "True"},
    {"validation_file", "missing.csv"},
    {"validation_split_percentage", "5"},
});

// "text_column_names" is the same option as "text_column_name", and so on: one of each is above.
constexpr auto kOtherNames = std::to_array<Given>({{"text_column_names", "text"},
                                                   {"evaluation_strategy", "epoch"},
                                                   {"do_lower_case", "True"},
                                                   {"save_strategy", "no"}});

class TransformersFlags : public testing::ProgramTest {
 protected:
  void SetUp() override {
    testing::write_tiny_checkpoint(files.path() / "base");
    files.write("train.csv", testing::tiny_dataset(40));
  }
  ProgramResult at(const std::vector<std::string>& arguments) const {
    return run(arguments, "", [this] { [[maybe_unused]] const int failed = ::chdir(files.path().c_str()); });
  }
  // Everything was understood: the run ends where it looks for its data.
  void expect_understood(const std::vector<std::string>& arguments) const {
    const ProgramResult result = at(arguments);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr("error: missing.csv: cannot read: No such file"));
  }
};

template <std::size_t count>
void append(std::vector<Given>& all, const std::array<Given, count>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<Given> all_of(bool pretraining) {
  std::vector<Given> all;
  append(all, kTrainingArguments);
  if (pretraining) {
    append(all, kPretraining);
  } else {
    append(all, kFineTuning);
  }
  return all;
}

std::string dashed(std::string name) {
  std::replace(name.begin() + 1, name.end(), '_', '-');  // _n_gpu begins with one
  return name;
}

// As a program would write it: numbers, booleans and mappings are no texts.
Json typed(const Given& given) {
  if (given.value == nullptr) return nullptr;
  const std::string text = given.value;
  if (text == "True" || text == "False") return text == "True";
  Json value = Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json(text) : value;
}

TEST_F(TransformersFlags, EachIsUnderstoodOnTheCommandLine) {
  for (const bool pretraining : {false, true}) {
    std::vector<std::string> arguments = {pretraining ? "pretrain" : "train"}, dashes = arguments,
                             equals = arguments;
    for (const Given& given : all_of(pretraining)) {
      if (given.value == nullptr) continue;
      arguments.insert(arguments.end(), {std::string("--") + given.name, given.value});
      dashes.insert(dashes.end(), {"--" + dashed(given.name), given.value});
      equals.push_back(std::string("--") + given.name + "=" + given.value);
    }
    expect_understood(arguments);
    expect_understood(dashes);
    expect_understood(equals);
  }
  for (const Given& given : kOtherNames) {
    expect_understood({"train", "--model", "base", "--train", "missing.csv", "--output", "out",
                       std::string("--") + given.name, given.value});
  }
}

TEST_F(TransformersFlags, EachIsUnderstoodInAFile) {
  for (const bool pretraining : {false, true}) {
    Json file = Json::object();
    for (const Given& given : all_of(pretraining)) file[given.name] = typed(given);
    files.write("args.json", file.dump());
    expect_understood({pretraining ? "pretrain" : "train", "args.json"});
  }
}

TEST_F(TransformersFlags, BooleansNeedNoValueAndMayBeNegated) {
  std::vector<std::string> arguments = {"train",       "--model",  "base", "--train",
                                        "missing.csv", "--output", "out"};
  for (const Given& given : kTrainingArguments) {
    const std::string name = given.name;
    if (given.value == nullptr || std::string(given.value) != "True" || name == "greater_is_better") continue;
    arguments.push_back("--" + name);
  }
  for (const char* name :
       {"no_average_tokens_across_devices", "no_log_on_each_node", "no_logging_nan_inf_filter",
        "no-eval-do-concat-batches", "no-dataloader-pin-memory", "no_dataloader_in_order",
        "no_remove_unused_columns", "no_skip_memory_metrics", "no_pad_to_max_length", "no_use_fast_tokenizer",
        "no_save_safetensors"})
    arguments.push_back(std::string("--") + name);
  expect_understood(arguments);
  // Of options of its own too, also where that is "no".
  arguments = {"train",     "--model",
               "base",      "--train",
               "train.csv", "--output",
               "out",       "--max-steps",
               "1",         "--overwrite_output_dir",
               "True",      "--do_regression",
               "False",     "--bf16",
               "false",     "--lora",
               "0",         "--threads",
               "1"};
  EXPECT_EQ(at(arguments).exit_code, 0);
  EXPECT_THAT(files.read("out/config.json"), HasSubstr("single_label_classification"));
}

TEST_F(TransformersFlags, WhatHasNoEffectIsSaidOnceWithTheReason) {
  const ProgramResult result = at({"train",
                                   "--model_name_or_path",
                                   "base",
                                   "--train_file",
                                   "train.csv",
                                   "--output_dir",
                                   "out",
                                   "--max_steps",
                                   "1",
                                   "--fp16",
                                   "--push_to_hub",
                                   "False",
                                   "--save_total_limit",
                                   "1",
                                   "--local_rank",
                                   "-1",
                                   "--do_train",
                                   "--report_to",
                                   "wandb",
                                   "tensorboard",
                                   "--threads",
                                   "1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("note: --fp16 has no effect: matrix multiplications are fp32 or bf16"));
  EXPECT_THAT(result.err, HasSubstr("note: --save_total_limit has no effect: the best and the newest"));
  EXPECT_THAT(result.err, HasSubstr("note: --do_train is not needed: bertune train trains"));
  EXPECT_THAT(result.err, HasSubstr("note: --report-to has no effect"));
  for (const char* neutral : {"push_to_hub", "local_rank"}) EXPECT_THAT(result.err, Not(HasSubstr(neutral)));
  files.write("args.json", R"({"model": "base", "train": "train.csv", "output": "b", "max_steps": 1,
 "fp16": true, "push_to_hub": false, "optim_target_modules": null})");
  const ProgramResult file = at({"train", "args.json"});
  EXPECT_THAT(file.err, HasSubstr("note: args.json:2: \"fp16\" has no effect: matrix multiplications"));
  EXPECT_THAT(file.err, Not(HasSubstr("push_to_hub")));
}

TEST_F(TransformersFlags, AnotherTrainingIsAnErrorThatSaysWhatToUse) {
  const auto expect_error = [&](const std::vector<std::string>& flags, const std::string& part) {
    std::vector<std::string> arguments = {"train",     "--model",  "base", "--train",
                                          "train.csv", "--output", "out"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const ProgramResult result = at(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
  };
  expect_error({"--adafactor"},
               "--adafactor is true, and bertune train does not do that: take --optimizer adafactor");
  expect_error({"--neftune_noise_alpha", "5"},
               "--neftune_noise_alpha is 5, and bertune train does not do that");
  expect_error({"--dataset_name", "imdb"}, "give them with --train");
  expect_error({"--train_sampling_strategy", "sequential"}, "does not do that");
  expect_error({"--config_name", "other"}, "--config-name is other, and --model is base");
  expect_error({"--mlm_probability", "0.2"}, "no option --mlm_probability; bertune pretrain has it");
  expect_error({"--epoch", "3"}, "bertune train has no option --epoch; did you mean --epochs?");
  expect_error({"--learning_rat", "3"}, "did you mean --learning_rate?");
  expect_error({"--wholly_unknown", "3"},
               "no option --wholly_unknown\nRun bertune help train for all options.");
}

TEST_F(TransformersFlags, ListsEndBeforeTheFilesOfACommand) {
  const ProgramResult result = at({"predict", "--model", "base", "--report_to", "none", "missing.csv"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("missing.csv: cannot read"));
}

TEST_F(TransformersFlags, WrongValuesAndCommandsAreNamed) {
  const auto expect_error = [&](const std::vector<std::string>& arguments, const std::string& part) {
    const ProgramResult result = at(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
  };
  expect_error({"train", "--learning-rate", "abc"}, "--learning-rate is \"abc\"; it must be a number");
  expect_error({"train", "--epochs"}, "--epochs needs a value, a number");
  expect_error({"train", "--epochs", "--lora"}, "--epochs needs a value, a number");
  expect_error({"predict", "--output", "--", "texts.csv"}, "--output needs a value");
  expect_error({"train", "--max_steps", "1.5"}, "--max_steps is \"1.5\"; it must be a whole number");
  for (const char* seed : {"-1", "99999999999999999999", "1e3"})
    expect_error({"train", "--seed", seed},
                 std::string("--seed is \"") + seed + "\"; it must be a whole number");
  expect_error({"foo"}, "no command \"foo\"; the commands are train, evaluate, predict");
  expect_error({"trian"}, "no command \"trian\"; did you mean \"train\"?");
  expect_error({"predict", "--epochs", "3"}, "bertune predict has no option --epochs; bertune train has it");
}

}  // namespace
}  // namespace bertune
