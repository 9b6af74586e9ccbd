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

std::string template_json(const std::string& cls, std::int32_t cls_id, const std::string& sep,
                          std::int32_t sep_id) {
  const auto special = [](const std::string& token, int type) {
    return fmt::format("{{\"SpecialToken\": {{\"id\": {}, \"type_id\": {}}}}}", token, type);
  };
  const auto sequence = [](const char* name, int type) {
    return fmt::format("{{\"Sequence\": {{\"id\": \"{}\", \"type_id\": {}}}}}", name, type);
  };
  const auto ids = [](const std::string& token, std::int32_t id) {
    return fmt::format("{0}: {{\"id\": {0}, \"ids\": [{1}], \"tokens\": [{0}]}}", token, id);
  };
  const std::string single = fmt::format("{}, {}, {}", special(cls, 0), sequence("A", 0), special(sep, 0));
  return fmt::format(
      "{{\n    \"type\": \"TemplateProcessing\",\n    \"single\": [{0}],\n    \"pair\": [{0}, {1}, {2}],\n"
      "    \"special_tokens\": {{{3}, {4}}}\n  }}",
      single, sequence("B", 1), special(sep, 1), ids(cls, cls_id), ids(sep, sep_id));
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

std::int32_t id_of(const std::vector<AddedToken>& tokens, const std::string& content) {
  for (const AddedToken& token : tokens) {
    if (token.content == content) return token.id;
  }
  return -1;
}

std::string tokenizer_json(const TokenizerSpec& spec, const Vocabulary& vocabulary,
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
      template_json(quoted(config.cls_token), id_of(added_tokens, config.cls_token), quoted(config.sep_token),
                    id_of(added_tokens, config.sep_token)),
      quoted(spec.continuing_subword_prefix), boolean(spec.decoder_cleanup), quoted(config.unk_token),
      quoted(spec.continuing_subword_prefix), spec.max_input_chars_per_word, vocabulary_json(vocabulary));
}

Json named_tokens(const TokenizerConfig& config) {
  return {{"unk_token", config.unk_token},
          {"sep_token", config.sep_token},
          {"pad_token", config.pad_token},
          {"cls_token", config.cls_token},
          {"mask_token", config.mask_token}};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> tokenizer_files(const TokenizerSpec& spec,
                                                                 const Vocabulary& vocabulary,
                                                                 const std::vector<AddedToken>& added_tokens,
                                                                 std::int64_t model_max_length) {
  Json config = named_tokens(spec.config);
  config["backend"] = "tokenizers";
  config["tokenizer_class"] = "BertTokenizer";
  config["do_lower_case"] = spec.config.do_lower_case;
  config["strip_accents"] = spec.config.strip_accents ? Json(*spec.config.strip_accents) : Json();
  config["tokenize_chinese_chars"] = spec.config.tokenize_chinese_chars;
  config["model_max_length"] = model_max_length;
  if (spec.config.clean_up_tokenization_spaces) config["clean_up_tokenization_spaces"] = true;
  return {{"tokenizer.json", tokenizer_json(spec, vocabulary, added_tokens)},
          {"tokenizer_config.json", dump_json(config)},
          {"vocab.txt", vocabulary_lines(vocabulary)},
          {"special_tokens_map.json", dump_json(named_tokens(spec.config))}};
}

}  // namespace bertune::text
