#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "bertune/error.h"
#include "bertune/vocabulary.h"
#include "core/parallel.h"
#include "text/learning/piece_learner.h"
#include "text/learning/vocabulary_statistics.h"
#include "text/learning/word_counter.h"
#include "text/tokenizer_spec.h"

namespace bertune {
namespace {

using text::PieceLearner;
using text::WordCounter;
using text::WordCounts;

constexpr std::int64_t kUnusedBeforeUnk = 99;  // as in the published vocabularies

void require_between(std::string_view option, std::string_view what, std::int64_t value, std::int64_t least,
                     std::int64_t most) {
  if (value >= least && value <= most) return;
  throw UsageError(std::string(option), fmt::format("{} (`{}`) is {}; it must be from {} to {}", what, option,
                                                    value, least, most));
}

std::vector<std::string> special_tokens(const VocabularyOptions& options) {
  const TokenizerConfig& config = options.tokenizer;
  std::vector<std::string> tokens = {config.pad_token};
  std::int64_t unused = 0;
  const auto add_unused = [&](std::int64_t until) {
    for (; unused < until; ++unused) tokens.push_back(fmt::format("[unused{}]", unused));
  };
  add_unused(std::min(options.unused_tokens, kUnusedBeforeUnk));
  for (const std::string& token : {config.unk_token, config.cls_token, config.sep_token, config.mask_token}) {
    tokens.push_back(token);
  }
  add_unused(options.unused_tokens);
  return tokens;
}

// The most frequent characters, in the order of code points; equally frequent ones are chosen in that order
// too.
std::vector<char32_t> choose_alphabet(const WordCounts& words, std::int64_t limit,
                                      VocabularyStatistics& statistics) {
  std::map<char32_t, std::uint64_t> counts;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words.word(i);
    for (std::size_t position = 0; position < word.size();) {
      counts[text::next_code_point(word, position)] += words.count(i);
    }
  }
  std::vector<char32_t> characters;
  characters.reserve(counts.size());
  for (const auto& [character, count] : counts) characters.push_back(character);
  std::ranges::stable_sort(characters, [&](char32_t a, char32_t b) { return counts[a] > counts[b]; });
  const auto found = static_cast<std::int64_t>(characters.size());
  statistics.characters = std::min(found, limit);
  statistics.dropped_characters = found - statistics.characters;
  characters.resize(static_cast<std::size_t>(statistics.characters));
  std::ranges::sort(characters);
  return characters;
}

// The ids of a character's two pieces; one that is always a word of its own continues none.
struct CharacterPieces {
  std::optional<PieceLearner::PieceId> initial, continuing;
};
using Alphabet = std::unordered_map<char32_t, CharacterPieces>;

// Adds "c" for all characters, then "##c".
Alphabet add_alphabet(const std::vector<char32_t>& characters, std::uint16_t words_of_their_own,
                      const std::string& prefix, PieceLearner& learner) {
  Alphabet alphabet;
  const auto with_character = [](std::string piece, char32_t character) {
    append_utf8(piece, character);
    return piece;
  };
  for (const char32_t c : characters) alphabet[c].initial = learner.add_piece(with_character("", c));
  for (const char32_t c : characters) {
    if ((text::Unicode::instance().properties(c) & words_of_their_own) != 0) continue;
    alphabet[c].continuing = learner.add_piece(with_character(prefix, c));
  }
  return alphabet;
}

// Words with a character outside the alphabet teach nothing: they become [UNK] as a whole.
void add_words(const WordCounts& words, const Alphabet& alphabet, PieceLearner& learner) {
  std::vector<PieceLearner::PieceId> pieces;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words.word(i);
    pieces.clear();
    bool known = true;
    for (std::size_t position = 0; known && position < word.size();) {
      const auto found = alphabet.find(text::next_code_point(word, position));
      known = found != alphabet.end();
      if (known) pieces.push_back(*(pieces.empty() ? found->second.initial : found->second.continuing));
    }
    if (known) learner.add_word(pieces, words.count(i));
  }
}

}  // namespace

struct VocabularyBuilder::Implementation {
  explicit Implementation(const VocabularyOptions& given)
      : options(given), normalizer(text::normalizer_options(spec)) {}

  WordCounter* lend_counter() {
    const std::scoped_lock lock(mutex);
    if (free_counters.empty()) {
      counters.push_back(std::make_unique<WordCounter>(normalizer, spec.max_input_chars_per_word));
      return counters.back().get();
    }
    WordCounter* const counter = free_counters.back();
    free_counters.pop_back();
    return counter;
  }
  void take_back(WordCounter* counter) {
    const std::scoped_lock lock(mutex);
    free_counters.push_back(counter);
  }
  WordCounter& all_words();

