#include "text/byte_level/byte_level_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "bertune/error.h"
#include "core/utf8.h"
#include "text/byte_level/byte_level.h"
#include "text/byte_level/byte_level_words.h"
#include "text/run_lookup.h"

namespace bertune::text {
namespace {

bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

// The key of a short word; a zero byte has none, for keys end with zeros.
bool has_key(std::string_view word) {
  return word.size() <= RunCache::kShort && word.find('\0') == std::string_view::npos;
}

}  // namespace

ByteLevelEncoder::ByteLevelEncoder(const TokenizerSpec& spec, const Vocabulary& vocabulary)
    : pairs_(spec.byte_level->merges, vocabulary, spec.source),
      use_regex_(spec.byte_level->use_regex),
      fuse_unk_(spec.byte_level->fuse_unk),
      owner_(next_cache_owner()) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string token;
    append_utf8(token, byte_character(static_cast<unsigned char>(byte)));
    byte_ids_[byte] = vocabulary.find(token);
    complete_ = complete_ && byte_ids_[byte] >= 0;
  }
  sizes_.reserve(static_cast<std::size_t>(vocabulary.id_limit()));
  for (std::int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    const std::string& token = vocabulary.token(id);
    sizes_.push_back(static_cast<std::uint32_t>(
        std::count_if(token.begin(), token.end(), [](char byte) { return !continues_character(byte); })));
  }
  const std::string& unk = spec.byte_level->unk_token;
  if (complete_ || unk.empty()) return;
  unk_ = vocabulary.find(unk);
  if (unk_ < 0) {
    throw Error(
        fmt::format("{}: the vocabulary lacks tokens for some bytes, and the token \"{}\" that is to "
                    "stand for them",
                    spec.source, unk));
  }
}

// A byte's span is that of its character; the space before all has that of the first one.
Span ByteLevelEncoder::Input::span(std::size_t begin, std::size_t end) const {
  if (prefixed && end == 1) end = 2;
  while (begin > 0 && continues_character(bytes[begin])) --begin;
  while (end < bytes.size() && continues_character(bytes[end])) ++end;
  const std::size_t shift = prefixed ? 1 : 0;
  return {base + static_cast<std::uint32_t>(std::max(begin, shift) - shift),
          base + static_cast<std::uint32_t>(end - shift)};
}

ByteLevelEncoder::Input ByteLevelEncoder::input(std::string_view segment, std::uint32_t base,
                                                bool prefix_space, EncodeScratch& scratch) const {
  if (!prefix_space || segment.starts_with(' ')) return {segment, base, false};
  scratch.prefixed.assign(1, ' ').append(segment);
  return {scratch.prefixed, base, true};
}

std::size_t ByteLevelEncoder::end_of_word(std::string_view bytes, std::size_t position) const {
  return use_regex_ ? word_end(bytes, position) : bytes.size();
}

void ByteLevelEncoder::encode(std::string_view segment, std::uint32_t base, bool prefix_space,
                              EncodeScratch& scratch, TokenSink& sink) const {
  const Input given = input(segment, base, prefix_space, scratch);
  if (!sink.tokens->with_spans()) return encode_ids(given.bytes, scratch, sink);
  return complete_ ? encode_with_spans(given, scratch, sink) : encode_words_plainly(given, scratch, sink);
}

void ByteLevelEncoder::encode_plainly(std::string_view segment, std::uint32_t base, bool prefix_space,
                                      EncodeScratch& scratch, TokenSink& sink) const {
  encode_words_plainly(input(segment, base, prefix_space, scratch), scratch, sink);
}

void ByteLevelEncoder::encode_ids(std::string_view bytes, EncodeScratch& scratch, TokenSink& sink) const {
  RunCache& cache = scratch.caches.of(owner_);
  if (!use_regex_) return append_ids(bytes, cache, scratch, *sink.tokens);
  const auto begins_beyond_ascii = [&](std::size_t position) {
    position += bytes[position] == ' ' && position + 1 < bytes.size() ? 1 : 0;
    return !is_ascii(bytes[position]);
  };
  for (std::size_t position = 0; position < bytes.size();) {
    const WordBlock block(bytes, position);
    look_up_runs(block, false, cache, *sink.tokens, [&](std::size_t begin, std::size_t length) {
      encode_new_word(bytes.substr(position + begin, length), cache, scratch, *sink.tokens);
    });
    position += block.size();
    for (bool stops = block.stops(); stops;) {
      const std::size_t end = word_end(bytes, position);
      append_ids(bytes.substr(position, end - position), cache, scratch, *sink.tokens);
      position = end;
      stops = position < bytes.size() && begins_beyond_ascii(position);
    }
  }
}

