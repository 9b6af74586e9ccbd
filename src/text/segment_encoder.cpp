#include "text/segment_encoder.h"

#include <atomic>
#include <bit>

#include "core/utf8.h"

namespace bertune::text {
namespace {

// Sixteen bytes at a time in vectors of the compiler, which every target has.
using Bytes16 [[gnu::vector_size(16)]] = std::uint8_t;

// Room for tokens is made for a block of text at a time: n bytes of ASCII are at most n tokens; the slack is for the
// word that crosses the end of the block, and for what copying whole cache entries spills.
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
  WordCollector(const SegmentEncoder& encoder, bool use_cache, EncodeScratch& scratch, TokenSink& sink)
      : encoder_(encoder), use_cache_(use_cache), scratch_(scratch), sink_(sink) {
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
    encoder_.encode_word(scratch_.word, use_cache_, scratch_, sink_);
    scratch_.word.clear();
  }

 private:
  void append(const NormalizedCharacter& character) {
    Word& word = scratch_.word;
    word.characters.push_back({static_cast<std::uint32_t>(word.bytes.size()), character.begin, character.end});
    append_utf8(word.bytes, character.value);
  }

  const SegmentEncoder& encoder_;
  bool use_cache_;
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
    lower_[c] = static_cast<char>(options.lowercase && (properties & kLowers) != 0 ? lower_case(c).characters[0] : c);
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
  WordCollector collector(*this, false, scratch, sink);
  Normalizer<WordCollector>(options_, scratch.marks, collector).normalize(segment, base);
  collector.finish();
}

void SegmentEncoder::encode_normalized(std::span<const NormalizedCharacter> characters, EncodeScratch& scratch,
                                       TokenSink& sink) const {
  WordCollector collector(*this, options_.clean_text, scratch, sink);
  for (const NormalizedCharacter& character : characters) {
    collector(character, Unicode::instance().properties(character.value));
  }
  collector.finish();
}

const WordCache::Entry* SegmentEncoder::cached(const WordKey& key, std::string_view word,
                                               EncodeScratch& scratch) const {
  WordCache::Entry& entry = scratch.cache.entry(key);
  if (WordCache::holds(entry, key, owner_)) return &entry;
  word_piece_.tokenize(word, scratch.pieces);
  return WordCache::fill(entry, key, owner_, scratch.pieces) ? &entry : nullptr;
}

void SegmentEncoder::encode_word(const Word& word, bool use_cache, EncodeScratch& scratch, TokenSink& sink) const {
  const WordCache::Entry* entry = nullptr;
  if (use_cache && word.bytes.size() <= WordCache::kLongestWord) {
    entry = cached(word_key(word.bytes), word.bytes, scratch);  // fills scratch.pieces when it is null
  } else {
    word_piece_.tokenize(word.bytes, scratch.pieces);
  }
  const std::size_t count = entry != nullptr ? entry->count : scratch.pieces.size();
  std::size_t character = 0;
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Span span;
    end = entry != nullptr ? end + entry->lengths[i] : scratch.pieces[i].end;
    if (sink.with_spans) {
      span.begin = word.characters[character].begin;
      while (character < word.characters.size() && word.characters[character].first_byte < end) {
        span.end = word.characters[character++].end;
      }
    }
    sink.tokens->push(entry != nullptr ? entry->ids[i] : scratch.pieces[i].id, span, sink.words);
  }
  ++sink.words;
}

// A run that holds more than ASCII text, up to the next ASCII space or punctuation: nothing reaches across those.
std::size_t SegmentEncoder::encode_general_run(std::string_view segment, std::size_t begin, std::uint32_t base,
                                               EncodeScratch& scratch, TokenSink& sink) const {
  std::size_t end = begin;
  while (end < segment.size()) {
    const AsciiClass kind = classes_[static_cast<unsigned char>(segment[end])];
    if (kind == kSpace || kind == kPunct) break;
    ++end;
  }
  WordCollector collector(*this, true, scratch, sink);
  Normalizer<WordCollector>(options_, scratch.marks, collector)
      .normalize(segment.substr(begin, end - begin), base + static_cast<std::uint32_t>(begin));
  collector.finish();
  sink.tokens->reserve_more(kBlock + kSlack);
  return end;
}

// The word of ASCII letters and digits at `begin`, or the longer run that it is part of. Returns where that ends.
template <bool kWithSpans>
std::size_t SegmentEncoder::encode_ascii_word(std::string_view segment, std::size_t begin, std::uint32_t base,
                                              EncodeScratch& scratch, TokenSink& sink) const {
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
    return encode_general_run(segment, begin, base, scratch, sink);
  }
  const WordCache::Entry* entry = nullptr;
  const auto place = base + static_cast<std::uint32_t>(begin);
  if (end - begin <= WordCache::kLongestWord) {
    entry = &scratch.cache.entry(letters.lowered);
    if (!WordCache::holds(*entry, letters.lowered, owner_)) [[unlikely]] {
      std::array<char, 16> word;
      std::memcpy(word.data(), &letters.lowered, sizeof word);
      entry = cached(letters.lowered, {word.data(), end - begin}, scratch);
    }
  } else {
    scratch.word.bytes.resize(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      scratch.word.bytes[i - begin] = lower_[static_cast<unsigned char>(segment[i])];
    }
    word_piece_.tokenize(scratch.word.bytes, scratch.pieces);
  }
  TokenBuffer& out = *sink.tokens;
  if (entry != nullptr) [[likely]] {
    const std::size_t size = out.size();
    std::memcpy(out.ids() + size, entry->ids.data(), sizeof entry->ids);
    if constexpr (kWithSpans) {
      std::uint32_t from = place;
      for (std::size_t i = 0; i < entry->count; ++i) {
        out.spans()[size + i] = {from, from + entry->lengths[i]};
        out.words()[size + i] = sink.words;
        from += entry->lengths[i];
      }
    }
    out.set_size(size + entry->count);
  } else {
    for (const Piece& piece : scratch.pieces) {
      out.push(piece.id, {place + piece.begin, place + piece.end}, sink.words);
    }
  }
  ++sink.words;
  return end;
}

template <bool kWithSpans>
void SegmentEncoder::encode_fast(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                                 TokenSink& sink) const {
  TokenBuffer& out = *sink.tokens;
  std::size_t position = 0;
  while (position < segment.size()) {
    const std::size_t block_end = std::min(segment.size(), position + kBlock);
    out.reserve_more(kBlock + kSlack);
    while (position < block_end) {
      const auto byte = static_cast<unsigned char>(segment[position]);
      switch (classes_[byte]) {
        case kLetter:
          position = encode_ascii_word<kWithSpans>(segment, position, base, scratch, sink);
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
          position = encode_general_run(segment, position, base, scratch, sink);
          break;
      }
    }
  }
}

}  // namespace bertune::text
