#include "bertune/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "bertune/error.h"
#include "checkpoint/config_reader.h"
#include "checkpoint/family.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"
#include "core/names.h"
#include "core/nearest.h"

namespace bertune {
namespace {

using checkpoint::ConfigKeys;
using checkpoint::ConfigReader;
using checkpoint::family_of;
using checkpoint::in_quotes;

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{64} << 20;
constexpr std::array<std::string_view, 10> kActivations = {
    "gelu",  "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "quick_gelu", "relu", "silu",
    "swish", "tanh"};
constexpr Names kProblemTypes(std::to_array<Named<ProblemType>>(
    {{ProblemType::regression, "regression"},
     {ProblemType::single_label_classification, "single_label_classification"},
     {ProblemType::multi_label_classification, "multi_label_classification"}}));

// Configurations without a model_type are old ones of BERT.
ModelType read_model_type(const ConfigReader& reader, const std::string& where) {
  if (const Json* type = reader.find("model_type")) {
    if (!type->is_string()) reader.fail("model_type", *type, "a text, such as \"bert\"");
    try {
      return model_type_from_string(type->get_ref<const std::string&>());
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", where, error.what()));
    }
  }
  for (const char* key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"}) {
    if (reader.find(key) == nullptr) {
      throw Error(
          fmt::format("{}: is no BERT configuration: it has neither \"model_type\": \"bert\" nor the key "
                      "\"{}\"; choose a folder "
                      "that Transformers' BERT models load",
                      where, key));
    }
  }
  return ModelType::bert;
}

void refuse_unsupported(const ConfigReader& reader, const std::string& where) {
  constexpr std::array<std::string_view, 1> kAbsolute = {"absolute"};
  reader.read_choice("position_embedding_type", kAbsolute);
  reader.refuse_true("is_decoder", "Bertune runs BERT as an encoder; decoders are not supported");
  reader.refuse_true("add_cross_attention",
                     "Bertune runs BERT as an encoder; cross-attention is not supported");
  const Json* pruned = reader.find("pruned_heads");
  if (pruned != nullptr && !pruned->empty()) {
    throw Error(fmt::format(
        "{}: \"pruned_heads\" is not empty; checkpoints with pruned heads are not supported", where));
  }
}

// Reads how the first token becomes the features of ELECTRA's multiple choice; only the form that its
// checkpoints have is supported.
void read_summary(const ConfigReader& reader, BertConfig& config) {
  constexpr std::array<std::string_view, 1> kFirst = {"first"};
  reader.read_choice("summary_type", kFirst);
  config.summary_activation =
      reader.read_choice("summary_activation", kActivations).value_or(config.summary_activation);
  reader.read_probability("summary_last_dropout", config.summary_last_dropout);
  const auto require = [&](const char* key, const Json& only) {
    const Json* value = reader.find(key);
    if (value != nullptr && *value != only) reader.fail(key, *value, only.dump());
  };
  require("summary_use_proj", true);
  require("summary_first_dropout", 0);
  if (reader.is_null("summary_activation"))
    reader.fail("summary_activation", Json(), fmt::format("one of {}", fmt::join(kActivations, ", ")));
}

// RoBERTa's positions begin behind the row of padding, which must be there and leave room for tokens.
void check_positions(const BertConfig& config, const std::string& where) {
  if (!family_of(config).positions_after_padding) return;
  if (config.pad_token_id == kNoPadToken) {
    throw Error(
        fmt::format("{}: \"pad_token_id\" is null, but positions of model_type {} are counted from it", where,
                    in_quotes(to_string(config.model_type))));
  }
  if (config.max_length() < 1) {
    throw Error(
        fmt::format("{}: \"max_position_embeddings\" is {}, but the first token's position is {} "
                    "(\"pad_token_id\" + 1): there is room for none",
                    where, config.max_position_embeddings, config.first_position()));
  }
}

void check_together(const BertConfig& config, const std::string& where) {
  const ConfigKeys& keys = family_of(config).keys;
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(fmt::format("{}: \"{}\" is {}, which does not divide \"{}\" {}", where,
                            keys.num_attention_heads, config.num_attention_heads, keys.hidden_size,
                            config.hidden_size));
  }
  check_positions(config, where);
  if (config.pad_token_id >= config.vocab_size) {
    throw Error(
        fmt::format("{}: \"pad_token_id\" is {}, outside of the vocabulary of {} tokens (\"vocab_size\")",
                    where, config.pad_token_id, config.vocab_size));
  }
  if (config.problem_type == ProblemType::single_label_classification && config.num_labels() == 1) {
    throw Error(fmt::format(
        "{}: \"problem_type\" is \"single_label_classification\" but there is one label only; use "
        "two labels, or \"regression\" for a single number",
        where));
  }
}

// The shortest decimal that reads back as the same f32: 0.1 and not 0.10000000149011612.
double shortest(float value) { return std::stod(fmt::format("{}", value)); }

template <typename Value>
void set_default(Json& json, const char* key, Value value) {
  if (!json.contains(key)) json[key] = value;
}

// The folder checkpoint-N with the largest N; empty where there is none.
fs::path newest_checkpoint(const fs::path& directory) {
  constexpr std::string_view kPrefix = "checkpoint-";
  std::int64_t most = -1;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    std::int64_t step = -1;
    if (name.starts_with(kPrefix))
      std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
    most = std::max(most, step);
  }
  return most < 0 ? fs::path() : directory / fmt::format("{}{}", kPrefix, most);
}

