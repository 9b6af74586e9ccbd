#include "bertune/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "bertune/error.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"

namespace bertune {
namespace {

using checkpoint::in_quotes;

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{64} << 20;
constexpr std::int64_t kMaxLabels = 1'000'000;
constexpr std::array<std::string_view, 10> kActivations = {
    "gelu",  "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python", "quick_gelu", "relu", "silu",
    "swish", "tanh"};
constexpr std::array<std::string_view, 3> kProblemTypes = {"regression", "single_label_classification",
                                                           "multi_label_classification"};

// Reads one key after the other, each with the range its value may lie in.
class ConfigReader {
 public:
  ConfigReader(const Json& json, const std::string& where) : json_(json), where_(where) {}

  // nullptr when the key is absent or null.
  const Json* find(const char* key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  [[noreturn]] void fail(const char* key, const Json& value, std::string_view expected) const {
    std::string shown = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (shown.size() > 80) shown = shown.substr(0, 80) + "...";
    throw Error(fmt::format("{}: \"{}\" is {}; expected {}", where_, key, shown, expected));
  }

  void read(const char* key, std::int64_t& target, std::int64_t least, std::int64_t most) const {
    const Json* value = find(key);
    if (value == nullptr) return;
    const std::string expected = fmt::format("a whole number from {} to {}", least, most);
    if (!value->is_number_integer()) fail(key, *value, expected);
    if (value->is_number_unsigned() &&
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail(key, *value, expected);
    }
    const auto number = value->get<std::int64_t>();
    if (number < least || number > most) fail(key, *value, expected);
    target = number;
  }

  void read_probability(const char* key, float& target) const {
    constexpr std::string_view kExpected = "a probability p with 0 <= p < 1";
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_number()) fail(key, *value, kExpected);
    const auto number = value->get<double>();
    const auto narrowed = static_cast<float>(number);
    if (!(number >= 0 && narrowed < 1)) fail(key, *value, kExpected);
    target = narrowed;
  }

  void read_nonnegative(const char* key, float& target) const {
    constexpr std::string_view kExpected = "a number from 0 to 1000";
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_number()) fail(key, *value, kExpected);
    const auto number = value->get<double>();
    if (!(number >= 0 && number <= 1000)) fail(key, *value, kExpected);
    target = static_cast<float>(number);
  }

  std::optional<std::string> read_choice(const char* key, std::span<const std::string_view> choices) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const std::string expected = fmt::format("one of {}", fmt::join(choices, ", "));
    if (!value->is_string()) fail(key, *value, expected);
    const auto& text = value->get_ref<const std::string&>();
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) fail(key, *value, expected);
    return text;
  }

  void refuse_true(const char* key, std::string_view reason) const {
    const Json* value = find(key);
    if (value == nullptr || *value == false) return;
    throw Error(fmt::format("{}: \"{}\" is not false: {}", where_, key, reason));
  }

 private:
  const Json& json_;
  const std::string& where_;
};

