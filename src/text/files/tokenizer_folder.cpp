// Which of a checkpoint's files says what, as Transformers 5 reads them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "bertune/error.h"
#include "core/file.h"
#include "core/json.h"
#include "text/files/stored_steps.h"
#include "text/files/tokenizer_json.h"
#include "text/files/vocabulary_files.h"
#include "text/tokenizer_spec.h"

namespace bertune::text {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{512} << 20;

// The named tokens, in the order in which Transformers adds those that are missing.
constexpr std::array<std::pair<const char*, std::string TokenizerConfig::*>, 7> kNamedTokens{{
    {"bos_token", &TokenizerConfig::bos_token},
    {"eos_token", &TokenizerConfig::eos_token},
    {"unk_token", &TokenizerConfig::unk_token},
    {"sep_token", &TokenizerConfig::sep_token},
    {"pad_token", &TokenizerConfig::pad_token},
    {"cls_token", &TokenizerConfig::cls_token},
    {"mask_token", &TokenizerConfig::mask_token},
}};

std::optional<Json> read_json_object(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  Json value = parse_json(read_file(path, kLargestFile), path.string());
  if (!value.is_object()) throw Error(fmt::format("{}: a JSON object was expected", path.string()));
  return value;
}

// Tokens that were described with their flags, by content.
using DescribedTokens = std::map<std::string, AddedToken>;

// The text of a token that is written as a string or as an object with `content`.
std::optional<std::string> token_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

void read_named_tokens(const Json& object, TokenizerConfig& config, DescribedTokens& described,
                       const std::string& where) {
  for (const auto& [name, field] : kNamedTokens) {
    if (!object.contains(name)) continue;
    const auto text = token_text(object[name]);
    if (!text || text->empty()) continue;
    config.*field = *text;
    if (object[name].is_object()) described[*text] = parse_added_token(object[name], where);
  }
}

void read_config_flags(const Json& json, TokenizerSpec& spec) {
  TokenizerConfig& config = spec.config;
  spec.says_case = json.contains("do_lower_case");
  set_flag(json, "do_lower_case", config.do_lower_case);
  set_flag(json, "tokenize_chinese_chars", config.tokenize_chinese_chars);
  if (json.contains("strip_accents") && json["strip_accents"].is_boolean()) {
    config.strip_accents = json["strip_accents"].get<bool>();
  }
}

std::optional<std::int64_t> read_model_max_length(const Json& json) {
  const auto found = json.find("model_max_length");
  // Files without a limit hold 1000000000000000019884624838656.
  if (found == json.end() || !found->is_number()) return std::nullopt;
  const double length = found->get<double>();
  if (!(length >= 1 && length <= 1e9)) return std::nullopt;
  return static_cast<std::int64_t>(length);
}

// The class that tokenizer_config.json names, without "Fast"; empty when it names none. Throws for classes
// that split words by other means.
std::string tokenizer_class(const Json& config, const std::string& where) {
  std::string name;
  if (const auto found = config.find("tokenizer_class"); found != config.end() && found->is_string())
    name = *found;
  if (name.ends_with("Fast") && name != "PreTrainedTokenizerFast") name.resize(name.size() - 4);
  if (name.find("Japanese") != std::string::npos) {
    throw Error(fmt::format("{}: tokenizer_class {} needs a Japanese word splitter, which is not supported",
                            where, name));
  }
  return name;
}

// Whether Transformers reads tokenizer.json as it is for this class, and does not build the tokenizer from
// vocabulary and settings.
bool is_generic(const std::string& name) {
  constexpr std::array<std::string_view, 3> kGeneric{"PreTrainedTokenizerFast", "PreTrainedTokenizer",
                                                     "TokenizersBackend"};
  return std::find(kGeneric.begin(), kGeneric.end(), name) != kGeneric.end();
}

// Classes of Transformers that are RobertaTokenizer by another name.
bool is_roberta(const std::string& name) {
  constexpr std::array<std::string_view, 4> kRoberta{"RobertaTokenizer", "BartTokenizer",
                                                     "LongformerTokenizer", "LEDTokenizer"};
  return std::find(kRoberta.begin(), kRoberta.end(), name) != kRoberta.end();
}

// The tokens of RobertaTokenizer where the files name no others.
void set_roberta_tokens(TokenizerConfig& config) {
  config.bos_token = config.cls_token = "<s>";
  config.eos_token = config.sep_token = "</s>";
  config.unk_token = "<unk>";
  config.pad_token = "<pad>";
  config.mask_token = "<mask>";
}

// RobertaTokenizer, but for vocabulary and merges: made of settings alone.
void use_roberta_settings(const Json& config, TokenizerSpec& spec) {
  set_flag(config, "add_prefix_space", spec.byte_level->add_prefix_space);
  set_flag(config, "trim_offsets", spec.byte_level->trim_offsets);
  spec.byte_level->trim_keeps_first_space = spec.byte_level->add_prefix_space;
  spec.row = kRobertaShape;
  set_roberta_tokens(spec.config);
}

void add_tokens_by_id(std::map<std::int64_t, AddedToken>& by_id, const Json& decoder,
                      const std::string& where) {
  for (const auto& [key, value] : decoder.items()) {
    if (key.empty() || key.size() > 9 ||
        !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      throw Error(
          fmt::format("{}: added_tokens_decoder has \"{}\" where a token id is expected", where, key));
    }
    AddedToken token = parse_added_token(value, where);
    token.id = std::stoi(key);
    by_id[token.id] = std::move(token);
  }
}

// The files of old versions: added_tokens.json and special_tokens_map.json.
void read_legacy_files(const fs::path& directory, TokenizerSpec& spec,
                       std::map<std::int64_t, AddedToken>& by_id, std::vector<std::string>& extra,
                       DescribedTokens& described) {
  const fs::path map_path = directory / "special_tokens_map.json";
  if (const auto map = read_json_object(map_path)) {
    read_named_tokens(*map, spec.config, described, map_path.string());
    for (const char* name : {"additional_special_tokens", "extra_special_tokens"}) {
      if (!map->contains(name) || !(*map)[name].is_array()) continue;
      for (const Json& value : (*map)[name]) {
        if (auto text = token_text(value)) extra.push_back(std::move(*text));
      }
    }
  }
  const fs::path path = directory / "added_tokens.json";
  if (const auto added = read_json_object(path)) {
    for (const auto& [content, id] : added->items()) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= (1U << 30)) {
        throw Error(fmt::format("{}: \"{}\" has the id {}", path.string(), content, id.dump()));
      }
      AddedToken token;
      token.content = content;
      token.id = id.get<std::int32_t>();
      token.special = std::find(extra.begin(), extra.end(), content) != extra.end() ||
                      std::any_of(kNamedTokens.begin(), kNamedTokens.end(), [&](const auto& named) {
                        return spec.config.*(named.second) == token.content;
                      });
      token.normalized = !token.special;
      by_id[token.id] = std::move(token);
    }
  }
}

