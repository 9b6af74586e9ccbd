#include "text/wordpiece/segment_encoder.h"

#include <algorithm>
#include <bit>
#include <string>

namespace bertune::text {

// Takes the characters of words, and encodes these.
class SegmentEncoder::WordCollector {
 public:
  WordCollector(const SegmentEncoder& encoder, EncodeScratch& scratch, TokenSink& sink)
      : encoder_(encoder),
        scratch_(scratch),
        word_(scratch.word),
        sink_(sink),
        with_spans_(sink.tokens->with_spans()) {
    word_.clear();
  }
  void append(const NormalizedCharacter& character) {
    if (with_spans_) {
      word_.characters.push_back(
          {static_cast<std::uint32_t>(word_.bytes.size()), character.begin, character.end});
    }
    word_.bytes.append(character.value);
  }
  void finish() {
    if (word_.bytes.size() == 0) return;
    encoder_.encode_word(word_, scratch_, sink_);
    word_.clear();
  }
  void single(const NormalizedCharacter& character) {
    if (character.value < 0x10000) {
      const std::int32_t id = encoder_.word_piece_.single(static_cast<char16_t>(character.value));
      sink_.tokens->push(id, {character.begin, character.end}, sink_.words++);
      return;
    }
    append(character);
    finish();
  }

 private:
  const SegmentEncoder& encoder_;
  EncodeScratch& scratch_;
  Word& word_;
  TokenSink& sink_;
  bool with_spans_;
};

SegmentEncoder::SegmentEncoder(const WordPiece& word_piece, const NormalizerOptions& options)
    : word_piece_(word_piece), options_(options), owner_(next_cache_owner()) {
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
  return sink.tokens->with_spans() ? encode_with_spans(segment, base, scratch, sink)
                                   : encode_ids(segment, scratch, sink);
}

void SegmentEncoder::encode_plainly(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                                    TokenSink& sink) const {
  encode_general_run(segment, base, scratch, sink);
}

void SegmentEncoder::encode_normalized(std::span<const NormalizedCharacter> characters,
                                       EncodeScratch& scratch, TokenSink& sink) const {
  WordCollector collector(*this, scratch, sink);
  WordSplitter<WordCollector> splitter(options_, collector);
  for (const NormalizedCharacter& character : characters) {
    splitter(character, Unicode::instance().properties(character.value));
  }
  collector.finish();
}

void SegmentEncoder::encode_word(const Word& word, EncodeScratch& scratch, TokenSink& sink) const {
  word_piece_.tokenize(word.bytes.view(), scratch.pieces);
  std::size_t character = 0;
  for (const Piece& piece : scratch.pieces) {
    Span span;
    if (!word.characters.empty()) {
      span.begin = word.characters[character].begin;
      while (character < word.characters.size() && word.characters[character].first_byte < piece.end) {
        span.end = word.characters[character++].end;
      }
    }
    sink.tokens->push(piece.id, span, sink.words);
  }
  ++sink.words;
}

bool SegmentEncoder::is_ascii_word(std::string_view run) const {
  return std::ranges::all_of(run, [&](char c) { return classes_[static_cast<unsigned char>(c)] == kLetter; });
}

// The ids of a word of ASCII letters and digits.
void SegmentEncoder::tokenize_ascii_word(std::string_view word, EncodeScratch& scratch,
                                         TokenBuffer& out) const {
  WordBytes& bytes = scratch.word.bytes;
  bytes.clear();
  for (const char letter : word) {
    bytes.append(static_cast<unsigned char>(lower_[static_cast<unsigned char>(letter)]));
  }
  word_piece_.tokenize(bytes.view(), scratch.pieces);
  for (const Piece& piece : scratch.pieces) out.push(piece.id, {}, 0);
}

void SegmentEncoder::encode_general_run(std::string_view run, std::uint32_t base, EncodeScratch& scratch,
                                        TokenSink& sink) const {
  WordCollector collector(*this, scratch, sink);
  WordSplitter<WordCollector> splitter(options_, collector);
  Normalizer<WordSplitter<WordCollector>>(options_, scratch.marks, splitter).normalize(run, base);
  collector.finish();
}

// The end of the run that continues, or ends, at `position`.
std::size_t SegmentEncoder::run_end(std::string_view segment, std::size_t position) const {
  for (;;) {
    for (; position + 16 <= segment.size(); position += 16) {
      const std::uint32_t others = ~bits_of(run_bytes(load16(segment.data() + position))) & 0xFFFF;
      if (others == 0) continue;
      position += static_cast<std::size_t>(std::countr_zero(others));
      break;
    }
    if (position >= segment.size()) return position;
    const AsciiClass kind = class_at(segment, position);
    if (kind == kSpace || kind == kPunct) return position;
    ++position;
  }
}

void SegmentEncoder::encode_with_spans(std::string_view segment, std::uint32_t base, EncodeScratch& scratch,
                                       TokenSink& sink) const {
  RunCache& cache = scratch.caches.of(owner_);
  for (std::size_t begin = 0; begin < segment.size();) {
    const auto place = base + static_cast<std::uint32_t>(begin);
    const AsciiClass kind = class_at(segment, begin);
    if (kind == kSpace || kind == kPunct) {
      const auto byte = static_cast<unsigned char>(segment[begin++]);
      if (kind == kPunct) sink.tokens->push(punctuation_ids_[byte], {place, place + 1}, sink.words++);
      continue;
    }
    const std::size_t end = run_end(segment, begin);
    const std::string_view run = segment.substr(begin, end - begin);
    if (is_ascii_word(run)) {
      const std::size_t first = sink.tokens->size();
      append_ids(run, cache, scratch, sink);
      set_spans_of_word(place, run.size(), first, sink);
    } else {
      encode_general_run(run, place, scratch, sink);
    }
    begin = end;
  }
}

// Sets the spans of an ASCII word, whose tokens are those from `first` on. Its pieces are as long as their
// tokens, so the cache need not keep where they end.
void SegmentEncoder::set_spans_of_word(std::uint32_t place, std::size_t size, std::size_t first,
                                       TokenSink& sink) const {
  TokenBuffer& out = *sink.tokens;
  std::uint32_t begin = place;
  for (std::size_t i = first; i < out.size(); ++i) {
    const bool last = i + 1 == out.size();  // [UNK] is the only one and stands for the whole word
    const std::uint32_t end = last ? place + static_cast<std::uint32_t>(size)
                                   : begin + word_piece_.piece_size(out.ids()[i], i > first);
    out.spans()[i] = {begin, end};
    out.words()[i] = sink.words;
    begin = end;
  }
  ++sink.words;
}

}  // namespace bertune::text