  VocabularyOptions options;
  text::TokenizerSpec spec = text::spec_of_tokens({}, options.tokenizer);
  text::NormalizerOptions normalizer;
  std::mutex mutex;
  std::vector<std::unique_ptr<WordCounter>> counters;  // one for each thread that counts
  std::vector<WordCounter*> free_counters;
};

WordCounter& VocabularyBuilder::Implementation::all_words() {
  if (counters.empty()) lend_counter();
  for (; counters.size() > 1; counters.pop_back()) counters.front()->add(*counters.back());
  free_counters = {counters.front().get()};
  return *counters.front();
}

VocabularyBuilder::VocabularyBuilder(const VocabularyOptions& options) {
  constexpr std::int64_t kMostTokens = 10'000'000;
  require_between("vocab_size", "the size of the vocabulary", options.vocab_size, 1, kMostTokens);
  require_between("min_frequency", "the least frequency of a pair", options.min_frequency, 1, INT64_MAX);
  require_between("limit_alphabet", "the size of the alphabet", options.limit_alphabet, 1, INT64_MAX);
  require_between("unused", "the number of unused tokens", options.unused_tokens, 0, kMostTokens);
  implementation_ = std::make_unique<Implementation>(options);
}
VocabularyBuilder::VocabularyBuilder(VocabularyBuilder&&) noexcept = default;
VocabularyBuilder& VocabularyBuilder::operator=(VocabularyBuilder&&) noexcept = default;
VocabularyBuilder::~VocabularyBuilder() = default;

void VocabularyBuilder::add(const std::vector<std::string_view>& texts) {
  constexpr std::size_t kBlock = 64;
  parallel_for(block_count(static_cast<std::int64_t>(texts.size()), kBlock), [&](std::int64_t block) {
    WordCounter* const counter = implementation_->lend_counter();
    const std::size_t begin = static_cast<std::size_t>(block) * kBlock;
    for (std::size_t i = begin; i < std::min(begin + kBlock, texts.size()); ++i) counter->add(texts[i]);
    implementation_->take_back(counter);
  });
}

BuiltVocabulary VocabularyBuilder::build(const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const VocabularyOptions& options = implementation_->options;
  const WordCounter& counter = implementation_->all_words();
  const WordCounts& words = counter.words();
  if (words.size() == 0) {
    throw Error(fmt::format(
        "the texts hold no word of at most {} characters, so that no vocabulary can be built from them",
        implementation_->spec.max_input_chars_per_word));
  }
  BuiltVocabulary built;
  VocabularyStatistics& statistics = built.statistics;
  statistics.texts = static_cast<std::int64_t>(counter.texts());
  statistics.malformed_sequences = static_cast<std::int64_t>(counter.malformed_sequences());
  statistics.distinct_words = static_cast<std::int64_t>(words.size());
  statistics.too_long_words = static_cast<std::int64_t>(counter.too_long_words());

  const std::vector<char32_t> characters = choose_alphabet(words, options.limit_alphabet, statistics);
  const std::string& prefix = implementation_->spec.continuing_subword_prefix;
  PieceLearner learner(prefix, options.score, static_cast<std::uint64_t>(options.min_frequency));
  const Alphabet alphabet =
      add_alphabet(characters, text::words_of_their_own(implementation_->normalizer), prefix, learner);
  const auto special = 5 + options.unused_tokens, pieces = static_cast<std::int64_t>(learner.pieces().size());
  if (options.vocab_size - special < pieces) {
    throw UsageError(
        "vocab_size",
        fmt::format(
            "a vocabulary of {} tokens (`vocab_size`) is too small: {} special and unused tokens, and {} for "
            "the "
            "{} different characters of the texts, leave no room; make it larger, or the alphabet smaller "
            "(`limit_alphabet`)",
            options.vocab_size, special, pieces, statistics.characters));
  }
  add_words(words, alphabet, learner);
  learner.learn(static_cast<std::size_t>(options.vocab_size - special), [&](std::size_t done) {
    if (progress) progress(special + static_cast<std::int64_t>(done), options.vocab_size);
  });

  built.tokens = special_tokens(options);
  built.tokens.insert(built.tokens.end(), learner.pieces().begin(), learner.pieces().end());
  text::measure(words, built.tokens, options.tokenizer, statistics);
  return built;
}

}  // namespace bertune
