#include "text/segment_encoder.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "core/utf8.h"

namespace bertune::text {
namespace {

// Sixteen bytes at a time in vectors of the compiler, which every target has.
using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;

// Room for tokens is made for a block of text at a time: n bytes of ASCII are at most n tokens; the slack is
// for the word that crosses the end of the block, and for what copying whole cache entries spills.
constexpr std::size_t kBlock = 4096, kSlack = WordCache::kLongestWord + WordCache::kMostPieces;

struct LeadingLetters {
  WordKey lowered;    // the letters and digits, lower-cased if asked, padded with zeros
  std::size_t count;  // how many there are, 0 to 16
};

constexpr std::array<std::uint8_t, 32> kKeepFirst = [] {
  std::array<std::uint8_t, 32> mask{};
  for (std::size_t i = 0; i < 16; ++i) mask[i] = 0xFF;
  return mask;
}();

LeadingLetters leading_letters(const char* text, bool lowercase) {
  Bytes16 bytes;
  std::memcpy(&bytes, text, sizeof bytes);
  const Bytes16 folded = bytes | 0x20;
  const auto letter = (folded - 'a') < 26;
  const auto digit = (bytes - '0') < 10;
  const std::array<std::uint64_t, 2> stops = std::bit_cast<std::array<std::uint64_t, 2>>(~(letter | digit));
  const std::size_t count = stops[0] != 0   ? static_cast<std::size_t>(std::countr_zero(stops[0])) / 8
                            : stops[1] != 0 ? 8 + static_cast<std::size_t>(std::countr_zero(stops[1])) / 8
                                            : 16;
  // Folding sets a bit that digits have already, so it is right for both.
  if (lowercase) bytes = folded;
  Bytes16 keep;
  std::memcpy(&keep, kKeepFirst.data() + 16 - count, sizeof keep);
  const auto key = std::bit_cast<std::array<std::uint64_t, 2>>(bytes & keep);
  return {{key[0], key[1]}, count};
}

std::uint32_t next_owner() {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

}  // namespace

// Takes normalised characters and cuts them into words.
class SegmentEncoder::WordCollector {
 public:
  WordCollector(const SegmentEncoder& encoder, WordCache* cache, EncodeScratch& scratch, TokenSink& sink)
      : encoder_(encoder), cache_(cache), scratch_(scratch), sink_(sink) {
    scratch_.word.clear();
  }
  void operator()(const NormalizedCharacter& character, std::uint16_t properties) {
    if ((properties & (kWhiteSpace | kPunctuation)) == 0) {
      append(character);
      return;
    }
    finish();
    if ((properties & kWhiteSpace) != 0) return;
    append(character);
    finish();
  }
  void finish() {
    if (scratch_.word.bytes.empty()) return;
    encoder_.encode_word(scratch_.word, cache_, scratch_, sink_);
    scratch_.word.clear();
  }

 private:
  void append(const NormalizedCharacter& character) {
    Word& word = scratch_.word;
    word.characters.push_back(
        {static_cast<std::uint32_t>(word.bytes.size()), character.begin, character.end});
    append_utf8(word.bytes, character.value);
  }

