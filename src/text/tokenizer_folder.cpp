// Which of a checkpoint's files says what, as Transformers 5 reads them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "bertune/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "text/tokenizer_json.h"
#include "text/tokenizer_spec.h"

namespace bertune::text {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{512} << 20;

// The named tokens, in the order in which Transformers adds those that are missing.
constexpr std::array<std::pair<const char*, std::string TokenizerConfig::*>, 5> kNamedTokens{{
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

void set_flag(const Json& config, const char* name, bool& flag) {
  if (const auto found = config.find(name); found != config.end() && found->is_boolean()) flag = *found;
}

// The text of a token that is written as a string or as an object with `content`.
std::optional<std::string> token_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

void read_named_tokens(const Json& object, TokenizerConfig& config) {
  for (const auto& [name, field] : kNamedTokens) {
    if (!object.contains(name)) continue;
    if (const auto text = token_text(object[name]); text && !text->empty()) config.*field = *text;
  }
}

void read_config_flags(const Json& json, TokenizerConfig& config) {
  set_flag(json, "do_lower_case", config.do_lower_case);
  set_flag(json, "tokenize_chinese_chars", config.tokenize_chinese_chars);
  set_flag(json, "clean_up_tokenization_spaces", config.clean_up_tokenization_spaces);
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

// Whether Transformers builds this class from vocabulary and settings, leaving aside what tokenizer.json says
// of normalisation. Throws for classes that split words by other means.
bool is_built_from_settings(const Json& config, const std::string& where) {
  std::string name = "BertTokenizer";
  if (const auto found = config.find("tokenizer_class"); found != config.end() && found->is_string())
    name = *found;
  if (name.ends_with("Fast") && name != "PreTrainedTokenizerFast") name.resize(name.size() - 4);
  if (name.find("Japanese") != std::string::npos) {
    throw Error(fmt::format("{}: tokenizer_class {} needs a Japanese word splitter, which is not supported",
                            where, name));
  }
  constexpr std::array<std::string_view, 3> kGeneric{"PreTrainedTokenizerFast", "PreTrainedTokenizer",
                                                     "TokenizersBackend"};
  return std::find(kGeneric.begin(), kGeneric.end(), name) == kGeneric.end();
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
                       std::map<std::int64_t, AddedToken>& by_id, std::vector<std::string>& extra) {
  if (const auto map = read_json_object(directory / "special_tokens_map.json")) {
    read_named_tokens(*map, spec.config);
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
                      std::any_of(kNamedTokens.begin(), kNamedTokens.end(),
                                  [&](const auto& named) { return spec.config.*(named.second) == content; });
      token.normalized = !token.special;
      by_id[token.id] = std::move(token);
    }
  }
}

void append_special(TokenizerSpec& spec, const std::string& content) {
  const auto same = [&](const AddedToken& token) { return token.content == content; };
  if (content.empty() || std::any_of(spec.added_tokens.begin(), spec.added_tokens.end(), same)) return;
  AddedToken token;
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
  read_named_tokens(json, spec.config);
  for (const char* name : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!json.contains(name) || !json[name].is_array()) continue;
    for (const Json& value : json[name]) {
      if (auto text = token_text(value)) extra.push_back(std::move(*text));
    }
  }
  if (json.contains("added_tokens_decoder") && json["added_tokens_decoder"].is_object()) {
    add_tokens_by_id(by_id, json["added_tokens_decoder"], where);
  } else {
    read_legacy_files(directory, spec, by_id, extra);
    for (AddedToken& token : added) by_id[token.id] = std::move(token);
  }
  for (auto& [id, token] : by_id) spec.added_tokens.push_back(std::move(token));
  for (const auto& named : kNamedTokens) append_special(spec, spec.config.*(named.second));
  for (const std::string& content : extra) append_special(spec, content);
  spec.config.model_max_length = read_model_max_length(json);
}

std::string type_of(const Json& part) {
  return part.is_object() && part.contains("type") && part["type"].is_string()
             ? part["type"].get<std::string>()
             : "none";
}

// Normalisation as tokenizer.json itself has it.
void use_stored_normalizer(const TokenizerJson& json, TokenizerSpec& spec) {
  const std::string normalizer = type_of(json.normalizer), splitter = type_of(json.pre_tokenizer);
  if (normalizer != "BertNormalizer" || splitter != "BertPreTokenizer") {
    throw Error(
        fmt::format("{}: its normalizer is {} and its pre_tokenizer {}; only BERT's own (BertNormalizer, "
                    "BertPreTokenizer) are supported",
                    spec.source, normalizer, splitter));
  }
  set_flag(json.normalizer, "clean_text", spec.clean_text);
  set_flag(json.normalizer, "handle_chinese_chars", spec.config.tokenize_chinese_chars);
  set_flag(json.normalizer, "lowercase", spec.config.do_lower_case);
  if (json.normalizer.contains("strip_accents") && json.normalizer["strip_accents"].is_boolean()) {
    spec.config.strip_accents = json.normalizer["strip_accents"].get<bool>();
  }
  if (json.decoder.is_object()) set_flag(json.decoder, "cleanup", spec.decoder_cleanup);
}

// The tokens that tokenizer.json puts around a text; its template must be BERT's.
void use_stored_template(const TokenizerJson& json, TokenizerSpec& spec) {
  const Json& processor = json.post_processor;
  const std::string type = type_of(processor);
  const auto refuse = [&] {
    throw Error(
        fmt::format("{}: its post_processor ({}) does not build [CLS] text [SEP]", spec.source, type));
  };
  try {
    if (type == "BertProcessing") {
      spec.config.cls_token = processor.at("cls").at(0);
      spec.config.sep_token = processor.at("sep").at(0);
    } else if (type == "TemplateProcessing") {
      const Json& single = processor.at("single");
      const Json& pair = processor.at("pair");
      if (single.size() != 3 || pair.size() != 5 || !single.at(1).contains("Sequence")) refuse();
      spec.config.cls_token = single.at(0).at("SpecialToken").at("id");
      spec.config.sep_token = single.at(2).at("SpecialToken").at("id");
      if (pair.at(2).at("SpecialToken").at("id") != spec.config.sep_token ||
          pair.at(3).at("Sequence").at("type_id") != 1) {
        refuse();
      }
    } else if (type != "none") {
      refuse();
    }
  } catch (const Json::exception&) {
    refuse();
  }
}

std::string_view trim_white_space(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(line[last]) & 0xC0) == 0x80) --last;
    std::size_t position = last;
    const char32_t value = next_code_point(line, position);
    if ((Unicode::instance().properties(value) & kWhiteSpace) == 0) break;
    line = line.substr(0, last);
  }
  return line;
}