std::string missing_config_message(const fs::path& directory) {
  const auto has = [&](const char* name) { return path_exists(directory / name); };
  if (!path_exists(directory)) {
    return fmt::format("{}: no such folder; give the folder of a model", directory.string());
  }
  if (!fs::is_directory(directory)) {
    return fmt::format("{}: is a file; give the folder that holds config.json and the weights",
                       directory.string());
  }
  std::string message = fmt::format("{}: has no config.json", directory.string());
  if (has("adapter_config.json")) return message + ". " + std::string(checkpoint::kMergeAdapter);
  if (has("bert_config.json")) return message + ". " + std::string(checkpoint::kConvertGoogle);
  if (const fs::path newest = newest_checkpoint(directory); !newest.empty()) {
    return fmt::format(
        "{}, for the training that writes it has not finished; run the same command with `train(resume)`, or "
        "use {}",
        message, newest.string());
  }
  return message + "; give a folder that Transformers' save_pretrained wrote or that came from the hub";
}

}  // namespace

std::string_view to_string(ProblemType type) { return kProblemTypes.of(type); }

ProblemType problem_type_from_string(std::string_view name) {
  if (const auto type = kProblemTypes.find(name)) return *type;
  throw Error(
      fmt::format("problem type {}: unknown; choose one of {}", in_quotes(name), kProblemTypes.choices()));
}

BertConfig BertConfig::from_pretrained(const std::filesystem::path& directory) {
  const fs::path path = directory / "config.json";
  if (!path_exists(path)) throw Error(missing_config_message(directory));
  return from_json(read_file(path, kMaxConfigBytes), path.string());
}

std::string_view to_string(ModelType type) { return family_of(type).name; }

ModelType model_type_from_string(std::string_view name) {
  if (const auto type = checkpoint::find_model_type(name)) return *type;
  const std::vector<std::string> known = checkpoint::model_types();
  const std::string_view meant = nearest(name, known);
  throw Error(fmt::format("\"model_type\" {} is an architecture that Bertune cannot run; supported: {}{}",
                          in_quotes(name), fmt::join(known, ", "),
                          meant.empty() ? "" : fmt::format(" (if \"{}\" was meant, correct it)", meant)));
}

BertConfig BertConfig::of(ModelType type) {
  BertConfig config = family_of(type).defaults();
  config.model_type = type;
  return config;
}

std::int64_t BertConfig::first_position() const {
  return family_of(*this).positions_after_padding ? pad_token_id + 1 : 0;
}

