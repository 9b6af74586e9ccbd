#include "text/text_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"
#include "core/quoted.h"
#include "core/utf8.h"
#include "text/byte_level/byte_level.h"

namespace bertune::text {
namespace {

// A normalized text, its characters, and where each begins in the UTF-8.
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
    throw Error(fmt::format(
        "{}: the vocabulary has no {}, which {} cannot do without: is this the vocabulary of such a "
        "model?",
        spec.source, token, spec.byte_level ? "RoBERTa" : "BERT"));
  }
  return id;
}

std::int32_t require_unk(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
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
      matcher_(added_tokens_, patterns(false)),
      normalized_matcher_(added_tokens_, patterns(true)) {
  require(spec_, vocabulary_, spec_.config.cls_token);
  require(spec_, vocabulary_, spec_.config.sep_token);
  if (spec_.byte_level) {
    byte_level_.emplace(spec_, vocabulary_);
  } else {
    segments_.emplace(WordPiece(vocabulary_, require_unk(spec_, vocabulary_), spec_.max_input_chars_per_word),
                      normalizer_options(spec_));
  }
  id_limit_ = vocabulary_.id_limit();
  for (std::size_t i = 0; i < added_tokens_.size(); ++i) {
    added_by_id_.emplace(added_tokens_[i].id, i);
    added_ids_.emplace(added_tokens_[i].content, added_tokens_[i].id);
    id_limit_ = std::max(id_limit_, added_tokens_[i].id + 1);
  }
}

// The special ones of tokens that come to the same pattern go first, as in the reference.
std::vector<AddedTokenMatcher::Pattern> TextEncoder::patterns(bool normalized) const {
  std::vector<AddedTokenMatcher::Pattern> result;
  MarkRun marks;
  const NormalizerOptions options = normalizer_options(spec_);
  const bool changes = normalized && !spec_.byte_level;
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < added_tokens_.size(); ++i) {
      const AddedToken& token = added_tokens_[i];
      if (token.normalized != normalized || token.special != special) continue;
      result.push_back({changes ? normalize(token.content, 0, options, marks).utf8 : token.content, i});
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

// The reference trims in code points, as many as there are spaces in the token, whatever it stands for. The
// token of an added one is the text that it matched; but <unk> also stands for bytes.
Span TextEncoder::trimmed(std::string_view text, std::int32_t id, Span span, bool first) const {
  std::string_view token =
      vocabulary_.contains(id) ? std::string_view(vocabulary_.token(id)) : std::string_view();
  if (const AddedToken* added = added_token(id); added != nullptr) {
    const std::string_view matched = text.substr(span.begin, span.end - span.begin);
    if (matched.find(added->content) != std::string_view::npos) token = matched;
  }
  const auto [leading, trailing] = spaces_around(token);
  const auto continues = [&](std::uint32_t byte) { return continues_character(text[byte]); };
  // One space of the first token may be the prefix; several were all there before.
  const bool keeps = spec_.byte_level->trim_keeps_first_space && (first || span.begin == 0) && leading == 1;
  for (std::uint32_t i = 0; i < (keeps ? 0 : leading) && span.begin < span.end; ++i) {
    do ++span.begin;
    while (span.begin < span.end && continues(span.begin));
  }
  for (std::uint32_t i = 0; i < trailing && span.end > span.begin; ++i) {
    do --span.end;
    while (span.end > span.begin && continues(span.end));
  }
  return span;
}

template <typename Between, typename SpanOf>
void TextEncoder::cut_out(const AddedTokenMatcher& matcher, std::string_view text,
                          const TextEncoderOptions& options, TokenSink& sink, const Between& between,
                          const SpanOf& span_of) const {
  std::size_t from = 0, taken = 0;
  while (const auto match = matcher.next(text, from, taken, options.split_special_tokens)) {
    if (taken < match->begin) between(taken, match->begin);
    const AddedToken& token = added_tokens_[match->token];
    if (token.id >= embedded_limit_) {
      throw Error(fmt::format(
          "the text {} holds the added token {}, whose id is {}, but the model embeds only the ids below {} "
          "(vocab_size in config.json): leave it out of the texts, or take the model that it was added to",
          in_quotes(text), in_quotes(token.content), token.id, embedded_limit_));
    }
    sink.special += token.special ? 1 : 0;
    sink.tokens->push(token.id, span_of(*match), sink.words++);
    taken = match->end;
  }
  if (taken < text.size()) between(taken, text.size());
}

std::uint32_t TextEncoder::encode(const ValidText& valid, const TextEncoderOptions& options,
                                  EncodeScratch& scratch, TokenBuffer& tokens) const {
  TokenSink sink{&tokens, 0, 0};
  const std::string_view text = valid.view();
  cut_out(
      matcher_, text, options, sink,
      [&](std::size_t begin, std::size_t end) { encode_between(text, begin, end, options, scratch, sink); },
      [](const AddedTokenMatch& match) {
        return Span{static_cast<std::uint32_t>(match.begin), static_cast<std::uint32_t>(match.end)};
      });
  return sink.special;
}

void TextEncoder::encode_between(std::string_view text, std::size_t begin, std::size_t end,
                                 const TextEncoderOptions& options, EncodeScratch& scratch,
                                 TokenSink& sink) const {
  const std::string_view segment = text.substr(begin, end - begin);
  const auto base = static_cast<std::uint32_t>(begin);
  if (byte_level_) {
    encode_byte_level(segment, base, options, scratch, sink);
  } else if (!normalized_matcher_.empty()) {
    encode_with_normalized_tokens(segment, base, options, scratch, sink);
  } else if (options.plainly) {
    segments_->encode_plainly(segment, base, scratch, sink);
  } else {
    segments_->encode(segment, base, scratch, sink);
  }
}

// A byte-level text is not normalized, so that what is to be found in the normalized text is found in the
// text itself.
void TextEncoder::encode_byte_level(std::string_view segment, std::uint32_t base,
                                    const TextEncoderOptions& options, EncodeScratch& scratch,
                                    TokenSink& sink) const {
  const bool prefix_space = options.prefix_space || spec_.byte_level->add_prefix_space;
  cut_out(
      normalized_matcher_, segment, options, sink,
      [&](std::size_t begin, std::size_t end) {
        const std::string_view part = segment.substr(begin, end - begin);
        const std::uint32_t place = base + static_cast<std::uint32_t>(begin);
        if (options.plainly) {
          byte_level_->encode_plainly(part, place, prefix_space, scratch, sink);
        } else {
          byte_level_->encode(part, place, prefix_space, scratch, sink);
        }
      },
      [&](const AddedTokenMatch& match) {
        return Span{base + static_cast<std::uint32_t>(match.begin),
                    base + static_cast<std::uint32_t>(match.end)};
      });
}

void TextEncoder::encode_with_normalized_tokens(std::string_view segment, std::uint32_t base,
                                                const TextEncoderOptions& options, EncodeScratch& scratch,
                                                TokenSink& sink) const {
  const NormalizedText text = normalize(segment, base, segments_->options(), scratch.marks);
  cut_out(
      normalized_matcher_, text.utf8, options, sink,
      [&](std::size_t begin, std::size_t end) {
        const std::size_t first = text.character_at(begin), last = text.character_at(end);
        segments_->encode_normalized(std::span(text.characters).subspan(first, last - first), scratch, sink);
      },
      [&](const AddedTokenMatch& match) {
        return Span{text.characters[text.character_at(match.begin)].begin,
                    text.characters[text.character_at(match.end) - 1].end};
      });
}

}  // namespace bertune::text
