#include "options/train_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "options/parsed_option.h"
#include "options/run_text.h"

namespace bertune::options {
namespace {

constexpr const char* kTraining = "Training";
constexpr const char* kOutput = "Output";

template <typename Entries>
std::string names_of(const Entries& entries) {
  std::string names;
  for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + entry.name;
  return names;
}

runs::KeptModels kept_models(const std::string& name) {
  if (name == "best") return runs::KeptModels::best;
  if (name == "all") return runs::KeptModels::all;
  throw UsageError("keep", fmt::format("`keep` is \"{}\"; it must be best or all", name));
}

void add_optimization(CLI::App& command, train::TrainingArguments& a) {
  const auto add = [&](const char* names, auto& value, const char* help) {
    command.add_option(names, value, help)->group(kTraining)->capture_default_str();
  };
  add("--epochs,--num_train_epochs", a.num_train_epochs, "Passes over the training data");
  command.add_option("--max-steps,--max_steps", a.max_steps, "Optimizer steps in all; overrides --epochs")
      ->group(kTraining);
  add("--batch-size,--batch_size,--per_device_train_batch_size,--per_gpu_train_batch_size",
      a.train_batch_size, "Training examples per batch");
  add("--gradient-accumulation-steps,--gradient_accumulation_steps", a.gradient_accumulation_steps,
      "Batches per optimizer step; effective batch size = this × --batch-size");
  add("--eval-batch-size,--per_device_eval_batch_size,--per_gpu_eval_batch_size", a.eval_batch_size,
      "Examples per batch in evaluation");
  command
      .add_option(
          "--shards", a.shards,
          "Parts of a step, a power of two, which fix its sums for any number of processes (default: 1; "
          "of several processes 8, or more)")
      ->group(kTraining);
  command
      .add_flag(
          "--shard-optimizer,--shard_optimizer", a.shard_optimizer,
          "Divide the optimizer's state among several processes (ZeRO-1): less memory, the same results")
      ->group(kTraining);
  add_parsed_option(
      command, "--communication-dtype,--communication_dtype", a.communication_dtype,
      train::communication_dtype_from_string,
      "Gradients on their way between processes: float32, or bfloat16 (half the bytes; results then "
      "depend on the number of processes)")
      ->group(kTraining)
      ->default_str("float32");
  add("--optimizer,--optim", a.optimizer, ("Optimizer: " + names_of(optim::algorithms())).c_str());
  add("--learning-rate,--learning_rate,--lr", a.learning_rate, "Peak learning rate");
  add("--schedule,--lr-scheduler-type,--lr_scheduler_type", a.lr_scheduler_type,
      ("Learning-rate schedule: " + names_of(optim::schedules())).c_str());
  add("--warmup-ratio,--warmup_ratio", a.warmup_ratio, "Share of all steps in which the learning rate rises");
  add("--weight-decay,--weight_decay", a.weight_decay,
      "Weight decay; not applied to biases and LayerNorm (default: 0.01)");
  add("--max-grad-norm,--max_grad_norm", a.max_grad_norm, "Clip gradients to this norm (0: no clipping)");
  add("--label-smoothing,--label_smoothing_factor", a.label_smoothing_factor,
      "Share of each label that is spread over all classes, from 0 to below 1");
  add("--adam-beta1,--adam_beta1", a.adam_beta1, "Shorthand for beta1 in --optim-args");
  add("--adam-beta2,--adam_beta2", a.adam_beta2, "Shorthand for beta2 in --optim-args");
  add("--adam-epsilon,--adam_epsilon", a.adam_epsilon, "Shorthand for eps in --optim-args");
  add("--momentum", a.momentum, "Shorthand for momentum in --optim-args");
  add_parsed_option(command, "--precision,--mixed_precision", a.precision, precision_from_string,
                    "Data type of matrix multiplications: fp32, bf16, or auto (bf16 if faster on this CPU)")
      ->group(kTraining)
      ->default_str("auto");
  command.add_flag_callback("--bf16", [&a] { a.precision = Precision::bf16; })->group("");
  command.add_flag("--nesterov", a.nesterov, "Shorthand for nesterov=true in --optim-args")->group(kTraining);
  add("--seed", a.seed, "Seed of the row order, dropout and new weights");
  command
      .add_option("--data-seed,--data_seed", a.data_seed, "Seed of the row order (default: that of --seed)")
      ->group(kTraining);
  add("--metric-for-best-model,--metric_for_best_model", a.metric_for_best_model,
      "Metric that decides which weights are best (default: accuracy; multi-label: f1_micro; "
      "regression: mse; entities and answers: f1; pre-training: loss)");
  command
      .add_option("--eval-steps,--eval_steps", a.eval_steps,
                  "Evaluate every N steps (default: after each epoch)")
      ->group(kTraining);
  command
      .add_option("--early-stopping-patience,--early_stopping_patience", a.early_stopping_patience,
                  "Stop after N evaluations in a row without a gain (0: never)")
      ->group(kTraining);
  command
      .add_option("--early-stopping-threshold,--early_stopping_threshold", a.early_stopping_threshold,
                  "Smallest gain that counts")
      ->group(kTraining);
}

}  // namespace

void TrainOptions::add_to(CLI::App& command, const std::string& tasks) {
  command
      .add_option("--model,--model_name_or_path", run.model,
                  "Model folder, or its name on the Hugging Face Hub")
      ->required();
  command
      .add_option("--train,--train_file", run.files.train,
                  "File of labeled texts, tagged words or questions to train on")
      ->required();
  command.add_option("--validation,--validation_file", run.files.validation,
                     "File to choose the best epoch on");
  command.add_option("--test,--test_file", run.files.test, "File to test the finished model on");
  command
      .add_option("--output,--output_dir", run.arguments.output_dir,
                  "Folder to write the fine-tuned model to")
      ->required();
  add_data_options(command, run.files.data);
  add_labels_file_option(command, run.files.data, "--train");
  add_correction_options(command, run.files);
  command
      .add_option("--validation-labels-file,--validation_labels_file", run.files.validation_labels,
                  "Labels file for --validation")
      ->group("Data");
  command
      .add_option("--test-labels-file,--test_labels_file", run.files.test_labels, "Labels file for --test")
      ->group("Data");
  command
      .add_option("--validation-split", run.files.validation_split,
                  "Share of the training rows to hold out where --validation is not given (0: none; default: "
                  "a tenth, at "
                  "most 10,000 rows)")
      ->group("Data");
  command
      .add_option(
          "--folds", run.folds,
          "Cross-validation with N folds; each model is tested on the part of --train that it has not seen")
      ->group("Data");
  command
      .add_option("--fold-column,--fold_column", run.files.fold_column,
                  "Cross-validation with the folds that this column of --train names")
      ->group("Data");
  command.add_flag("--keep-folds", run.keep_folds, "Keep the models of cross-validation, in FOLDER/fold-...")
      ->group(kOutput);
  command
      .add_option("--seeds", run.seeds,
                  "Train N runs, which differ in the seed alone; the best on validation rows is the model")
      ->group(kTraining);
  add_parsed_option(command, "--keep", run.keep, kept_models,
                    "With --seeds: keep the best model, or all, each in FOLDER/seed-...")
      ->group(kOutput)
      ->default_str("best");
  command
      .add_option("--split-seed,--split_seed", split_seed,
                  "Seed of the rows that are held out or drawn (default: that of --seed)")
      ->group("Data");
  command
      .add_option("--max-prediction-rows,--max_prediction_rows", run.max_prediction_rows,
                  "Rows of each set in predictions.json and in the report (0: write none of them)")
      ->group(kOutput)
      ->capture_default_str();
  add_task_options(command, run.task, run.files.problem_type, tasks);
  add_parsed_option(
      command, "--method", run.method, method_from_string,
      "How texts with labels are learned: fine-tune, or for few rows frozen, contrastive, or auto, "
      "which compares them")
      ->group(kTraining)
      ->default_str("fine-tune");
  command.add_flag("--do_regression", regression)->group("");
  command.add_option("--config_name", config_name)->group("");
  command.add_option("--tokenizer_name", tokenizer_name)->group("");
  command
      .add_option(
          "--max-length,--max_length,--max_seq_length", run.files.max_length,
          "Tokens per text; longer texts are truncated (default: 128; question answering: 384, in windows)")
      ->group("Data");
  command
      .add_option("--max-train-rows,--max_train_samples", run.files.max_train_rows,
                  "Use only the first N rows")
      ->group("Data");
  command
      .add_flag("--shuffle-rows,--shuffle_rows", run.files.shuffle_rows,
                "Draw the rows of --max-train-rows at random from the whole file")
      ->group("Data");
  command
      .add_option("--max-eval-rows,--max-validation-rows,--max_eval_samples", run.files.max_validation_rows,
                  "Validate on at most N rows")
      ->group("Data");
  command.add_option("--max-test-rows,--max_predict_samples", run.files.max_test_rows)->group("");
  command
      .add_flag("--ignore-mismatched-sizes,--ignore_mismatched_sizes", run.ignore_mismatched_sizes,
                "Give the model a new head if the checkpoint's has a different number of labels")
      ->group(kTraining);
  command.add_option("--classifier-dropout", run.classifier_dropout, "Dropout before the classifier")
      ->group(kTraining);
  command
      .add_option(
          "--class-weights,--class_weights", run.arguments.class_weights,
          "Class weights in the loss: balanced, \"name=weight,...\", or one weight per label, in label order")
      ->group(kTraining);
  command
      .add_option("--focal-loss,--focal_loss_gamma", run.arguments.focal_loss_gamma,
                  "Focal loss with this gamma (typically 2; 0: off)")
      ->group(kTraining);
  add_long_text_options(command, run.files.long_text, "or auto, which compares them (default: truncate)");
  add_question_answering_options(command, run.files.question_answering);
  command
      .add_flag("--label-all-tokens,--label_all_tokens", run.files.label_all_tokens,
                "Label every piece of a word, not only the first")
      ->group("Token classification");
  command
      .add_option(
          "--pooling", run.files.sentence_embedding.pooling,
          "Pooling of token embeddings: mean, cls, max or mean_sqrt_len_tokens (default: that of the model's "
          "modules.json, or mean)")
      ->group("Sentence embeddings");
  command
      .add_option("--embedding-loss", run.files.sentence_embedding.loss,
                  "cosine-similarity or multiple-negatives-ranking (default: the first if pairs have scores, "
                  "else the "
                  "second)")
      ->group("Sentence embeddings");
  command
      .add_flag("--no-baselines", no_baselines,
                "Do not compare the test's result with simple methods, which takes seconds")
      ->group(kOutput);
  command
      .add_flag("--no-explanations", no_explanations,
                "Do not look for the words behind the worst mistakes, which takes seconds")
      ->group(kOutput);
  command
      .add_flag("--dry-run", dry_run,
                "Only show the plan: steps, memory, disk, and the time by a few steps; nothing is written")
      ->group(kOutput);
  add_run_to(command);
  fine_tuning.add_lora_to(command, run.arguments.fine_tuning);
  show_first(command, {"--text-column", "--label-column", "--task", "--max-length"});
}

void TrainOptions::add_run_to(CLI::App& command) {
  declared_on = &command;
  add_optimization(command, run.arguments);
  FineTuningOptions::add_to(command, run.arguments.fine_tuning);
  command
      .add_option("--warmup-steps,--warmup_steps", warmup_steps, "Warm-up steps; overrides --warmup-ratio")
      ->group(kTraining);
  command
      .add_option("--optim-args,--optim_args", optim_args,
                  "Options of the optimizer, such as amsgrad=true,eps=1e-6; see docs/optimizers.md")
      ->group(kTraining);
  command
      .add_option("--lr-scheduler-kwargs,--lr_scheduler_kwargs", lr_scheduler_kwargs,
                  "Options of the schedule, such as num_cycles=2, or a JSON object")
      ->group(kTraining);
  add_parsed_option(
      command, "--on-collapse,--on_collapse", run.arguments.on_collapse, train::on_collapse_from_string,
      "If training collapses: warn, stop, or retry with half the learning rate and another seed")
      ->group(kTraining)
      ->default_str("warn");
  command.add_option("--eval_strategy,--evaluation_strategy", eval_strategy)->group("");
  command.add_option("--hidden-dropout", run.hidden_dropout, "Overrides the model's hidden_dropout_prob")
      ->group(kTraining);
  command
      .add_option("--attention-dropout", run.attention_dropout,
                  "Overrides the model's attention_probs_dropout_prob")
      ->group(kTraining);
  hub.add_to(command);
  add_threads_option(command, threads);
  command
      .add_option("--save-every,--save_steps", run.arguments.save_steps,
                  "Also save a checkpoint every N steps (default: after each epoch only)")
      ->group(kOutput);
  command
      .add_option("--logging-steps,--logging_steps", run.arguments.logging_steps,
                  "Steps between rows of the log in trainer_state.json")
      ->group(kOutput);
  command
      .add_option("--report-to,--report_to", report_to,
                  "Also log to tensorboard, in OUTPUT/runs or $TENSORBOARD_LOGGING_DIR (default: none)")
      ->expected(0, CLI::detail::expected_max_vector_size)
      ->group(kOutput);
  add_parsed_option(command, "--save-dtype,--save_dtype", run.arguments.save_dtype, save_dtype_from_string,
                    "Data type of the finished model: float32, float16 or bfloat16")
      ->group(kOutput)
      ->default_str("float32");
  command.add_flag("--resume", run.arguments.resume, "Continue from the newest checkpoint in --output")
      ->group(kOutput);
  command
      .add_flag("--finish", run.arguments.finish,
                "End a stopped training where it stands, and keep its best model so far")
      ->group(kOutput);
  command.add_option("--resume_from_checkpoint", resume_from)->expected(0, 1)->group("");
  command
      .add_flag("--overwrite,--overwrite_output_dir", run.overwrite,
                "Start over in an --output that contains a model")
      ->group(kOutput);
  command
      .add_flag("--keep-checkpoints", run.arguments.keep_checkpoints,
                "Keep the newest and the best checkpoint after training")
      ->group(kOutput);
  command
      .add_flag("--profile", profile,
                "Measure some steps: time per operation and layer, and a trace in profile.json")
      ->group(kOutput);
  command.add_flag("--json", json, "Print the results as JSON and nothing else")->group(kOutput);
  screen.add_to(command);
  show_first(command, {"--epochs", "--batch-size", "--learning-rate", "--resume", "--overwrite"});
}

// The Trainer's: without eval_steps, "steps" takes the steps of logging, 500 unless they are given.
void TrainOptions::settle_evaluation() {
  if (!eval_strategy.empty() && eval_strategy != "steps") {
    if (eval_strategy != "epoch" && eval_strategy != "no") {
      throw UsageError(
          "eval_strategy",
          fmt::format("`eval_strategy` is \"{}\"; the choices are no, steps and epoch", eval_strategy));
    }
    if (eval_strategy == "no") {
      ignored.push_back(
          "`eval_strategy=no` has no effect: it evaluates after each epoch where there is a validation "
          "set");
    }
    if (run.arguments.eval_steps > 0)
      ignored.push_back(fmt::format("`eval_steps` has no effect with `eval_strategy={}`", eval_strategy));
    run.arguments.eval_steps = 0;
  } else if (eval_strategy == "steps" && run.arguments.eval_steps == 0) {
    run.arguments.eval_steps = run.arguments.logging_steps > 0 ? run.arguments.logging_steps : 500;
  }
}

void TrainOptions::find_model(const HubOptions& how) {
  const std::filesystem::path given = run.model;
  run.model = resolve_model(given.string(), how);
  run.base = is_adapter(run.model) ? base_of_adapter(run.model, how) : std::filesystem::path();
  to_repeat["model"] = given.string();
  to_repeat["revision"] = Json();
  if (run.model == given) return;
  const std::string name = given.string().substr(0, given.string().find('@')),
                    commit = run.model.filename().string();
  to_repeat["model"] = name + "@" + commit;
  if (std::optional<LoraConfig>& lora = run.arguments.fine_tuning.lora)
    lora->base_model_name_or_path = name, lora->revision = commit;
}

runs::TrainOptions TrainOptions::values() const {
  runs::TrainOptions values = run;
  values.settings_text = [command = declared_on, to_repeat = to_repeat](const Json& resolved) {
    Json settings = resolved;
    settings.update(to_repeat);
    return run_text(*command, settings);
  };
  return values;
}

// Transformers' spelling: a folder, or whether to continue from the newest. What is finished is resumed
// first.
void TrainOptions::settle_resume() {
  run.arguments.resume = run.arguments.resume || run.arguments.finish;
  if (!resume_from) return;
  const bool is_no = *resume_from == "False" || *resume_from == "false";
  const bool is_yes = resume_from->empty() || *resume_from == "True" || *resume_from == "true";
  run.arguments.resume = run.arguments.resume || !is_no;
  if (!is_no && !is_yes) run.arguments.resume_from_checkpoint = *resume_from;
}

void TrainOptions::require_names_of_model() const {
  for (const auto& [name, given] :
       {std::pair("config_name", &config_name), std::pair("tokenizer_name", &tokenizer_name)}) {
    if (given->empty() || *given == run.model) continue;
    throw UsageError(
        name, fmt::format("`{}` is {}, and `model` is {}: configuration and tokenizer are read from the "
                          "model's folder",
                          name, *given, run.model.string()));
  }
}

void TrainOptions::settle() {
  for (const std::string& other : report_to) {
    if (other != "tensorboard" && other != "none" && other != "all" && !other.empty() && other != "[]")
      ignored.push_back(
          fmt::format("`report_to` has no effect with {}: it reports to tensorboard alone", other));
  }
  require_names_of_model();
  settle_resume();
  run.arguments.optim_args = optim::parse_options(optim_args, "optim_args");
  run.arguments.lr_scheduler_kwargs = optim::parse_options(lr_scheduler_kwargs, "lr_scheduler_kwargs");
  if (warmup_steps && *warmup_steps >= 0 && *warmup_steps < 1) {
    if (*warmup_steps > 0 || declared_on->count("--warmup-ratio") == 0)
      run.arguments.warmup_ratio = *warmup_steps;
  } else if (warmup_steps) {
    run.arguments.warmup_steps = static_cast<std::int64_t>(std::llround(*warmup_steps));
  }
  settle_evaluation();
  if (regression) run.files.problem_type = "regression";
  run.files.seed = split_seed.value_or(run.arguments.seed);
  run.files.own_seed = run.files.seed != run.arguments.seed;
  run.files.checks_data = !hides_notes();
  fine_tuning.settle(run.arguments.fine_tuning);
  runs::validate(run);
  for (std::string& note : train::options_without_effect(run.arguments)) ignored.push_back(std::move(note));
}

}  // namespace bertune::options
