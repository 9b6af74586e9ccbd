#include "text/files/stored_steps.h"

#include <fmt/format.h>

#include <string>

#include "bertune/error.h"

namespace bertune::text {
namespace {

void use_word_piece(const TokenizerJson& json, TokenizerSpec& spec) {
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

void use_byte_level(const TokenizerJson& json, TokenizerSpec& spec) {
  ByteLevelSpec& byte_level = *spec.byte_level;
  byte_level.add_prefix_space = true;  // what the library takes where the file does not say
  set_flag(json.pre_tokenizer, "add_prefix_space", byte_level.add_prefix_space);
  set_flag(json.pre_tokenizer, "use_regex", byte_level.use_regex);
  byte_level.trim_offsets = false;
  // Transformers names no tokens here but those of tokenizer_config.json.
  TokenizerConfig& config = spec.config;
  for (std::string* token :
       {&config.unk_token, &config.sep_token, &config.pad_token, &config.cls_token, &config.mask_token}) {
    token->clear();
  }
}

// A ByteLevel or RobertaProcessing among the last steps.
void use_trimming(const Json& step, TokenizerSpec& spec) {
  if (!spec.byte_level) return;
  bool trim = true, keeps = true;
  set_flag(step, "trim_offsets", trim);
  set_flag(step, "add_prefix_space", keeps);
  spec.byte_level->trim_offsets = trim;
  spec.byte_level->trim_keeps_first_space = trim && keeps;
}

// A template of special tokens, [cls A sep] and [cls A sep B sep] or [cls A sep sep B sep]. False for
// another.
bool use_template(const Json& step, TokenizerSpec& spec) {
  const Json &single = step.at("single"), &pair = step.at("pair");
  const auto is = [](const Json& piece, const char* kind, const std::string& id, std::int64_t type) {
    return piece.contains(kind) && piece.at(kind).at("id") == id && piece.at(kind).at("type_id") == type;
  };
  if (single.size() != 3 || (pair.size() != 5 && pair.size() != 6)) return false;
  const std::string cls = single.at(0).at("SpecialToken").at("id"),
                    sep = single.at(2).at("SpecialToken").at("id");
  const std::size_t second = pair.size() - 2;
  const auto type = pair.at(second).at("Sequence").at("type_id").get<std::int64_t>();
  if (type != 0 && type != 1) return false;
  for (const Json* row : {&single, &pair}) {
    if (!is(row->at(0), "SpecialToken", cls, 0) || !is(row->at(1), "Sequence", "A", 0) ||
        !is(row->at(2), "SpecialToken", sep, 0)) {
      return false;
    }
  }
  if (second == 4 && !is(pair.at(3), "SpecialToken", sep, type)) return false;
  if (!is(pair.at(second), "Sequence", "B", type) || !is(pair.at(second + 1), "SpecialToken", sep, type))
    return false;
  spec.config.cls_token = cls;
  spec.config.sep_token = sep;
  spec.row = {second == 4 ? 2 : 1, static_cast<std::int32_t>(type)};
  return true;
}

// One of the last steps. False when it is none that is known.
bool use_post_processor(const Json& step, TokenizerSpec& spec, bool& has_template) {
  const std::string type = type_of(step);
  if (type == "Sequence") {
    for (const Json& part : step.at("processors")) {
      if (type_of(part) == "Sequence" || !use_post_processor(part, spec, has_template)) return false;
    }
    return true;
  }
  if (type == "ByteLevel") return use_trimming(step, spec), true;
  if (has_template) return false;
  has_template = true;
  if (type == "TemplateProcessing") return use_template(step, spec);
  if (type != "BertProcessing" && type != "RobertaProcessing") return false;
  spec.config.cls_token = step.at("cls").at(0);
  spec.config.sep_token = step.at("sep").at(0);
  if (type == "RobertaProcessing") {
    use_trimming(step, spec);
    spec.row = kRobertaShape;
  }
  return true;
}

void use_special_tokens(const Json& processor, TokenizerSpec& spec) {
  bool known = false, has_template = false;
  try {
    known = use_post_processor(processor, spec, has_template);
  } catch (const Json::exception&) {
  }
  // A WordPiece file without any has BERT's tokens all the same.
  if ((known && has_template) || (type_of(processor) == "none" && !spec.byte_level)) return;
  throw Error(fmt::format("{}: its post_processor ({}) does not build {}", spec.source, type_of(processor),
                          spec.byte_level ? "<s> text </s>" : "[CLS] text [SEP]"));
}

}  // namespace

void set_flag(const Json& object, const char* name, bool& flag) {
  if (const auto found = object.find(name); found != object.end() && found->is_boolean()) flag = *found;
}

void require_byte_level_steps(const TokenizerJson& json, const std::string& where) {
  const std::string normalizer = type_of(json.normalizer), splitter = type_of(json.pre_tokenizer),
                    decoder = type_of(json.decoder);
  if (normalizer != "none" || splitter != "ByteLevel" || decoder != "ByteLevel") {
    throw Error(
        fmt::format("{}: its normalizer is {}, its pre_tokenizer {} and its decoder {}; with BPE, only none, "
                    "ByteLevel and ByteLevel are supported, as RoBERTa has them",
                    where, normalizer, splitter, decoder));
  }
}

void use_stored_steps(const TokenizerJson& json, TokenizerSpec& spec) {
  if (spec.byte_level) {
    use_byte_level(json, spec);
  } else {
    use_word_piece(json, spec);
  }
  use_special_tokens(json.post_processor, spec);
}

}  // namespace bertune::text
