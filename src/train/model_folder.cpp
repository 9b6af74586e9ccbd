#include "train/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/save_dtype.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "tasks/trained_settings.h"
#include "train/temperature.h"

namespace bertune::train {
namespace {

constexpr std::int64_t kLeastTokens = 3, kMostTokens = 512;

}  // namespace

Json read_settings(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::path path = directory / kSettingsFile;
  if (!std::filesystem::exists(path, error)) return Json::object();
  Json settings = parse_json(read_file(path, 1 << 20), path.string());
  return settings.is_object() ? settings : Json::object();
}

std::optional<Architecture> architecture_of(const BertConfig& config) {
  const Json source = parse_json(config.source_json, "config.json");
  const auto names = source.find("architectures");
  if (names == source.end() || !names->is_array()) return std::nullopt;
  for (const Json& name : *names) {
    if (!name.is_string()) continue;
    try {
      return architecture_from_string(name.get<std::string>());
    } catch (const Error&) {  // a class that has no head here: a base to train on
    }
  }
  return std::nullopt;
}

// An adapter without a config.json of its own says in PEFT's words what head it is for.
std::optional<Architecture> architecture_in(const std::filesystem::path& directory,
                                            const std::filesystem::path& base) {
  const std::filesystem::path folder = config_folder(directory, base);
  if (folder == directory) {
    const std::optional<Architecture> named = architecture_of(BertConfig::from_pretrained(directory));
    // An encoder alone is a base to train on, unless it is said how embeddings are made.
    const bool is_base = named == Architecture::sentence_embedding &&
                         !SentenceEmbeddingConfig::from_pretrained(directory, base);
    return is_base ? std::nullopt : named;
  }
  const std::string task = lora_config_from_pretrained(directory).task_type;
  if (task == "TOKEN_CLS") return Architecture::token_classification;
  if (task == "QUESTION_ANS") return Architecture::question_answering;
  if (task == "FEATURE_EXTRACTION") return Architecture::sentence_embedding;
  return Architecture::sequence_classification;
}

ModelFolder ModelFolder::open(const std::filesystem::path& directory, std::optional<std::int64_t> max_length,
                              const std::filesystem::path& base) {
  finish_folder(directory);
  const Architecture architecture =
      architecture_in(directory, base).value_or(Architecture::sequence_classification);
  return open(directory, max_length, architecture,
              fmt::format("fine-tune it first with `train(model={})`", directory.string()), base);
}

namespace {

// The sentence-transformers package takes its own file's length, or else the tokenizer's.
std::int64_t usual_max_length(const BertConfig& config, const BertTokenizer& tokenizer,
                              Architecture architecture) {
  if (architecture != Architecture::sentence_embedding) return std::min(kMostTokens, config.max_length());
  const std::int64_t most = config.max_length();
  const std::int64_t wanted =
      config.sentence_embedding.max_seq_length.value_or(tokenizer.config().model_max_length.value_or(most));
  return std::clamp(wanted, kLeastTokens, most);
}

// Returns whether a temperature is of this head: a folder may be opened with another one than was calibrated.
bool makes_classes(Architecture architecture) {
  return architecture == Architecture::sequence_classification ||
         architecture == Architecture::token_classification || architecture == Architecture::multiple_choice;
}

}  // namespace

namespace {

std::vector<std::string> float32_parts(const Json& settings) {
  const Json int8 = settings.value(tasks::keys::kInt8, Json::object());
  const Json parts = int8.is_object() ? int8.value(tasks::keys::kFloat32Parts, Json::array()) : Json::array();
  std::vector<std::string> names;
  for (const Json& part : parts.is_array() ? parts : Json::array()) {
    if (part.is_string()) names.push_back(part.get<std::string>());
  }
  return names;
}

}  // namespace

ModelFolder ModelFolder::open(const std::filesystem::path& directory, std::optional<std::int64_t> max_length,
                              Architecture architecture, std::string_view how,
                              const std::filesystem::path& base) {
  BertTokenizer tokenizer = BertTokenizer::from_pretrained(tokenizer_folder(directory, base));
  BertPreTrainedModel model = BertPreTrainedModel::from_pretrained(directory, architecture, {.base = base});
  const BertConfig& config = model.config();
  tokenizer.fit_to(config.vocab_size, config.type_vocab_size);
  if (!model.load_report().newly_initialized.empty()) {
    throw Error(fmt::format("{}: has no trained head ({} is missing); {}", directory.string(),
                            model.load_report().newly_initialized.front(), how));
  }
  Json settings = read_settings(directory);
  try {
    model.set_float32_parts(float32_parts(settings));
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", (directory / kSettingsFile).string(), error.what()));
  }
  const std::int64_t length = max_length.value_or(
      tasks::setting(settings, tasks::keys::kMaxLength, usual_max_length(config, tokenizer, architecture)));
  tasks::require_max_length(length, config);
  const double temperature = makes_classes(architecture) ? tasks::temperature_of(settings) : 1;
  if (temperature != 1) {
    divide_logits(model, temperature);
    settings[tasks::keys::kCalibration]["folded"] = true;
  }
  return {std::move(tokenizer), std::move(model), length, std::move(settings), temperature};
}

std::uint64_t saved_bytes(const BertPreTrainedModel& model) {
  const Parameters& parameters = model.parameters();
  return sizeof(float) * (model.lora() != nullptr ? parameters.trainable_count() : parameters.count());
}

void save_settings(const std::filesystem::path& directory, const Json& settings) {
  write_file_atomically(directory / kSettingsFile, dump_json(settings));
}

namespace {

// A model and an adapter do not share a folder: what was there would be taken for the new one.
void remove_other_weights(const std::filesystem::path& directory, const BertPreTrainedModel& model) {
  const bool adapter = model.lora() != nullptr;
  for (const char* file : adapter ? kWeightFiles : kAdapterFiles) writing::unlink(directory / file);
}

}  // namespace

void save_model_folder(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                       const BertTokenizer& tokenizer, const Json& settings, SaveDtype dtype) {
  AtomicDirectory folder(directory);
  model.save_weights(folder.path(), dtype);
  save_tokenizer(folder.path(), tokenizer, model.config());
  save_settings(folder.path(), settings);
  folder.commit();
  remove_other_weights(directory, model);
}

void merge_model_folder(const std::filesystem::path& from, const std::filesystem::path& to, SaveDtype dtype,
                        const std::filesystem::path& base) {
  if (!is_adapter(from))
    throw UsageError("merge", fmt::format("{}: holds no adapter to merge", from.string()));
  ModelFolder folder = ModelFolder::open(from, std::nullopt, base);
  folder.model.merge_lora();
  save_model_folder(to, folder.model, folder.tokenizer, folder.settings, dtype);
}

namespace {

// Copies the files as they are: they say how embeddings are made, whatever the numbers are.
void copy_sentence_embedding_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* name : kSentenceFiles) {
    if (!path_exists(from / name)) continue;
    writing::make_folders((to / name).parent_path());
    write_file_atomically(to / name, read_file(from / name, 1 << 20));
  }
}

}  // namespace

