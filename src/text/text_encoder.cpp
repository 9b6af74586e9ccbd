#include "text/text_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/utf8.h"

namespace bertune::text {
namespace {

// A normalised text, its characters, and where each begins in the UTF-8.
struct NormalizedText {
  std::string utf8;
  std::vector<NormalizedCharacter> characters;
  std::vector<std::uint32_t> first_bytes;

  void operator()(const NormalizedCharacter& character, std::uint16_t /*properties*/) {
    first_bytes.push_back(static_cast<std::uint32_t>(utf8.size()));
    characters.push_back(character);
    append_utf8(utf8, character.value);
  }
  std::size_t character_at(std::size_t byte) const {
    return static_cast<std::size_t>(std::lower_bound(first_bytes.begin(), first_bytes.end(), byte) -
                                    first_bytes.begin());
  }
};

NormalizedText normalize(std::string_view text, std::uint32_t base, const NormalizerOptions& options,
                         MarkRun& marks) {
  NormalizedText result;
  Normalizer<NormalizedText>(options, marks, result).normalize(text, base);
  return result;
}

// Each content once, with the flags given last; a token that the vocabulary lacks gets the next free id.
std::vector<AddedToken> assign_ids(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  std::vector<AddedToken> result;
  std::unordered_map<std::string_view, std::size_t> places;
  std::int32_t next = vocabulary.id_limit();
  for (const AddedToken& listed : spec.added_tokens) {
    if (listed.content.empty()) continue;
    if (const auto known = places.find(listed.content); known != places.end()) {
      AddedToken& token = result[known->second];
      const std::int32_t id = token.id;
      token = listed;
      token.id = id;
      continue;
    }
    const std::int32_t found = vocabulary.find(listed.content), id = found >= 0 ? found : next++;
    if (listed.id >= 0 && listed.id != id) {
      throw Error(
          fmt::format("{}: added token \"{}\" is listed with id {}, but by the vocabulary its id is {}; the "
                      "files do not belong together or are damaged",
                      spec.source, listed.content, listed.id, id));
    }
    places.emplace(listed.content, result.size());
    result.push_back(listed);
    result.back().id = id;
  }
  return result;
}

std::int32_t require(const TokenizerSpec& spec, const Vocabulary& vocabulary, const std::string& token) {
  const std::int32_t id = vocabulary.find(token);
  // A file may list it among the added tokens instead, with an id of its own.
  const bool listed =
      std::any_of(spec.added_tokens.begin(), spec.added_tokens.end(),
                  [&](const AddedToken& added) { return added.content == token && added.id >= 0; });
  if (id < 0 && !listed) {
    throw Error(
        fmt::format("{}: the vocabulary has no {}, which BERT cannot do without: is this the vocabulary of a "
                    "BERT model?",
                    spec.source, token));
  }
  return id;
}

std::int32_t require_unk(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  require(spec, vocabulary, spec.config.cls_token);
  require(spec, vocabulary, spec.config.sep_token);
  const std::int32_t id = require(spec, vocabulary, spec.config.unk_token);
  if (id < 0) throw Error(fmt::format("{}: {} is not in model.vocab", spec.source, spec.config.unk_token));
  return id;
}

std::vector<TokenEntry> checked_entries(TokenizerSpec& spec) {
  if (spec.vocabulary.empty()) throw Error(fmt::format("{}: the vocabulary is empty", spec.source));
  return std::move(spec.vocabulary);
}

}  // namespace

TextEncoder::TextEncoder(TokenizerSpec spec)
    : spec_(std::move(spec)),
      vocabulary_(checked_entries(spec_), spec_.continuing_subword_prefix, spec_.source),
      added_tokens_(assign_ids(spec_, vocabulary_)),
      segments_(WordPiece(vocabulary_, require_unk(spec_, vocabulary_), spec_.max_input_chars_per_word),
                normalizer_options(spec_)),
      matcher_(added_tokens_, patterns(false)),
      normalized_matcher_(added_tokens_, patterns(true)) {
  id_limit_ = vocabulary_.id_limit();
  for (std::size_t i = 0; i < added_tokens_.size(); ++i) {
    added_by_id_.emplace(added_tokens_[i].id, i);
    added_ids_.emplace(added_tokens_[i].content, added_tokens_[i].id);
    id_limit_ = std::max(id_limit_, added_tokens_[i].id + 1);
  }
}

// Of tokens that come to the same pattern the special ones go first, as in the reference.
std::vector<AddedTokenMatcher::Pattern> TextEncoder::patterns(bool normalized) const {
  std::vector<AddedTokenMatcher::Pattern> result;
  MarkRun marks;
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < added_tokens_.size(); ++i) {
      const AddedToken& token = added_tokens_[i];
      if (token.normalized != normalized || token.special != special) continue;
      result.push_back(
          {normalized ? normalize(token.content, 0, segments_.options(), marks).utf8 : token.content, i});
    }
  }
  return result;
}

