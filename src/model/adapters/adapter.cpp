#include "model/adapters/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/names.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/save_dtype.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"
#include "kernels/host_access.h"
#include "model/adapters/lora.h"
#include "model/weights.h"

namespace bertune {
namespace {

namespace fs = std::filesystem;
constexpr const char *kConfigFile = "adapter_config.json", *kWeightsFile = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";

// Keys of adapter_config.json that change what is computed, and the one value each may have here.
const std::vector<std::pair<const char*, Json>> kRequired = {{"bias", "none"},      {"fan_in_fan_out", false},
                                                             {"lora_bias", false},  {"use_dora", false},
                                                             {"use_qalora", false}, {"use_bdlora", false}};
// Keys that must be empty.
constexpr const char* kUnset[] = {"alora_invocation_tokens",
                                  "alpha_pattern",
                                  "arrow_config",
                                  "layer_replication",
                                  "loftq_config",
                                  "megatron_config",
                                  "rank_pattern",
                                  "target_parameters",
                                  "trainable_token_indices",
                                  "velora_config",
                                  "monteclora_config"};

void require_plain(const Json& json, const std::string& where) {
  const std::string type = json.value("peft_type", Json("none")).dump();
  if (type != "\"LORA\"")
    throw Error(fmt::format("{}: peft_type is {}; of PEFT's adapters, Bertune computes LORA", where, type));
  const auto refuse = [&](const char* key, const Json& value, const std::string& wanted) {
    throw Error(
        fmt::format("{}: {} is {}; Bertune computes plain LoRA, with {}", where, key, value.dump(), wanted));
  };
  for (const auto& [key, value] : kRequired) {
    const auto found = json.find(key);
    if (found != json.end() && !found->is_null() && *found != value) refuse(key, *found, value.dump());
  }
  for (const char* key : kUnset) {
    const auto found = json.find(key);
    if (found != json.end() && !found->empty()) refuse(key, *found, "none");
  }
}

std::vector<std::string> names(const Json& json, const char* key) {
  std::vector<std::string> list;
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return list;
  if (found->is_string()) return {found->get<std::string>()};
  for (const Json& name : *found) list.push_back(name.get<std::string>());
  return list;
}

}  // namespace

bool is_adapter(const fs::path& directory) { return path_exists(directory / kConfigFile); }

LoraConfig lora_config_from_pretrained(const fs::path& directory) {
  const std::string where = (directory / kConfigFile).string();
  const Json json = parse_json(read_file(directory / kConfigFile, 1 << 20), where);
  if (!json.is_object()) throw Error(fmt::format("{}: holds no object", where));
  require_plain(json, where);
  LoraConfig config;
  try {
    config.r = json.at("r").get<std::int64_t>();
    config.lora_alpha = json.at("lora_alpha").get<double>();
    config.use_rslora = json.value("use_rslora", false);
    config.target_modules = names(json, "target_modules");
    config.modules_to_save = names(json, "modules_to_save");
    config.lora_dropout = json.value("lora_dropout", 0.0);
    const auto text = [&](const char* key) {
      const Json value = json.value(key, Json());
      return value.is_null() ? std::string() : value.get<std::string>();
    };
    config.task_type = text("task_type");
    config.base_model_name_or_path = text("base_model_name_or_path");
    config.revision = text("revision");
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: is damaged, or no LoRA configuration ({})", where, message_of(error)));
  }
  if (config.r < 1 || !(config.lora_alpha > 0))
    throw Error(fmt::format("{}: r is {} and lora_alpha {}; both must be above 0", where, config.r,
                            config.lora_alpha));
  return config;
}

fs::path base_of_adapter(const fs::path& directory, const HubOptions& hub) {
  const LoraConfig config = lora_config_from_pretrained(directory);
  const std::string& base = config.base_model_name_or_path;
  const auto is_model = [](const fs::path& path) {
    return path_exists(path / "config.json") && !is_adapter(path);
  };
  std::string why = "no model is in such a folder";
  if (!base.empty()) {
    for (const fs::path& path : {fs::path(base), directory / base})
      if (is_model(path)) return path;
    try {
      HubOptions options = hub;
      options.revision = config.revision;
      if (const fs::path path = resolve_model(base, options); is_model(path)) return path;
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  throw Error(
      fmt::format("{}: base_model_name_or_path is \"{}\": {}; an adapter works with the model that it was "
                  "trained on: put that there, or write its folder, or its name on the hub, into the file",
                  (directory / kConfigFile).string(), base, why));
}

fs::path config_folder(const fs::path& directory, const fs::path& base) {
  if (!is_adapter(directory) || path_exists(directory / "config.json")) return directory;
  return model::base_of_adapter_or(base, directory);
}

fs::path tokenizer_folder(const fs::path& directory, const fs::path& base) {
  const bool has_own = path_exists(directory / "tokenizer.json") || path_exists(directory / "vocab.txt");
  if (!is_adapter(directory) || has_own) return directory;
  return model::base_of_adapter_or(base, directory);
}

namespace model {

fs::path base_of_adapter_or(const fs::path& given, const fs::path& directory) {
  return given.empty() ? base_of_adapter(directory) : given;
}

namespace {

checkpoint::SafetensorsFile open_weights(const fs::path& directory) {
  if (!path_exists(directory / kWeightsFile)) {
    throw Error(
        fmt::format("{}: has no {}; an adapter_model.bin becomes one with PEFT's "
                    "save_pretrained(folder, safe_serialization=True)",
                    directory.string(), kWeightsFile));
  }
  return checkpoint::SafetensorsFile(directory / kWeightsFile);
}

// A tensor's name in the model: "base_model.model.classifier.weight" is "classifier.weight".
std::string own_name(std::string_view stored) {
  if (stored.starts_with(kPrefix)) stored.remove_prefix(kPrefix.size());
  return checkpoint::canonical_name(stored).name;
}

std::string_view task_type(Architecture architecture) {
  switch (architecture) {
    case Architecture::sequence_classification:
      return "SEQ_CLS";
    case Architecture::token_classification:
      return "TOKEN_CLS";
    case Architecture::question_answering:
      return "QUESTION_ANS";
    case Architecture::sentence_embedding:
      return "FEATURE_EXTRACTION";
    default:  // PEFT has no name for it
      return "";
  }
}

}  // namespace

LoraConfig adapter_to_load(const fs::path& directory, const LoadOptions& options) {
  LoraConfig config = lora_config_from_pretrained(directory);
  if (options.lora && (options.lora->r != config.r || options.lora->scale() != config.scale())) {
    throw UsageError(
        "lora",
        fmt::format("{}: is an adapter of rank {} and alpha {}; it is trained further as it is, without "
                    "`lora`, or merged first (`convert(merge)`)",
                    directory.string(), config.r, config.lora_alpha));
  }
  const checkpoint::SafetensorsFile file = open_weights(directory);
  std::vector<std::string> modules;
  for (const checkpoint::StoredTensor& tensor : file.tensors()) {
    const std::string name = own_name(tensor.name);
    if (name.ends_with(kLoraA))
      modules.push_back(name.substr(0, name.size() - std::string_view(kLoraA).size()));
  }
  if (modules.empty())
    throw Error(fmt::format("{}: holds no lora_A matrix", (directory / kWeightsFile).string()));
  config.target_modules = std::move(modules);
  return config;
}

std::optional<std::int64_t> labels_of_adapter(const fs::path& directory) {
  const checkpoint::SafetensorsFile file = open_weights(directory);
  for (const checkpoint::StoredTensor& tensor : file.tensors()) {
    const std::string name = own_name(tensor.name);  // RoBERTa's and ELECTRA's classifiers end with out_proj
    const bool is_output = name == "classifier.weight" || name == "classifier.out_proj.weight";
    if (is_output && tensor.shape.size() == 2) return tensor.shape.front();
  }
  return std::nullopt;
}

void load_adapter(const fs::path& directory, const LoadOptions& options, Parameters& parameters,
                  LoadReport& report) {
  const checkpoint::SafetensorsFile file = open_weights(directory);
  const std::string where = (directory / kWeightsFile).string();
  std::vector<std::string> loaded;
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const checkpoint::StoredTensor& tensor = file.tensors()[i];
    const std::string name = own_name(tensor.name);
    const Parameter* parameter = parameters.find(name);
    if (parameter == nullptr) {
      report.unexpected.push_back(tensor.name);
    } else if (tensor.shape == parameter->shape) {
      kernels::write_on_host(parameters.value(name),
                             [&](std::span<float> values) { file.read_f32(i, values); });
      loaded.push_back(name);
    } else if (is_low_rank(name) || !options.ignore_mismatched_sizes) {
      throw Error(fmt::format("{}: {} has shape {} in the adapter and {} in the model", where, name,
                              checkpoint::shape_text(tensor.shape),
                              checkpoint::shape_text(parameter->shape)));
    } else {
      report.mismatched.push_back(name);
    }
  }
  for (const std::string& name : loaded)
    std::erase(report.newly_initialized, name), std::erase(report.mismatched, name);
  report.loaded += static_cast<std::int64_t>(loaded.size());
  for (const Parameter& parameter : parameters.layout()) {
    if (is_low_rank(parameter.name) && std::ranges::find(loaded, parameter.name) == loaded.end())
      throw Error(fmt::format("{}: has no {}", where, parameter.name));
  }
}

void save_adapter(const fs::path& directory, const BertPreTrainedModel& model, SaveDtype dtype) {
  const LoraConfig& lora = *model.lora();
  std::vector<checkpoint::TensorView> tensors;
  std::deque<kernels::HostView<float>> views;
  for (const Parameter& parameter : model.parameters().layout()) {
    if (!parameter.trainable && !is_low_rank(parameter.name)) continue;
    tensors.push_back(
        checkpoint::f32_view(std::string(kPrefix) + parameter.name, parameter.shape,
                             views.emplace_back().see(model.parameters().value(parameter.name))));
  }
  checkpoint::write_weights(directory / kWeightsFile, std::move(tensors), dtype);
  const std::string_view task = task_type(model.architecture());
  const bool whole = lora.lora_alpha == std::floor(lora.lora_alpha) && lora.lora_alpha < 1e9;
  Json json = {
      {"alpha_pattern", Json::object()},
      {"base_model_name_or_path", lora.base_model_name_or_path},
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"inference_mode", true},
      {"init_lora_weights", true},
      {"lora_alpha", whole ? Json(static_cast<std::int64_t>(lora.lora_alpha)) : Json(lora.lora_alpha)},
      {"lora_dropout", 0.0},
      {"modules_to_save", lora.modules_to_save},
      {"peft_type", "LORA"},
      {"r", lora.r},
      {"rank_pattern", Json::object()},
      {"target_modules", lora.target_modules},
      {"task_type", task.empty() ? Json() : Json(task)},
      {"use_dora", false},
      {"use_rslora", lora.use_rslora}};
  if (!lora.revision.empty()) json["revision"] = lora.revision;
  write_file_atomically(directory / kConfigFile, dump_json(json));
}

}  // namespace model
}  // namespace bertune
