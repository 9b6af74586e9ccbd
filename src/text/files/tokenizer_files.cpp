// The files that save_pretrained of Transformers 5 writes, and the two that version 4 wrote besides.
#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "text/tokenizer_spec.h"

namespace bertune::text {
namespace {

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view boolean(bool value) { return value ? "true" : "false"; }

std::string added_tokens_json(std::vector<AddedToken> tokens) {
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::string out;
  for (const AddedToken& token : tokens) {
    out += fmt::format(
        "{}\n    {{\"id\": {}, \"content\": {}, \"single_word\": {}, \"lstrip\": {}, \"rstrip\": {}, "
        "\"normalized\": {}, \"special\": {}}}",
        out.empty() ? "" : ",", token.id, quoted(token.content), boolean(token.single_word),
        boolean(token.lstrip), boolean(token.rstrip), boolean(token.normalized), boolean(token.special));
  }
  return fmt::format("[{}\n  ]", out);
}

std::int32_t id_of(const std::vector<AddedToken>& tokens, const std::string& content) {
  for (const AddedToken& token : tokens) {
    if (token.content == content) return token.id;
  }
  return -1;
}

std::string template_json(const TokenizerSpec& spec, const std::vector<AddedToken>& added_tokens) {
  const std::string cls = quoted(spec.config.cls_token), sep = quoted(spec.config.sep_token);
  const std::int32_t type = spec.row.second_type;
  const auto special = [](const std::string& token, int type_id) {
    return fmt::format("{{\"SpecialToken\": {{\"id\": {}, \"type_id\": {}}}}}", token, type_id);
  };
  const auto sequence = [](const char* name, int type_id) {
    return fmt::format("{{\"Sequence\": {{\"id\": \"{}\", \"type_id\": {}}}}}", name, type_id);
  };
  const auto ids = [&](const std::string& token, const std::string& content) {
    return fmt::format("{0}: {{\"id\": {0}, \"ids\": [{1}], \"tokens\": [{0}]}}", token,
                       id_of(added_tokens, content));
  };
  const std::string single = fmt::format("{}, {}, {}", special(cls, 0), sequence("A", 0), special(sep, 0));
  const std::string another = spec.row.separators_between == 2 ? ", " + special(sep, type) : "";
  return fmt::format(
      "{{\n    \"type\": \"TemplateProcessing\",\n    \"single\": [{0}],\n    \"pair\": [{0}{1}, {2}, {3}],\n"
      "    \"special_tokens\": {{{4}, {5}}}\n  }}",
      single, another, sequence("B", type), special(sep, type), ids(cls, spec.config.cls_token),
      ids(sep, spec.config.sep_token));
}

std::string vocabulary_json(const Vocabulary& vocabulary) {
  std::string out;
  for (std::int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    if (!vocabulary.contains(id)) continue;
    out += fmt::format("{}\n      {}: {}", out.empty() ? "" : ",", quoted(vocabulary.token(id)), id);
  }
  return fmt::format("{{{}\n    }}", out);
}

std::string vocabulary_lines(const Vocabulary& vocabulary) {
  std::string out;
  for (std::int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    // A hole keeps its line, or all ids behind it would move.
    out += vocabulary.contains(id) ? vocabulary.token(id) : fmt::format("[no token {}]", id);
    out += '\n';
  }
  return out;
}

// A merge with a space in a token can never happen: the alphabet has none.
bool can_happen(const Merge& merge) { return (merge.first + merge.second).find(' ') == std::string::npos; }

std::string merges_json(const std::vector<Merge>& merges) {
  std::string out;
  for (const Merge& merge : merges) {
    if (!can_happen(merge)) continue;
    // The way of old versions, which new ones read, too.
    out += fmt::format("{}\n      {}", out.empty() ? "" : ",", quoted(merge.first + " " + merge.second));
  }
  return fmt::format("[{}\n    ]", out);
}

std::string merges_lines(const std::vector<Merge>& merges) {
  std::string out = "#version: 0.2\n";
  for (const Merge& merge : merges) {
    if (can_happen(merge)) out += fmt::format("{} {}\n", merge.first, merge.second);
  }
  return out;
}

// Returns whether Transformers' RobertaTokenizer, which is built of settings, is this tokenizer.
bool is_roberta(const TokenizerSpec& spec) {
  const ByteLevelSpec& byte_level = *spec.byte_level;
  return spec.row == kRobertaShape && byte_level.use_regex && byte_level.unk_token.empty() &&
         (!byte_level.trim_offsets || byte_level.trim_keeps_first_space == byte_level.add_prefix_space);
}

std::string byte_level_processor(const TokenizerSpec& spec, const std::vector<AddedToken>& added_tokens) {
  const ByteLevelSpec& byte_level = *spec.byte_level;
  const std::string trimming =
      fmt::format("\"trim_offsets\": {}, \"add_prefix_space\": {}", boolean(byte_level.trim_offsets),
                  boolean(byte_level.trim_keeps_first_space));
  if (spec.row == kRobertaShape) {
    const auto token = [&](const std::string& content) {
      return fmt::format("[{}, {}]", quoted(content), id_of(added_tokens, content));
    };
    return fmt::format("{{\"type\": \"RobertaProcessing\", \"sep\": {}, \"cls\": {}, {}}}",
                       token(spec.config.sep_token), token(spec.config.cls_token), trimming);
  }
  return fmt::format(
      "{{\"type\": \"Sequence\", \"processors\": [{{\"type\": \"ByteLevel\", {}, \"use_regex\": true}}, "
      "{}]}}",
      trimming, template_json(spec, added_tokens));
}

std::string byte_level_json(const TokenizerSpec& spec, const Vocabulary& vocabulary,
                            const std::vector<AddedToken>& added_tokens) {
  const ByteLevelSpec& byte_level = *spec.byte_level;
  return fmt::format(
      "{{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": {},\n"
      "  \"normalizer\": null,\n"
      "  \"pre_tokenizer\": {{\"type\": \"ByteLevel\", \"add_prefix_space\": {}, \"trim_offsets\": true, "
      "\"use_regex\": {}}},\n  \"post_processor\": {},\n"
      "  \"decoder\": {{\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"trim_offsets\": true, "
      "\"use_regex\": true}},\n"
      "  \"model\": {{\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": {},\n"
      "    \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n    \"fuse_unk\": {},\n"
      "    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \"vocab\": {},\n    \"merges\": {}\n"
      "  }}\n}}\n",
      added_tokens_json(added_tokens), boolean(byte_level.add_prefix_space), boolean(byte_level.use_regex),
      byte_level_processor(spec, added_tokens),
      byte_level.unk_token.empty() ? "null" : quoted(byte_level.unk_token), boolean(byte_level.fuse_unk),
      vocabulary_json(vocabulary), merges_json(byte_level.merges));
}

std::string word_piece_json(const TokenizerSpec& spec, const Vocabulary& vocabulary,
                            const std::vector<AddedToken>& added_tokens) {
  const TokenizerConfig& config = spec.config;
  return fmt::format(
      "{{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": {},\n"
      "  \"normalizer\": {{\"type\": \"BertNormalizer\", \"clean_text\": {}, \"handle_chinese_chars\": {}, "
      "\"strip_accents\": {}, \"lowercase\": {}}},\n"
      "  \"pre_tokenizer\": {{\"type\": \"BertPreTokenizer\"}},\n  \"post_processor\": {},\n"
      "  \"decoder\": {{\"type\": \"WordPiece\", \"prefix\": {}, \"cleanup\": {}}},\n"
      "  \"model\": {{\n    \"type\": \"WordPiece\",\n    \"unk_token\": {},\n    "
      "\"continuing_subword_prefix\": {},\n"
      "    \"max_input_chars_per_word\": {},\n    \"vocab\": {}\n  }}\n}}\n",
      added_tokens_json(added_tokens), boolean(spec.clean_text), boolean(config.tokenize_chinese_chars),
      config.strip_accents ? boolean(*config.strip_accents) : "null", boolean(config.do_lower_case),
      template_json(spec, added_tokens), quoted(spec.continuing_subword_prefix),
      boolean(spec.decoder_cleanup), quoted(config.unk_token), quoted(spec.continuing_subword_prefix),
      spec.max_input_chars_per_word, vocabulary_json(vocabulary));
}

Json named_tokens(const TokenizerConfig& config) {
  Json tokens = Json::object();
  for (const auto& [name, token] : {std::pair{"bos_token", &config.bos_token},
                                    {"eos_token", &config.eos_token},
                                    {"unk_token", &config.unk_token},
                                    {"sep_token", &config.sep_token},
                                    {"pad_token", &config.pad_token},
                                    {"cls_token", &config.cls_token},
                                    {"mask_token", &config.mask_token}}) {
    if (!token->empty()) tokens[name] = *token;
  }
  return tokens;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> tokenizer_files(const TokenizerSpec& spec,
                                                                 const Vocabulary& vocabulary,
                                                                 const std::vector<AddedToken>& added_tokens,
                                                                 std::int64_t model_max_length) {
  Json config = named_tokens(spec.config);
  config["backend"] = "tokenizers";
  config["model_max_length"] = model_max_length;
  if (spec.config.clean_up_tokenization_spaces) config["clean_up_tokenization_spaces"] = true;
  const std::pair<std::string, std::string> names{"special_tokens_map.json",
                                                  dump_json(named_tokens(spec.config))};
  if (spec.byte_level) {
    config["tokenizer_class"] = is_roberta(spec) ? "RobertaTokenizer" : "PreTrainedTokenizerFast";
    config["add_prefix_space"] = spec.byte_level->add_prefix_space;
    config["trim_offsets"] = spec.byte_level->trim_offsets;
    return {{"tokenizer.json", byte_level_json(spec, vocabulary, added_tokens)},
            {"tokenizer_config.json", dump_json(config)},
            {"vocab.json", vocabulary_json(vocabulary) + "\n"},
            {"merges.txt", merges_lines(spec.byte_level->merges)},
            names};
  }
  config["tokenizer_class"] = "BertTokenizer";
  config["do_lower_case"] = spec.config.do_lower_case;
  config["strip_accents"] = spec.config.strip_accents ? Json(*spec.config.strip_accents) : Json();
  config["tokenize_chinese_chars"] = spec.config.tokenize_chinese_chars;
  return {{"tokenizer.json", word_piece_json(spec, vocabulary, added_tokens)},
          {"tokenizer_config.json", dump_json(config)},
          {"vocab.txt", vocabulary_lines(vocabulary)},
          names};
}

}  // namespace bertune::text