std::int32_t TextEncoder::find(std::string_view token) const {
  const auto added = added_ids_.find(std::string(token));
  return added != added_ids_.end() ? added->second : vocabulary_.find(token);
}

const AddedToken* TextEncoder::added_token(std::int32_t id) const {
  const auto found = added_by_id_.find(id);
  return found == added_by_id_.end() ? nullptr : &added_tokens_[found->second];
}

std::uint32_t TextEncoder::encode(const ValidText& valid, const TextEncoderOptions& options,
                                  EncodeScratch& scratch, TokenBuffer& tokens) const {
  TokenSink sink{&tokens, 0, 0};
  const std::string_view text = valid.view();
  std::size_t from = 0, taken = 0;
  while (const auto match = matcher_.next(text, from, taken, options.split_special_tokens)) {
    encode_between(text, taken, match->begin, options, scratch, sink);
    const AddedToken& token = added_tokens_[match->token];
    sink.special += token.special ? 1 : 0;
    tokens.push(token.id, {static_cast<std::uint32_t>(match->begin), static_cast<std::uint32_t>(match->end)},
                sink.words++);
    taken = match->end;
  }
  encode_between(text, taken, text.size(), options, scratch, sink);
  return sink.special;
}

void TextEncoder::encode_between(std::string_view text, std::size_t begin, std::size_t end,
                                 const TextEncoderOptions& options, EncodeScratch& scratch,
                                 TokenSink& sink) const {
  if (begin >= end) return;
  const std::string_view segment = text.substr(begin, end - begin);
  const auto base = static_cast<std::uint32_t>(begin);
  if (!normalized_matcher_.empty()) {
    encode_with_normalized_tokens(segment, base, options, scratch, sink);
  } else if (options.plainly) {
    segments_.encode_plainly(segment, base, scratch, sink);
  } else {
    segments_.encode(segment, base, scratch, sink);
  }
}

void TextEncoder::encode_with_normalized_tokens(std::string_view segment, std::uint32_t base,
                                                const TextEncoderOptions& options, EncodeScratch& scratch,
                                                TokenSink& sink) const {
  const NormalizedText text = normalize(segment, base, segments_.options(), scratch.marks);
  const auto encode_range = [&](std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    const std::size_t first = text.character_at(begin), last = text.character_at(end);
    segments_.encode_normalized(std::span(text.characters).subspan(first, last - first), scratch, sink);
  };
  std::size_t from = 0, taken = 0;
  while (const auto match = normalized_matcher_.next(text.utf8, from, taken, options.split_special_tokens)) {
    encode_range(taken, match->begin);
    const AddedToken& token = added_tokens_[match->token];
    sink.special += token.special ? 1 : 0;
    const NormalizedCharacter& first = text.characters[text.character_at(match->begin)];
    const NormalizedCharacter& last = text.characters[text.character_at(match->end) - 1];
    sink.tokens->push(token.id, {first.begin, last.end}, sink.words++);
    taken = match->end;
  }
  encode_range(taken, text.utf8.size());
}

}  // namespace bertune::text
