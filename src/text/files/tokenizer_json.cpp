#include "text/files/tokenizer_json.h"

#include <fmt/format.h>

#include <limits>

#include "bertune/error.h"
#include "text/files/vocabulary_files.h"

namespace bertune::text {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(fmt::format("{}: {}", where, what));
}

// Parses all but vocabulary, merges and added tokens into a tree: their entries go straight into lists, which
// is several times faster, and linear where the tree's parser looks through all earlier entries at the end of
// each.
class VocabularyFilter {
 public:
  explicit VocabularyFilter(const std::string& where) : where_(where) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key) {
      auto& key = parsed.get_ref<std::string&>();
      if (depth <= 2) {
        in_vocabulary_ = depth == 2 && section_ == "model" && key == "vocab";
        in_merges_ = depth == 2 && section_ == "model" && key == "merges";
      }
      if (depth == 1) section_ = key;
      if (depth == 3 && in_vocabulary_) {
        token_ = key;
        return false;
      }
    } else if (event == Json::parse_event_t::value && depth == 3 && in_vocabulary_) {
      entries_.emplace_back(token_, parse_token_id(parsed, token_, where_));
      return false;
    }
    if (event == Json::parse_event_t::object_end && depth == 2 && section_ == "added_tokens") {
      added_.push_back(added_token_of(parsed));
      return false;
    }
    return !in_merges_ || depth < 3 || add_to_merge(depth, event, parsed);
  }
  std::vector<AddedToken> take_added_tokens() { return std::move(added_); }
  std::vector<TokenEntry> take_vocabulary() { return std::move(entries_); }
  std::vector<Merge> take_merges() { return std::move(merges_); }

 private:
  AddedToken added_token_of(const Json& value) const {
    AddedToken token = parse_added_token(value, where_);
    token.id = static_cast<std::int32_t>(parse_token_id(value.value("id", Json()), token.content, where_));
    if (token.id < 0)
      fail(where_, fmt::format("added token \"{}\" has the negative id {}", token.content, token.id));
    return token;
  }

  // A merge is written as "a b", or by newer versions as ["a", "b"].
  bool add_to_merge(int depth, Json::parse_event_t event, const Json& parsed) {
    const auto what = [&] { return fmt::format("model.merges[{}]", merges_.size()); };
    if (event == Json::parse_event_t::array_start && depth == 3) {
      parts_.clear();
      return true;
    }
    if (event == Json::parse_event_t::array_end && depth == 3 && parts_.size() == 2) {
      merges_.emplace_back(std::move(parts_[0]), std::move(parts_[1]));
    } else if (event == Json::parse_event_t::value && depth == 3 && parsed.is_string()) {
      const auto& line = parsed.get_ref<const std::string&>();
      if (!line.starts_with("#version")) merges_.push_back(parse_merge(line, what(), where_));
    } else if (event == Json::parse_event_t::value && depth == 4 && parsed.is_string() && parts_.size() < 2) {
      parts_.push_back(parsed.get<std::string>());
    } else {
      fail(where_, fmt::format("{} is not a pair of tokens", what()));
    }
    return false;
  }

  const std::string& where_;
  std::string section_, token_;
  bool in_vocabulary_ = false, in_merges_ = false;
  std::vector<TokenEntry> entries_;
  std::vector<Merge> merges_;
  std::vector<AddedToken> added_;
  std::vector<std::string> parts_;  // of the merge that is being read
};

const Json& member(const Json& object, const char* name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

// Returns whether the model is BPE; WordPiece is the other that there may be.
bool check_is_bpe(const Json& model, const std::string& where) {
  if (!model.is_object()) fail(where, "it has no \"model\": this is not a file of the tokenizers library");
  std::string type = type_of(model);
  // Files of old versions leave the type out.
  if (type == "none" && model.contains("max_input_chars_per_word")) type = "WordPiece";
  if (type == "none" && model.contains("merges")) type = "BPE";
  if (type != "WordPiece" && type != "BPE") {
    fail(where,
         fmt::format("this is a {} tokenizer, and BERT's is WordPiece and RoBERTa's BPE: the checkpoint is "
                     "of another kind of model (ALBERT, XLM-R and T5 use Unigram)",
                     type));
  }
  return type == "BPE";
}

// Options of BPE that would change ids, and that no tokenizer of RoBERTa's kind has.
void check_bpe(const Json& model, const std::string& where) {
  for (const char* name :
       {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"}) {
    const Json& value = member(model, name);
    const bool off = value.is_null() || value == false || value == "" || value == 0.0;
    if (!off) fail(where, fmt::format("model.{} is {}, which is not supported", name, value.dump()));
  }
  if (!member(model, "merges").is_array()) fail(where, "model.merges is not a list of merges");
}

}  // namespace

std::string type_of(const Json& part) {
  const Json& type = member(part, "type");
  return type.is_string() ? type.get<std::string>() : "none";
}

std::int64_t parse_token_id(const Json& value, std::string_view token, const std::string& where) {
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= std::numeric_limits<std::int32_t>::max()
                        : value.is_number_integer();
  if (!fits)
    fail(where, fmt::format("the id of token \"{}\" is {}, which is no token id", token, value.dump()));
  return value.get<std::int64_t>();
}

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
  const Json root = parse_json(text, where, std::ref(filter));
  const Json& model = member(root, "model");
  TokenizerJson result;
  result.is_bpe = check_is_bpe(model, where);
  result.vocabulary = filter.take_vocabulary();
  result.merges = filter.take_merges();
  if (!member(model, "vocab").is_object())
    fail(where, "model.vocab is not an object of tokens and their ids");
  if (result.is_bpe) {
    check_bpe(model, where);
    result.fuse_unk = member(model, "fuse_unk") == true;
  } else {
    result.unk_token = "[UNK]";
  }
  if (const Json& unk = member(model, "unk_token"); unk.is_string()) result.unk_token = unk;
  if (const Json& prefix = member(model, "continuing_subword_prefix"); prefix.is_string() && !result.is_bpe) {
    result.continuing_subword_prefix = prefix;
  }
  if (const Json& limit = member(model, "max_input_chars_per_word"); limit.is_number_unsigned()) {
    result.max_input_chars_per_word = limit.get<std::size_t>();
  }
  result.added_tokens = filter.take_added_tokens();
  if (const Json& others = member(root, "added_tokens"); others.is_array() && !others.empty())
    parse_added_token(others.front(), where);  // which is no object, and is refused
  result.normalizer = member(root, "normalizer");
  result.pre_tokenizer = member(root, "pre_tokenizer");
  result.post_processor = member(root, "post_processor");
  result.decoder = member(root, "decoder");
  return result;
}

}  // namespace bertune::text
