#include "text/tokenizer_json.h"

#include <fmt/format.h>

#include <limits>

#include "bertune/error.h"

namespace bertune::text {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(fmt::format("{}: {}", where, what));
}

std::int64_t parse_id(const Json& value, std::string_view token, const std::string& where) {
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max()
                        : value.is_number_integer();
  if (!fits)
    fail(where, fmt::format("the id of token \"{}\" is {}, which is no token id", token, value.dump()));
  return value.get<std::int64_t>();
}

// Parses all but the vocabulary into a tree: its entries go straight into a list, which is several times
// faster.
class VocabularyFilter {
 public:
  explicit VocabularyFilter(const std::string& where) : where_(where) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key) {
      auto& key = parsed.get_ref<std::string&>();
      if (depth <= 2) in_vocabulary_ = depth == 2 && section_ == "model" && key == "vocab";
      if (depth == 1) section_ = key;
      if (depth == 3 && in_vocabulary_) {
        token_ = key;
        return false;
      }
    } else if (event == Json::parse_event_t::value && depth == 3 && in_vocabulary_) {
      entries_.emplace_back(token_, parse_id(parsed, token_, where_));
      return false;
    }
    return true;
  }
  std::vector<TokenEntry> take() { return std::move(entries_); }

 private:
  const std::string& where_;
  std::string section_, token_;
  bool in_vocabulary_ = false;
  std::vector<TokenEntry> entries_;
};

const Json& member(const Json& object, const char* name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

// The type of a part of the file; "none" when it is null or absent.
std::string type_of(const Json& part) {
  const Json& type = member(part, "type");
  return type.is_string() ? type.get<std::string>() : "none";
}

void check_model(const Json& model, const std::string& where) {
  if (!model.is_object()) fail(where, "it has no \"model\": this is not a file of the tokenizers library");
  std::string type = type_of(model);
  // Files of old versions leave the type out.
  if (type == "none" && model.contains("max_input_chars_per_word")) type = "WordPiece";
  if (type == "none" && model.contains("merges")) type = "BPE";
  if (type != "WordPiece") {
    fail(where,
         fmt::format("this is a {} tokenizer, and BERT's is WordPiece: the checkpoint is of another kind of "
                     "model (RoBERTa and GPT use BPE; ALBERT, XLM-R and T5 use Unigram)",
                     type));
  }
}

}  // namespace

AddedToken parse_added_token(const Json& value, const std::string& where) {
  const Json& content = member(value, "content");
  if (!content.is_string()) fail(where, fmt::format("an added token has no content: {}", value.dump()));
  const auto flag = [&](const char* name, bool otherwise) {
    const Json& given = member(value, name);
    return given.is_boolean() ? given.get<bool>() : otherwise;
  };
  AddedToken token;
  token.content = content.get<std::string>();
  token.special = flag("special", false);
  token.single_word = flag("single_word", false);
  token.lstrip = flag("lstrip", false);
  token.rstrip = flag("rstrip", false);
  token.normalized = flag("normalized", !token.special);
  return token;
}

TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& where) {
  VocabularyFilter filter(where);
  Json root;
  try {
    root = Json::parse(text.begin(), text.end(), std::ref(filter));
  } catch (const Json::parse_error& error) {
    fail(where, fmt::format("not valid JSON at byte {} of {}: {}", error.byte, text.size(), error.what()));
  }
  const Json& model = member(root, "model");
  check_model(model, where);
  TokenizerJson result;
  result.vocabulary = filter.take();
  if (!member(model, "vocab").is_object())
    fail(where, "model.vocab is not an object of tokens and their ids");
  if (const Json& unk = member(model, "unk_token"); unk.is_string()) result.unk_token = unk;
  if (const Json& prefix = member(model, "continuing_subword_prefix"); prefix.is_string()) {
    result.continuing_subword_prefix = prefix;
  }
  if (const Json& limit = member(model, "max_input_chars_per_word"); limit.is_number_unsigned()) {
    result.max_input_chars_per_word = limit.get<std::size_t>();
  }
  if (const Json& added = member(root, "added_tokens"); added.is_array()) {
    for (const Json& value : added) {
      AddedToken token = parse_added_token(value, where);
      token.id = static_cast<std::int32_t>(parse_id(member(value, "id"), token.content, where));
      if (token.id < 0)
        fail(where, fmt::format("added token \"{}\" has the negative id {}", token.content, token.id));
      result.added_tokens.push_back(std::move(token));
    }
  }
  result.normalizer = member(root, "normalizer");
  result.pre_tokenizer = member(root, "pre_tokenizer");
  result.post_processor = member(root, "post_processor");
  result.decoder = member(root, "decoder");
  return result;
}

}  // namespace bertune::text