void convert_model_folder(const std::filesystem::path& from, const std::filesystem::path& to, SaveDtype dtype,
                          const Json& more_settings) {
  if (is_adapter(from))
    throw UsageError(
        "merge", fmt::format("{}: is an adapter; `merge` makes a model of it and its base", from.string()));
  finish_folder(from);
  const BertConfig config = BertConfig::from_pretrained(from);
  const BertTokenizer tokenizer = BertTokenizer::from_pretrained(from);
  const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(from, config.model_type);
  std::vector<std::vector<float>> values;
  std::vector<checkpoint::TensorView> tensors;
  for (const checkpoint::TensorEntry& entry : weights.tensors()) {
    values.emplace_back(entry.elements);
    weights.read_f32(entry, values.back());
    tensors.push_back(checkpoint::f32_view(entry.name, entry.shape, values.back()));
  }
  Json json = parse_json(config.source_json, "config.json");
  json.erase("torch_dtype");
  json["dtype"] = to_string(dtype);
  AtomicDirectory folder(to);
  checkpoint::write_weights(folder.path() / "model.safetensors", std::move(tensors), dtype);
  write_file_atomically(folder.path() / "config.json", dump_json(json));
  save_tokenizer(folder.path(), tokenizer, config);
  Json settings = read_settings(from);
  settings.update(more_settings);
  if (!settings.empty()) save_settings(folder.path(), settings);
  copy_sentence_embedding_files(from, folder.path());
  folder.commit();
}

}  // namespace bertune::train