void append_special(TokenizerSpec& spec, const std::string& content, const DescribedTokens& described = {}) {
  const auto same = [&](const AddedToken& token) { return token.content == content; };
  if (content.empty() || std::any_of(spec.added_tokens.begin(), spec.added_tokens.end(), same)) return;
  AddedToken token;
  if (const auto found = described.find(content); found != described.end()) token = found->second;
  token.content = content;
  token.special = true;
  spec.added_tokens.push_back(std::move(token));
}

// tokenizer_config.json and the legacy files beside it. `added` is what tokenizer.json lists.
void read_config(const fs::path& directory, const Json& json, std::vector<AddedToken> added,
                 TokenizerSpec& spec) {
  const std::string where = (directory / "tokenizer_config.json").string();
  std::map<std::int64_t, AddedToken> by_id;
  std::vector<std::string> extra;
  DescribedTokens described;
  read_named_tokens(json, spec.config, described, where);
  for (const char* name : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!json.contains(name) || !json[name].is_array()) continue;
    for (const Json& value : json[name]) {
      if (auto text = token_text(value)) extra.push_back(std::move(*text));
    }
  }
  if (json.contains("added_tokens_decoder") && json["added_tokens_decoder"].is_object()) {
    add_tokens_by_id(by_id, json["added_tokens_decoder"], where);
  } else {
    read_legacy_files(directory, spec, by_id, extra, described);
    for (AddedToken& token : added) by_id[token.id] = std::move(token);
  }
  for (auto& [id, token] : by_id) spec.added_tokens.push_back(std::move(token));
  for (const auto& named : kNamedTokens) append_special(spec, spec.config.*(named.second), described);
  for (const std::string& content : extra) append_special(spec, content);
  set_flag(json, "clean_up_tokenization_spaces", spec.config.clean_up_tokenization_spaces);
  spec.config.model_max_length = read_model_max_length(json);
}

}  // namespace

