#include "bertune/sentence_embedding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/config_reader.h"
#include "checkpoint/family.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"
#include "core/names.h"
#include "core/writing.h"

namespace bertune {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestFile = 1 << 20;
constexpr std::int64_t kMostTokens = 1 << 30;  // what stands for "no limit" in some files is beyond it
constexpr const char *kModules = "modules.json", *kPoolingFolder = "1_Pooling";

constexpr Names kPoolings(std::to_array<Named<Pooling>>({{Pooling::mean, "mean"},
                                                         {Pooling::cls, "cls"},
                                                         {Pooling::max, "max"},
                                                         {Pooling::mean_sqrt_len_tokens,
                                                          "mean_sqrt_len_tokens"}}));

// Older files have a key for each way; the last two are ways that this library does not compute.
struct PoolingKey {
  std::string_view name;
  const char* key;
};
constexpr std::array<PoolingKey, 6> kPoolingKeys = {
    {{"mean", "pooling_mode_mean_tokens"},
     {"cls", "pooling_mode_cls_token"},
     {"max", "pooling_mode_max_tokens"},
     {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
     {"weightedmean", "pooling_mode_weightedmean_tokens"},
     {"lasttoken", "pooling_mode_lasttoken"}}};

Json read_object(const fs::path& path) {
  return checkpoint::parse_json_object(read_file(path, kLargestFile), path.string());
}

struct Module {
  std::string kind;  // the class, without the package: "Pooling"
  fs::path folder;   // below the model's
};

// A path that leaves the model's folder would read a file of somebody else's choice.
bool is_inside(const fs::path& path) {
  return path.is_relative() && std::ranges::find(path, fs::path("..")) == path.end();
}

Module module_from(const Json& entry, const std::string& where) {
  constexpr std::string_view kPackage = "sentence_transformers.";
  const auto text = [&](const char* key) {
    const auto found = entry.is_object() ? entry.find(key) : entry.end();
    if (!entry.is_object() || found == entry.end() || !found->is_string())
      throw Error(fmt::format("{}: a module has no \"{}\"", where, key));
    return found->get<std::string>();
  };
  const std::string type = text("type"), path = text("path");
  if (!type.starts_with(kPackage)) {
    throw Error(fmt::format("{}: the module {} is code of its own, which Bertune does not run", where,
                            checkpoint::in_quotes(type)));
  }
  if (!is_inside(path)) {
    throw Error(
        fmt::format("{}: the module's path {} lies outside of the model's folder; the model cannot be "
                    "trusted",
                    where, checkpoint::in_quotes(path)));
  }
  return {type.substr(type.rfind('.') + 1), path};
}

std::vector<Module> read_modules(const fs::path& file) {
  const std::string where = file.string();
  const Json json = parse_json(read_file(file, kLargestFile), where);
  if (!json.is_array()) throw Error(fmt::format("{}: must be a list of modules", where));
  std::vector<Module> modules;
  std::vector<std::string> kinds;
  for (const Json& entry : json) {
    modules.push_back(module_from(entry, where));
    kinds.push_back(checkpoint::printable(modules.back().kind));
  }
  const bool computed = modules.size() >= 2 && modules.size() <= 3 && modules[0].kind == "Transformer" &&
                        modules[1].kind == "Pooling" &&
                        (modules.size() == 2 || modules[2].kind == "Normalize");
  if (!computed) {
    throw Error(
        fmt::format("{}: the modules are {}; Bertune computes Transformer, Pooling and, if there is one, "
                    "Normalize",
                    where, kinds.empty() ? "none" : fmt::format("{}", fmt::join(kinds, ", "))));
  }
  if (!modules[0].folder.empty()) {
    throw Error(
        fmt::format("{}: the Transformer lies in {}; Bertune reads it from the model's folder itself: "
                    "save the model once with the sentence-transformers package",
                    where, checkpoint::in_quotes(modules[0].folder.string())));
  }
  return modules;
}

// Newer files name one way or a list of them, older ones have a key for each.
std::vector<std::string> active_poolings(const Json& json, const std::string& where) {
  std::vector<std::string> active;
  if (const auto mode = json.find("pooling_mode"); mode != json.end()) {
    for (const Json& name : mode->is_array() ? *mode : Json::array({*mode})) {
      if (!name.is_string())
        throw Error(fmt::format("{}: pooling_mode is {}; it must be a name", where,
                                checkpoint::printable(mode->dump())));
      active.push_back(name.get<std::string>());
    }
    return active;
  }
  const checkpoint::ConfigReader reader(json, where);
  for (const PoolingKey& pooling : kPoolingKeys) {
    bool on = false;
    reader.read_flag(pooling.key, on);
    if (on) active.emplace_back(pooling.name);
  }
  if (active.empty()) active.emplace_back(to_string(Pooling::mean));
  return active;
}

Pooling read_pooling(const fs::path& file) {
  const std::string where = file.string();
  const std::vector<std::string> active = active_poolings(read_object(file), where);
  const std::optional<Pooling> pooling = active.size() == 1 ? kPoolings.find(active[0]) : std::nullopt;
  if (pooling) return *pooling;
  throw Error(fmt::format("{}: the pooling is {}; Bertune computes one of {}", where,
                          checkpoint::printable(fmt::format("{}", fmt::join(active, " with "))),
                          kPoolings.choices()));
}

// The Transformer's own file; older packages put the family into its name.
void read_transformer(const fs::path& directory, SentenceEmbeddingConfig& config) {
  std::vector<std::string> families = checkpoint::model_types();
  for (const std::string& family : families) {
    const fs::path file = directory / fmt::format("sentence_{}_config.json", family);
    if (!path_exists(file)) continue;
    const Json json = read_object(file);
    const std::string where = file.string();
    const checkpoint::ConfigReader reader(json, where);
    reader.read_flag("do_lower_case", config.do_lower_case);
    if (reader.find("max_seq_length") == nullptr) return;
    std::int64_t length = 0;
    reader.read("max_seq_length", length, 1, kMostTokens);
    config.max_seq_length = length;
    return;
  }
}

// A prompt that the package would put before every text.
void refuse_prompt(const fs::path& file) {
  if (!path_exists(file)) return;
  const Json json = read_object(file);
  const auto name = json.find("default_prompt_name"), prompts = json.find("prompts");
  if (name == json.end() || !name->is_string() || prompts == json.end() || !prompts->is_object()) return;
  const auto prompt = prompts->find(name->get<std::string>());
  if (prompt == prompts->end() || !prompt->is_string() || prompt->get<std::string>().empty()) return;
  throw Error(
      fmt::format("{}: default_prompt_name is {}; Bertune adds no prompts: put {} before the texts, and "
                  "set default_prompt_name to null",
                  file.string(), checkpoint::in_quotes(name->get<std::string>()),
                  checkpoint::in_quotes(prompt->get<std::string>())));
}

}  // namespace

std::string_view to_string(Pooling pooling) { return kPoolings.of(pooling); }

Pooling pooling_from_string(std::string_view name) {
  if (const auto pooling = kPoolings.find(name)) return *pooling;
  throw UsageError("pooling",
                   fmt::format("`pooling` is \"{}\"; it must be one of {}", name, kPoolings.choices()));
}

std::optional<SentenceEmbeddingConfig> SentenceEmbeddingConfig::from_pretrained(const fs::path& directory,
                                                                                const fs::path& base) {
  if (!path_exists(directory / kModules)) return base.empty() ? std::nullopt : from_pretrained(base);
  const std::vector<Module> modules = read_modules(directory / kModules);
  SentenceEmbeddingConfig config;
  config.pooling = read_pooling(directory / modules[1].folder / "config.json");
  config.normalize = modules.size() > 2;
  read_transformer(directory, config);
  refuse_prompt(directory / "config_sentence_transformers.json");
  return config;
}

// In the form that all versions of the package read.
void SentenceEmbeddingConfig::save(const fs::path& directory, std::int64_t hidden_size) const {
  Json modules = Json::array(), pooling_json = {{"word_embedding_dimension", hidden_size}};
  const auto add_module = [&](std::string_view kind, const std::string& path) {
    const auto number = modules.size();
    modules.push_back({{"idx", number},
                       {"name", std::to_string(number)},
                       {"path", path},
                       {"type", fmt::format("sentence_transformers.models.{}", kind)}});
  };
  add_module("Transformer", "");
  add_module("Pooling", kPoolingFolder);
  if (normalize) add_module("Normalize", "2_Normalize");
  for (const PoolingKey& known : kPoolingKeys)
    if (kPoolings.find(known.name)) pooling_json[known.key] = known.name == to_string(pooling);
  Json transformer = {{"do_lower_case", do_lower_case}};
  if (max_seq_length) transformer["max_seq_length"] = *max_seq_length;
  writing::make_folders(directory / kPoolingFolder);
  write_file_atomically(directory / kPoolingFolder / "config.json", dump_json(pooling_json));
  write_file_atomically(directory / kModules, dump_json(modules));
  write_file_atomically(directory / "sentence_bert_config.json", dump_json(transformer));
  write_file_atomically(directory / "config_sentence_transformers.json",
                        dump_json({{"__version__", Json::object()}, {"similarity_fn_name", "cosine"}}));
}

}  // namespace bertune