  const SegmentEncoder& encoder_;
  WordCache* cache_;  // null: none is used
  EncodeScratch& scratch_;
  TokenSink& sink_;
};

SegmentEncoder::SegmentEncoder(const WordPiece& word_piece, const NormalizerOptions& options)
    : word_piece_(word_piece), options_(options), owner_(next_owner()) {
  classes_.fill(kOther);
  std::vector<Piece> pieces;
  for (unsigned c = 0; c < 128; ++c) {
    const std::uint16_t properties = Unicode::instance().properties(c);
    const bool removed = options.clean_text && (properties & kRemoved) != 0;
    lower_[c] =
        static_cast<char>(options.lowercase && (properties & kLowers) != 0 ? lower_case(c).characters[0] : c);
    if ((properties & kWhiteSpace) != 0 && !removed) {
      classes_[c] = kSpace;
    } else if ((properties & kPunctuation) != 0) {
      classes_[c] = kPunct;
      word_piece_.tokenize(std::string(1, static_cast<char>(c)), pieces);
      punctuation_ids_[c] = pieces[0].id;
    } else if (!removed && (properties & kWord) != 0) {
      classes_[c] = kLetter;
    }
  }
}

void SegmentEncoder::encode(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                            TokenSink& sink) const {
  if (!options_.clean_text) return encode_plainly(segment, base, scratch, sink);  // words may hold zero bytes
  return sink.with_spans ? encode_fast<true>(segment, base, scratch, sink)
                         : encode_fast<false>(segment, base, scratch, sink);
}

void SegmentEncoder::encode_plainly(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                                    TokenSink& sink) const {
  WordCollector collector(*this, nullptr, scratch, sink);
  Normalizer<WordCollector>(options_, scratch.marks, collector).normalize(segment, base);
  collector.finish();
}

void SegmentEncoder::encode_normalized(std::span<const NormalizedCharacter> characters,
                                       EncodeScratch& scratch, TokenSink& sink) const {
  WordCollector collector(*this, options_.clean_text ? &scratch.caches.of(owner_) : nullptr, scratch, sink);
  for (const NormalizedCharacter& character : characters) {
    collector(character, Unicode::instance().properties(character.value));
  }
  collector.finish();
}

WordPieces SegmentEncoder::tokenize(std::string_view word, EncodeScratch& scratch) const {
  word_piece_.tokenize(word, scratch.pieces);
  scratch.ids.clear();
  scratch.ends.clear();
  for (const Piece& piece : scratch.pieces) {
    scratch.ids.push_back(piece.id);
    scratch.ends.push_back(piece.end);
  }
  return {scratch.ids.data(), scratch.ends.data(), nullptr, scratch.pieces.size()};
}

WordPieces SegmentEncoder::look_up(const WordKey& key, std::string_view word, WordCache& cache,
                                   EncodeScratch& scratch) const {
  const auto of = [](const auto& entry) {
    return WordPieces{entry.ids.data(), nullptr, entry.ends.data(), entry.count};
  };
  WordCache::SmallEntry& small = cache.small(key);
  if (small.key == key) return of(small);
  WordCache::WideEntry& wide = cache.wide(key);
  if (wide.key == key) return of(wide);
  const WordPieces pieces = tokenize(word, scratch);
  if (pieces.count <= small.ids.size()) {
    small.fill(key, scratch.pieces);
  } else if (pieces.count <= wide.ids.size()) {
    wide.fill(key, scratch.pieces);
  }
  return pieces;
}

void SegmentEncoder::encode_word(const Word& word, WordCache* cache, EncodeScratch& scratch,
                                 TokenSink& sink) const {
  const bool use_cache = cache != nullptr && word.bytes.size() <= WordCache::kLongestWord;
  const WordPieces pieces =
      use_cache ? look_up(word_key(word.bytes), word.bytes, *cache, scratch) : tokenize(word.bytes, scratch);
  std::size_t character = 0;
  for (std::size_t i = 0; i < pieces.count; ++i) {
    Span span;
    if (sink.with_spans) {
      span.begin = word.characters[character].begin;
      while (character < word.characters.size() && word.characters[character].first_byte < pieces.end(i)) {
        span.end = word.characters[character++].end;
      }
    }
    sink.tokens->push(pieces.ids[i], span, sink.words);
  }
  ++sink.words;
}

// A run that holds more than ASCII text, up to the next ASCII space or punctuation: nothing reaches across
// those.
std::size_t SegmentEncoder::encode_general_run(std::string_view segment, std::size_t begin,
                                               std::uint32_t base, WordCache& cache, EncodeScratch& scratch,
                                               TokenSink& sink) const {
  std::size_t end = begin;
  while (end < segment.size()) {
    const AsciiClass kind = classes_[static_cast<unsigned char>(segment[end])];
    if (kind == kSpace || kind == kPunct) break;
    ++end;
  }
  WordCollector collector(*this, &cache, scratch, sink);
  Normalizer<WordCollector>(options_, scratch.marks, collector)
      .normalize(segment.substr(begin, end - begin), base + static_cast<std::uint32_t>(begin));
  collector.finish();
  sink.tokens->reserve_more(kBlock + kSlack);
  return end;
}

// Appends a cached word that begins at byte `place` of the text; there must be room for four tokens.
template <bool kWithSpans>
void SegmentEncoder::append_entry(const WordCache::SmallEntry& entry, std::uint32_t place, TokenSink& sink) {
  TokenBuffer& out = *sink.tokens;
  const std::size_t size = out.size();
  // All ids that there might be, and what lies behind them in the entry: cheaper than a loop, and the next
  // tokens are written over what is none.
  std::memcpy(out.ids() + size, reinterpret_cast<const char*>(&entry) + sizeof entry.key,
              4 * sizeof(std::int32_t));
  if constexpr (kWithSpans) {
    std::uint32_t from = place;
    for (std::size_t i = 0; i < entry.count; ++i) {
      out.spans()[size + i] = {from, place + entry.ends[i]};
      out.words()[size + i] = sink.words;
      from = place + entry.ends[i];
    }
  }
  out.set_size(size + entry.count);
}

// The same of a word that was looked up or tokenized.
void SegmentEncoder::append_pieces(const WordPieces& pieces, std::uint32_t place, TokenSink& sink) {
  std::uint32_t from = place;
  for (std::size_t i = 0; i < pieces.count; ++i) {
    sink.tokens->push(pieces.ids[i], {from, place + pieces.end(i)}, sink.words);
    from = place + pieces.end(i);
  }
}

// The word of ASCII letters and digits at `begin`, or the longer run that it is part of. Returns where to go
// on.
template <bool kWithSpans>
std::size_t SegmentEncoder::encode_ascii_word(std::string_view segment, std::size_t begin, std::uint32_t base,
                                              WordCache& cache, EncodeScratch& scratch,
                                              TokenSink& sink) const {
  LeadingLetters letters;
  if (begin + 16 <= segment.size()) {
    letters = leading_letters(segment.data() + begin, options_.lowercase);
  } else {
    std::array<char, 16> padded{};
    std::memcpy(padded.data(), segment.data() + begin, segment.size() - begin);
    letters = leading_letters(padded.data(), options_.lowercase);
  }
  std::size_t end = begin + letters.count;
  if (letters.count == 16) {
    while (end < segment.size() && classes_[static_cast<unsigned char>(segment[end])] == kLetter) ++end;
  }
  if (end < segment.size() && classes_[static_cast<unsigned char>(segment[end])] == kOther) {
    return encode_general_run(segment, begin, base, cache, scratch, sink);
  }
  const std::size_t length = end - begin;
  const auto place = base + static_cast<std::uint32_t>(begin);
  const WordCache::SmallEntry& entry = cache.small(letters.lowered);
  if (entry.key == letters.lowered && length <= WordCache::kLongestWord) [[likely]] {
    append_entry<kWithSpans>(entry, place, sink);
  } else {
    std::string& word = scratch.word.bytes;
    word.resize(length);
    for (std::size_t i = 0; i < length; ++i) word[i] = lower_[static_cast<unsigned char>(segment[begin + i])];
    const WordPieces pieces = length <= WordCache::kLongestWord
                                  ? look_up(letters.lowered, word, cache, scratch)
                                  : tokenize(word, scratch);
    append_pieces(pieces, place, sink);
  }
  ++sink.words;
  // Most words are followed by a space: stepping over it here, without a branch, spares a turn of the loop.
  return end + (end < segment.size() && segment[end] == ' ' ? 1 : 0);
}

template <bool kWithSpans>
void SegmentEncoder::encode_fast(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                                 TokenSink& sink) const {
  TokenBuffer& out = *sink.tokens;
  WordCache& cache = scratch.caches.of(owner_);
  std::size_t position = 0;
  while (position < segment.size()) {
    const std::size_t block_end = std::min(segment.size(), position + kBlock);
    out.reserve_more(kBlock + kSlack);
    while (position < block_end) {
      const auto byte = static_cast<unsigned char>(segment[position]);
      switch (classes_[byte]) {
        case kLetter:
          position = encode_ascii_word<kWithSpans>(segment, position, base, cache, scratch, sink);
          break;
        case kSpace:
          ++position;
          break;
        case kPunct: {
          const auto place = base + static_cast<std::uint32_t>(position++);
          out.push(punctuation_ids_[byte], {place, place + 1}, sink.words++);
          break;
        }
        case kOther:
          position = encode_general_run(segment, position, base, cache, scratch, sink);
          break;
      }
    }
  }
}

}  // namespace bertune::text
