// What a run leaves, and what it goes on from.
#include <fstream>
#include <utility>

#include "bertune/error.h"
#include "bertune/hub.h"
#include "bertune/lora.h"
#include "bertune/predictor.h"
#include "fuzz/target.h"
#include "support/tiny_checkpoint.h"
#include "train/arguments.h"
#include "train/checkpoints.h"
#include "train/manifest.h"
#include "train/model_folder.h"

namespace bertune::fuzz {
namespace {

BertTokenizer small_tokenizer() {
  return BertTokenizer::from_tokens(
      {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "was", "good"});
}

BertConfig smallest_config() {
  BertConfig config = testing::tiny_config();
  config.hidden_size = config.intermediate_size = 4;
  config.num_attention_heads = 2;
  config.num_hidden_layers = 1;
  return config;
}

BertPreTrainedModel small_model(Architecture architecture = Architecture::sequence_classification) {
  return BertPreTrainedModel::from_config(smallest_config(), architecture);
}

// A run with one checkpoint, whose state is fuzzed; its manifest is that of whatever lies there.
struct Run {
  BertPreTrainedModel model = small_model();
  train::TrainingArguments arguments;
  std::unique_ptr<optim::Optimizer> optimizer;
  train::RunIdentity identity;
  std::filesystem::path output = folder().path() / "run";

  Run() {
    arguments.output_dir = output;
    arguments.metric_for_best_model = "accuracy";
    arguments.precision = Precision::fp32;
    optimizer = train::make_optimizer(arguments, model.parameters());
    identity = {{{"total_steps", 9},
                 {"eval_steps", 0},
                 {"max_steps", -1},
                 {"num_train_epochs", 3.0},
                 {"train_batch_size", 8},
                 {"early_stopping_patience", 0},
                 {"early_stopping_threshold", 0.0}},
                "data",
                "base"};
    train::RunState state;
    state.global_step = state.best_step = 3;
    state.best_metric = 0.5;
    std::filesystem::create_directories(output);
    train::save_checkpoint(output, model, small_tokenizer(), *optimizer, state, identity,
                           {.steps_per_epoch = 3, .total_steps = 9, .warmup_steps = 0});
    folder().write("run/model.safetensors", "");
  }
};

Run& run() {
  static Run run;
  return run;
}

const Target kState("run_state", [](std::string_view bytes) {
  Run& it = run();
  const std::filesystem::path checkpoint = train::checkpoint_path(it.output, 3);
  folder().write("run/trainer_state.json", bytes);
  train::is_finished(it.output, it.identity);
  folder().write("run/checkpoint-3/trainer_state.json", bytes);
  std::filesystem::remove(checkpoint / "manifest.json");
  train::write_manifest(checkpoint);
  train::newest_whole_checkpoint(it.output);
  const train::RunState state = train::load_checkpoint(checkpoint, it.model, *it.optimizer, it.identity);
  require(state.global_step >= 0 && state.global_step <= 9, "a step of the run");
  require(state.best_step >= 0 && state.evaluated_step >= 0 && state.tokens >= 0, "counts");
});

const Target kManifest("manifest", [](std::string_view bytes) {
  folder().write("manifest/weights.bin", "0123");
  folder().write("manifest/manifest.json", bytes);
  const std::string damage = train::damage_of(folder().path() / "manifest");
  if (!damage.empty()) throw Error(damage);
});

// bertune.json of a model that predicts, by its head.
const Target kSettings("settings", [](std::string_view bytes) {
  struct Kind {
    const char* name;
    Architecture architecture;
  };
  static constexpr Kind kKinds[] = {{"classes", Architecture::sequence_classification},
                                    {"tags", Architecture::token_classification},
                                    {"answers", Architecture::question_answering},
                                    {"choices", Architecture::multiple_choice}};
  static const bool made = [] {
    for (const Kind& kind : kKinds) {
      train::save_model_folder(folder().path() / kind.name, small_model(kind.architecture), small_tokenizer(),
                               Json::object(), SaveDtype::float32);
    }
    return true;
  }();
  require(made, "folders of models");
  const Kind& kind = kKinds[take_choice(bytes) % std::size(kKinds)];
  folder().write(std::string(kind.name) + "/bertune.json", bytes);
  const Predictor predictor(folder().path() / kind.name);
  predictor.predict({.text = "the film was good",
                     .question = "what was good?",
                     .context = "the film was good",
                     .choices = {"film", "food"}});
});

// adapter_config.json beside matrices of rank 2, on a base.
const Target kAdapter("adapter", [](std::string_view bytes) {
  static const bool made = [] {
    testing::write_tiny_checkpoint(folder().path() / "adapter/base", smallest_config());
    LoadOptions options;
    options.lora = LoraConfig{.r = 2};
    const BertPreTrainedModel model = BertPreTrainedModel::from_pretrained(
        folder().path() / "adapter/base", Architecture::sequence_classification, options);
    model.save_weights(folder().path() / "adapter");
    return true;
  }();
  require(made, "an adapter");
  const std::filesystem::path adapter = folder().path() / "adapter";
  folder().write("adapter/adapter_config.json", bytes);
  lora_config_from_pretrained(adapter);
  std::string message;
  try {
    base_of_adapter(adapter, {.cache_dir = folder().path() / "none", .offline = true});
  } catch (const Error& error) {
    message = error.what();
  }
  BertPreTrainedModel::from_pretrained(adapter, Architecture::sequence_classification,
                                       {.base = folder().path() / "adapter/base"});
  if (!message.empty()) throw Error(message);
});

}  // namespace
}  // namespace bertune::fuzz