void require_bert(const ConfigReader& reader, const std::string& where) {
  if (const Json* type = reader.find("model_type")) {
    if (!type->is_string()) reader.fail("model_type", *type, "\"bert\"");
    if (const auto& name = type->get_ref<const std::string&>(); name != "bert") {
      throw Error(fmt::format(
          "{}: \"model_type\" is {}, another architecture than BERT; Bertune fine-tunes checkpoints of "
          "model_type "
          "\"bert\", such as bert-base-uncased, bert-base-multilingual-cased, MiniLM or bge-small-en",
          where, in_quotes(name)));
    }
    return;
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

std::int64_t label_id(const std::string& key, const std::string& where) {
  const bool digits = !key.empty() && key.size() <= 7 &&
                      std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) {
    throw Error(fmt::format("{}: \"id2label\" has the key {}; expected label ids \"0\", \"1\", ... below {}",
                            where, in_quotes(key), kMaxLabels));
  }
  return std::stoll(key);
}

std::vector<std::string> default_labels(std::int64_t count) {
  std::vector<std::string> labels;
  for (std::int64_t id = 0; id < count; ++id) labels.push_back(fmt::format("LABEL_{}", id));
  return labels;
}

std::vector<std::string> read_labels(const ConfigReader& reader, const std::string& where) {
  const Json* map = reader.find("id2label");
  if (map == nullptr || (map->is_object() && map->empty())) {
    std::int64_t count = 2;
    reader.read("num_labels", count, 1, kMaxLabels);
    return default_labels(count);
  }
  if (!map->is_object())
    reader.fail("id2label", *map, "an object such as {\"0\": \"negative\", \"1\": \"positive\"}");
  const std::size_t count = map->size();
  std::vector<std::string> labels(count);
  std::vector<bool> seen(count, false);
  for (const auto& [key, label] : map->items()) {
    const auto id = static_cast<std::size_t>(label_id(key, where));
    if (id >= count || seen[id]) {
      throw Error(fmt::format("{}: \"id2label\" has {} entries, but its ids are not 0 to {} (see id {})",
                              where, count, count - 1, id));
    }
    seen[id] = true;
    if (!label.is_string() && !label.is_number_integer())
      reader.fail("id2label", label, "a text for every label");
    labels[id] = label.is_string() ? label.get<std::string>() : label.dump();
  }
  return labels;
}

void check_together(const BertConfig& config, const std::string& where) {
  if (config.hidden_size % config.num_attention_heads != 0) {
    throw Error(fmt::format("{}: \"num_attention_heads\" is {}, which does not divide \"hidden_size\" {}",
                            where, config.num_attention_heads, config.hidden_size));
  }
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

std::string missing_config_message(const fs::path& directory) {
  const auto has = [&](const char* name) { return checkpoint::path_exists(directory / name); };
  if (!checkpoint::path_exists(directory)) {
    return fmt::format("{}: no such folder; give the folder of a model", directory.string());
  }
  if (!fs::is_directory(directory)) {
    return fmt::format("{}: is a file; give the folder that holds config.json and the weights",
                       directory.string());
  }
  std::string message = fmt::format("{}: has no config.json", directory.string());
  if (has("adapter_config.json")) return message + ". " + std::string(checkpoint::kMergeAdapter);
  if (has("bert_config.json")) return message + ". " + std::string(checkpoint::kConvertGoogle);
  return message + "; give a folder that Transformers' save_pretrained wrote or that came from the hub";
}

}  // namespace

std::string_view to_string(ProblemType type) { return kProblemTypes.at(static_cast<std::size_t>(type)); }

ProblemType problem_type_from_string(std::string_view name) {
  const auto found = std::find(kProblemTypes.begin(), kProblemTypes.end(), name);
  if (found == kProblemTypes.end()) {
    throw Error(fmt::format("problem type {}: unknown; choose one of {}", in_quotes(name),
                            fmt::join(kProblemTypes, ", ")));
  }
  return static_cast<ProblemType>(found - kProblemTypes.begin());
}

BertConfig BertConfig::from_pretrained(const std::filesystem::path& directory) {
  const fs::path path = directory / "config.json";
  if (!checkpoint::path_exists(path)) throw Error(missing_config_message(directory));
  return from_json(read_file(path, kMaxConfigBytes), path.string());
}

BertConfig BertConfig::from_json(std::string_view json, const std::string& where) {
  const Json object = checkpoint::parse_json_object(json, where, {.depth = 64, .duplicate_names = true});
  const ConfigReader reader(object, where);
  require_bert(reader, where);
  refuse_unsupported(reader, where);
  BertConfig config;
  reader.read("vocab_size", config.vocab_size, 1, 10'000'000);
  reader.read("hidden_size", config.hidden_size, 1, 65'536);
  reader.read("num_hidden_layers", config.num_hidden_layers, 1, 1024);
  reader.read("num_attention_heads", config.num_attention_heads, 1, 65'536);
  reader.read("intermediate_size", config.intermediate_size, 1, 1'048'576);
  reader.read("max_position_embeddings", config.max_position_embeddings, 1, 1'048'576);
  reader.read("type_vocab_size", config.type_vocab_size, 1, 65'536);
  reader.read("pad_token_id", config.pad_token_id, 0, config.vocab_size - 1);
  if (object.contains("pad_token_id") && object["pad_token_id"].is_null()) config.pad_token_id = kNoPadToken;
  config.hidden_act = reader.read_choice("hidden_act", kActivations).value_or(config.hidden_act);
  reader.read_probability("hidden_dropout_prob", config.hidden_dropout_prob);
  reader.read_probability("attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  if (reader.find("classifier_dropout") != nullptr) {
    reader.read_probability("classifier_dropout", config.classifier_dropout.emplace());
  }
  reader.read_nonnegative("initializer_range", config.initializer_range);
  reader.read_nonnegative("layer_norm_eps", config.layer_norm_eps);
  if (const auto type = reader.read_choice("problem_type", kProblemTypes)) {
    config.problem_type = problem_type_from_string(*type);
  }
  config.id2label = read_labels(reader, where);
  check_together(config, where);
  config.source_json = object.dump();
  return config;
}

std::string BertConfig::to_json(std::string_view architecture, SaveDtype dtype) const {
  check_together(*this, "the configuration to save");
  Json json =
      checkpoint::parse_json_object(source_json, "source_json", {.depth = 64, .duplicate_names = true});
  for (const char* key : {"torch_dtype", "_name_or_path", "quantization_config", "num_labels", "auto_map"}) {
    json.erase(key);
  }
  json["architectures"] = Json::array({architecture});
  json["model_type"] = "bert";
  json["dtype"] = to_string(dtype);
  json["vocab_size"] = vocab_size;
  json["hidden_size"] = hidden_size;
  json["num_hidden_layers"] = num_hidden_layers;
  json["num_attention_heads"] = num_attention_heads;
  json["intermediate_size"] = intermediate_size;
  json["max_position_embeddings"] = max_position_embeddings;
  json["type_vocab_size"] = type_vocab_size;
  json["pad_token_id"] = pad_token_id == kNoPadToken ? Json() : Json(pad_token_id);
  json["hidden_act"] = hidden_act;
  json["hidden_dropout_prob"] = shortest(hidden_dropout_prob);
  json["attention_probs_dropout_prob"] = shortest(attention_probs_dropout_prob);
  json["classifier_dropout"] = classifier_dropout ? Json(shortest(*classifier_dropout)) : Json();
  json["initializer_range"] = shortest(initializer_range);
  json["layer_norm_eps"] = shortest(layer_norm_eps);
  json["id2label"] = Json::object();
  json["label2id"] = Json::object();
  for (std::size_t id = 0; id < id2label.size(); ++id) {
    json["id2label"][std::to_string(id)] = id2label[id];
    json["label2id"][id2label[id]] = id;
  }
  json.erase("problem_type");
  if (problem_type) json["problem_type"] = to_string(*problem_type);
  set_default(json, "add_cross_attention", false);
  set_default(json, "is_decoder", false);
  set_default(json, "bos_token_id", Json());
  set_default(json, "eos_token_id", Json());
  set_default(json, "tie_word_embeddings", true);
  set_default(json, "use_cache", true);
  set_default(json, "transformers_version", "5.23.0");
  return dump_json(json);
}

}  // namespace bertune