BertConfig BertConfig::from_json(std::string_view json, const std::string& where) {
  const Json object = checkpoint::parse_json_object(json, where, {.depth = 64, .duplicate_names = true});
  const ConfigReader reader(object, where);
  BertConfig config = of(read_model_type(reader, where));
  const ConfigKeys& keys = family_of(config).keys;
  refuse_unsupported(reader, where);
  reader.read("vocab_size", config.vocab_size, 1, 10'000'000);
  reader.read(keys.hidden_size, config.hidden_size, 1, 65'536);
  reader.read(keys.num_hidden_layers, config.num_hidden_layers, 1, 1024);
  reader.read(keys.num_attention_heads, config.num_attention_heads, 1, 65'536);
  reader.read(keys.intermediate_size, config.intermediate_size, 1, 1'048'576);
  reader.read("max_position_embeddings", config.max_position_embeddings, 1, 1'048'576);
  reader.read(keys.type_vocab_size, config.type_vocab_size, 1, 65'536);
  if (keys.embedding_size != nullptr)
    reader.read(keys.embedding_size, config.embedding_size.emplace(config.embedding_width()), 1, 65'536);
  reader.read("pad_token_id", config.pad_token_id, 0, config.vocab_size - 1);
  if (reader.is_null("pad_token_id")) config.pad_token_id = kNoPadToken;
  config.hidden_act = reader.read_choice(keys.hidden_act, kActivations).value_or(config.hidden_act);
  reader.read_probability(keys.hidden_dropout_prob, config.hidden_dropout_prob);
  reader.read_probability(keys.attention_probs_dropout_prob, config.attention_probs_dropout_prob);
  if (reader.find(keys.classifier_dropout) != nullptr) {
    reader.read_probability(keys.classifier_dropout, config.classifier_dropout.emplace());
  }
  reader.read_probability(keys.qa_dropout, config.qa_dropout);
  if (keys.summary) read_summary(reader, config);
  reader.read_flag(keys.sinusoidal_pos_embds, config.sinusoidal_pos_embds);
  reader.read_flag("tie_word_embeddings", config.tie_word_embeddings);
  reader.read_nonnegative("initializer_range", config.initializer_range);
  reader.read_nonnegative(keys.layer_norm_eps, config.layer_norm_eps);
  if (const auto type = reader.read_choice("problem_type", kProblemTypes.all())) {
    config.problem_type = problem_type_from_string(*type);
  }
  config.id2label = checkpoint::read_labels(reader, where);
  check_together(config, where);
  config.source_json = object.dump();
  return config;
}

std::string BertConfig::to_json(std::string_view architecture, SaveDtype dtype) const {
  check_together(*this, "the configuration to save");
  const checkpoint::Family& family = family_of(*this);
  const ConfigKeys& keys = family.keys;
  Json json =
      checkpoint::parse_json_object(source_json, "source_json", {.depth = 64, .duplicate_names = true});
  for (const char* key : {"torch_dtype", "_name_or_path", "quantization_config", "num_labels", "auto_map"}) {
    json.erase(key);
  }
  const auto set = [&](const char* key, Json value) {
    if (key != nullptr) json[key] = std::move(value);
  };
  set("architectures", Json::array({architecture}));
  set("model_type", family.name);
  set("dtype", to_string(dtype));
  set("vocab_size", vocab_size);
  set(keys.hidden_size, hidden_size);
  set(keys.num_hidden_layers, num_hidden_layers);
  set(keys.num_attention_heads, num_attention_heads);
  set(keys.intermediate_size, intermediate_size);
  set("max_position_embeddings", max_position_embeddings);
  set(keys.type_vocab_size, type_vocab_size);
  set(keys.embedding_size, embedding_width());
  set("pad_token_id", pad_token_id == kNoPadToken ? Json() : Json(pad_token_id));
  set(keys.hidden_act, hidden_act);
  set(keys.hidden_dropout_prob, shortest(hidden_dropout_prob));
  set(keys.attention_probs_dropout_prob, shortest(attention_probs_dropout_prob));
  set(keys.classifier_dropout, classifier_dropout ? Json(shortest(*classifier_dropout)) : Json());
  set(keys.qa_dropout, shortest(qa_dropout));
  if (keys.summary) {
    set("summary_activation", summary_activation);
    set("summary_last_dropout", shortest(summary_last_dropout));
  }
  set(keys.sinusoidal_pos_embds, sinusoidal_pos_embds);
  set("tie_word_embeddings", tie_word_embeddings);
  set("initializer_range", shortest(initializer_range));
  set(keys.layer_norm_eps, shortest(layer_norm_eps));
  set("id2label", Json::object());
  set("label2id", Json::object());
  for (std::size_t id = 0; id < id2label.size(); ++id) {
    json["id2label"][std::to_string(id)] = id2label[id];
    json["label2id"][id2label[id]] = id;
  }
  json.erase("problem_type");
  if (problem_type) set("problem_type", to_string(*problem_type));
  const Json others = parse_json(family.other_keys, "the keys of a family");
  for (const auto& [key, value] : others.items()) set_default(json, key.c_str(), value);
  set_default(json, "transformers_version", "5.23.0");
  return dump_json(json);
}

}  // namespace bertune