// One token a line. As in Transformers, trailing white space is no part of a token and the last of equal
// lines gives the id; a line of white space alone is kept as it is (it can match nothing), so that ids stay
// without holes.
std::vector<TokenEntry> parse_vocabulary_lines(std::string_view text, const std::string& where) {
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error(fmt::format("{}: not UTF-8 at byte {}: save the vocabulary as UTF-8", where, bad));
  }
  if (text.empty()) throw Error(fmt::format("{}: the vocabulary is empty", where));
  std::vector<TokenEntry> entries;
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<bool> replaced;
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  entries.reserve(lines);
  places.reserve(lines);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string_view token = trim_white_space(line);
    if (token.empty()) token = line;
    const auto [place, is_new] = places.try_emplace(token, entries.size());
    if (!is_new) replaced[std::exchange(place->second, entries.size())] = true;
    replaced.push_back(false);
    entries.emplace_back(std::string(token), static_cast<std::int64_t>(entries.size()));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!replaced[i] && kept++ != i) entries[kept - 1] = std::move(entries[i]);
  }
  entries.resize(kept);
  return entries;
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

TokenizerSpec read_tokenizer_folder(const fs::path& directory) {
  const fs::path json_path = directory / "tokenizer.json", lines_path = directory / "vocab.txt";
  const fs::path config_path = directory / "tokenizer_config.json";
  const std::optional<Json> config = read_json_object(config_path);
  const bool from_settings = config && is_built_from_settings(*config, config_path.string());
  TokenizerSpec spec;
  if (!fs::exists(json_path)) {
    if (!fs::exists(lines_path)) {
      throw Error(
          fmt::format("{}: there is no tokenizer here, neither tokenizer.json nor vocab.txt: give the folder "
                      "of a BERT checkpoint",
                      directory.string()));
    }
    spec.source = lines_path.string();
    spec.vocabulary = parse_vocabulary_lines(read_file(lines_path, kLargestFile), spec.source);
    if (config) read_config_flags(*config, spec.config);
    read_config(directory, config.value_or(Json::object()), {}, spec);
    return spec;
  }
  spec.source = json_path.string();
  TokenizerJson json = parse_tokenizer_json(read_file(json_path, kLargestFile), spec.source);
  spec.vocabulary = std::move(json.vocabulary);
  spec.continuing_subword_prefix = json.continuing_subword_prefix;
  spec.max_input_chars_per_word = json.max_input_chars_per_word;
  spec.config.unk_token = json.unk_token;
  if (from_settings) {
    read_config_flags(*config, spec.config);
  } else {
    use_stored_normalizer(json, spec);
    use_stored_template(json, spec);
    if (config) set_flag(*config, "clean_up_tokenization_spaces", spec.config.clean_up_tokenization_spaces);
  }
  read_config(directory, config.value_or(Json::object()), std::move(json.added_tokens), spec);
  return spec;
}

}  // namespace bertune::text