TokenizerSpec read_vocabulary_file(const fs::path& vocab_txt, const TokenizerConfig& config) {
  TokenizerSpec spec;
  spec.source = vocab_txt.string();
  spec.config = config;
  spec.vocabulary = parse_vocabulary_lines(read_file(vocab_txt, kLargestFile), spec.source);
  for (const auto& named : kNamedTokens) append_special(spec, config.*(named.second));
  return spec;
}

TokenizerSpec spec_of_tokens(const std::vector<std::string>& tokens, const TokenizerConfig& config) {
  TokenizerSpec spec;
  spec.source = "the vocabulary";
  spec.config = config;
  for (const std::string& token : tokens) {
    spec.vocabulary.emplace_back(token, static_cast<std::int64_t>(spec.vocabulary.size()));
  }
  for (const auto& named : kNamedTokens) append_special(spec, config.*(named.second));
  return spec;
}

NormalizerOptions normalizer_options(const TokenizerSpec& spec) {
  const TokenizerConfig& config = spec.config;
  return {spec.clean_text, config.tokenize_chinese_chars, config.strip_accents.value_or(config.do_lower_case),
          config.do_lower_case};
}

namespace {

TokenizerSpec read_without_json(const fs::path& directory, const Json& config) {
  const fs::path lines = directory / "vocab.txt", vocabulary = directory / "vocab.json",
                 merges = directory / "merges.txt";
  TokenizerSpec spec;
  if (fs::exists(lines)) {
    spec.source = lines.string();
    spec.vocabulary = parse_vocabulary_lines(read_file(lines, kLargestFile), spec.source);
    read_config_flags(config, spec);
  } else if (fs::exists(vocabulary) && fs::exists(merges)) {
    spec.source = vocabulary.string();
    spec.vocabulary = parse_vocabulary_json(read_file(vocabulary, kLargestFile), spec.source);
    spec.byte_level.emplace().merges = parse_merges(read_file(merges, kLargestFile), merges.string());
    use_roberta_settings(config, spec);
  } else {
    throw Error(
        fmt::format("{}: there is no tokenizer here, neither tokenizer.json nor vocab.txt, nor vocab.json "
                    "with merges.txt: give the folder of a BERT or RoBERTa checkpoint",
                    directory.string()));
  }
  read_config(directory, config, {}, spec);
  return spec;
}

void use_byte_level(TokenizerJson& json, const std::string& name, const Json& config, TokenizerSpec& spec) {
  require_byte_level_steps(json, spec.source);
  spec.byte_level.emplace().merges = std::move(json.merges);
  if (name.empty() || is_roberta(name)) {
    use_roberta_settings(config, spec);
  } else if (is_generic(name)) {
    spec.byte_level->unk_token = json.unk_token;
    spec.byte_level->fuse_unk = json.fuse_unk;
    use_stored_steps(json, spec);
  } else {
    throw Error(
        fmt::format("{}: it holds byte-level BPE, and tokenizer_config.json says {}: supported are "
                    "RobertaTokenizer, BartTokenizer, LongformerTokenizer and PreTrainedTokenizerFast",
                    spec.source, name));
  }
}

}  // namespace

TokenizerSpec read_tokenizer_folder(const fs::path& directory) {
  const fs::path json_path = directory / "tokenizer.json", config_path = directory / "tokenizer_config.json";
  const Json config = read_json_object(config_path).value_or(Json::object());
  const std::string name = tokenizer_class(config, config_path.string());
  if (!fs::exists(json_path)) return read_without_json(directory, config);
  TokenizerSpec spec;
  spec.source = json_path.string();
  TokenizerJson json = parse_tokenizer_json(read_file(json_path, kLargestFile), spec.source);
  spec.vocabulary = std::move(json.vocabulary);
  spec.continuing_subword_prefix = json.continuing_subword_prefix;
  spec.max_input_chars_per_word = json.max_input_chars_per_word;
  const bool has_config = fs::exists(config_path);
  if (json.is_bpe) {
    use_byte_level(json, name, config, spec);
  } else if (is_roberta(name)) {
    throw Error(
        fmt::format("{}: it holds WordPiece, and {} says {}, which is byte-level BPE; the files do not "
                    "belong together",
                    spec.source, config_path.string(), name));
  } else if (has_config && !is_generic(name)) {
    spec.config.unk_token = json.unk_token;
    read_config_flags(config, spec);
  } else {
    spec.config.unk_token = json.unk_token;
    use_stored_steps(json, spec);
  }
  read_config(directory, config, std::move(json.added_tokens), spec);
  return spec;
}

}  // namespace bertune::text