void ByteLevelEncoder::encode_with_spans(const Input& input, EncodeScratch& scratch, TokenSink& sink) const {
  RunCache& cache = scratch.caches.of(owner_);
  TokenBuffer& out = *sink.tokens;
  for (std::size_t begin = 0; begin < input.bytes.size();) {
    const std::size_t end = end_of_word(input.bytes, begin);
    const std::size_t first = out.size();
    append_ids(input.bytes.substr(begin, end - begin), cache, scratch, out);
    for (std::size_t i = first; i < out.size(); ++i) {
      const std::size_t size = sizes_[static_cast<std::size_t>(out.ids()[i])];
      out.spans()[i] = input.span(begin, begin + size);
      out.words()[i] = sink.words;
      begin += size;
    }
    ++sink.words;
  }
}

// The reference places tokens by the bytes of the characters that stand for the word's bytes, and dropped
// bytes take none, so that what is behind them moves.
void ByteLevelEncoder::encode_words_plainly(const Input& input, EncodeScratch& scratch,
                                            TokenSink& sink) const {
  const auto size_at = [&](std::size_t place) {
    return byte_character_size(static_cast<unsigned char>(input.bytes[place]));
  };
  for (std::size_t begin = 0, end = 0; begin < input.bytes.size(); begin = end, ++sink.words) {
    end = end_of_word(input.bytes, begin);
    merge(input.bytes.substr(begin, end - begin), scratch);
    std::size_t place = begin, before = 0, token = 0;  // before: character bytes of what is before `place`
    for (const Symbol& symbol : scratch.symbols) {
      while (before + size_at(place) <= token) before += size_at(place++);
      std::size_t behind = place, covered = before;
      token += symbol.length;
      while (covered < token) covered += size_at(behind++);
      sink.tokens->push(symbol.id, input.span(place, behind), sink.words);
    }
  }
}

void ByteLevelEncoder::append_ids(std::string_view word, RunCache& cache, EncodeScratch& scratch,
                                  TokenBuffer& out) const {
  if (has_key(word)) {
    const RunKey key = run_key(word, false);
    const RunCache::Entry& entry = RunCache::entry(cache.bucket(key), key);
    if (entry.key == key) return out.append(std::span(entry.ids).first(entry.count));
  }
  encode_new_word(word, cache, scratch, out);
}

// Encodes a word that has no entry.
void ByteLevelEncoder::encode_new_word(std::string_view word, RunCache& cache, EncodeScratch& scratch,
                                       TokenBuffer& out) const {
  const bool keep = word.size() <= RunCache::kLongest;
  if (const auto ids = keep ? cache.find(word) : std::span<const std::int32_t>(); !ids.empty()) {
    return append_record(ids, out);
  }
  merge(word, scratch);
  const std::size_t first = out.size();
  for (const Symbol& symbol : scratch.symbols) out.push(symbol.id, {}, 0);
  const std::span<const std::int32_t> ids(out.ids() + first, out.size() - first);
  if (has_key(word) && ids.size() <= RunCache::kFew) {
    cache.add_entry(run_key(word, false), ids);
  } else if (keep && !ids.empty()) {
    cache.insert(word, ids);
  }
}

// The symbols of a word, their lengths in bytes of the characters that stand for its bytes.
void ByteLevelEncoder::merge(std::string_view word, EncodeScratch& scratch) const {
  std::vector<Symbol>& symbols = scratch.symbols;
  symbols.clear();
  bool behind_unknown = false;
  for (const char letter : word) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool unknown = byte_ids_[byte] < 0;
    if (unknown && unk_ < 0) continue;
    if (unknown && behind_unknown && fuse_unk_) {
      symbols.back().length += byte_character_size(byte);
      continue;
    }
    symbols.push_back({unknown ? unk_ : byte_ids_[byte], byte_character_size(byte)});
    behind_unknown = unknown;
  }
  pairs_.merge(symbols, scratch.merging);
}

}  // namespace bertune::text
