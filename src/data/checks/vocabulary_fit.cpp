#include "data/checks/vocabulary_fit.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/utf8.h"
#include "data/checks/finding_parts.h"

namespace bertune::data {
namespace {

struct Script {
  std::string_view name;
  char32_t first, last;
  bool blanks = true;  // whether blanks divide words
};

// Blocks of Unicode that hold the letters of most written languages.
constexpr std::array kScripts = std::to_array<Script>({
    {"Latin", U'A', 0x24F},
    {"Greek", 0x370, 0x3FF},
    {"Cyrillic", 0x400, 0x52F},
    {"Armenian", 0x530, 0x58F},
    {"Hebrew", 0x590, 0x5FF},
    {"Arabic", 0x600, 0x77F},
    {"Devanagari", 0x900, 0x97F},
    {"Bengali", 0x980, 0x9FF},
    {"Gurmukhi", 0xA00, 0xA7F},
    {"Gujarati", 0xA80, 0xAFF},
    {"Tamil", 0xB80, 0xBFF},
    {"Telugu", 0xC00, 0xC7F},
    {"Kannada", 0xC80, 0xCFF},
    {"Malayalam", 0xD00, 0xD7F},
    {"Sinhala", 0xD80, 0xDFF},
    {"Thai", 0xE00, 0xE7F, false},
    {"Lao", 0xE80, 0xEFF, false},
    {"Tibetan", 0xF00, 0xFFF, false},
    {"Burmese", 0x1000, 0x109F, false},
    {"Georgian", 0x10A0, 0x10FF},
    {"Ethiopic", 0x1200, 0x137F},
    {"Khmer", 0x1780, 0x17FF, false},
    {"Kana", 0x3040, 0x30FF, false},
    {"Han", 0x3400, 0x9FFF, false},
    {"Hangul", 0xAC00, 0xD7AF},
});

// Returns the script of a word of letters; null for words with digits, signs, or of no listed script.
const Script* script_of(std::string_view word, std::size_t& letters) {
  letters = 0;
  const Script* script = nullptr;
  for (std::size_t i = 0; i < word.size(); ++letters) {
    const CodePoint point = decode_utf8(word, i);
    i += point.bytes;
    const auto* const found = std::ranges::find_if(kScripts, [&](const Script& candidate) {
      return point.value >= candidate.first && point.value <= candidate.last;
    });
    if (found == kScripts.end()) return nullptr;
    if (script == nullptr) script = found;
  }
  return script;
}

struct WordsOfScript {
  std::int64_t words = 0, letters = 0, pieces = 0, unknown_words = 0, tokens_unknown = 0;
  std::vector<std::int64_t> rows;
};

// Counts the words of a sample of rows, each distinct word tokenized once.
class Sample {
 public:
  Sample(const NamedTexts& set, const BertTokenizer& tokenizer) {
    constexpr std::int64_t kRows = 2000;
    std::unordered_map<std::string, std::pair<std::int64_t, std::int64_t>> counts;  // words: how many, a row
    const std::int64_t stride = stride_for(set.texts.size, kRows);
    for (std::int64_t row = 0; row < set.texts.size; row += stride) {
      const TextPair pair = set.texts.texts(row);
      for (const std::string_view text : {pair.first, pair.second})
        for_each_word(text, [&](std::string_view word) {
          ++counts.try_emplace(std::string(word), 0, row).first->second.first;
        });
    }
    std::vector<std::string_view> words;
    for (const auto& [word, count] : counts) words.push_back(word);
    std::ranges::sort(words);
    EncodeOptions options;
    options.add_special_tokens = false, options.is_split_into_words = true;
    const std::vector<Encoding> encoded = tokenizer.encode_batch(words, {}, options);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::size_t letters = 0;
      const Script* script = script_of(words[i], letters);
      if (script == nullptr || (letters < 2 && script->blanks)) continue;
      const auto& [count, row] = counts.at(std::string(words[i]));
      WordsOfScript& of = scripts[script];
      const auto unknown = std::ranges::count(encoded[i].input_ids, tokenizer.unk_token_id());
      of.words += count, all += count;
      of.letters += count * static_cast<std::int64_t>(letters);
      of.pieces += count * static_cast<std::int64_t>(encoded[i].input_ids.size());
      of.tokens_unknown += count * unknown;
      of.unknown_words += unknown > 0 ? count : 0;
      if (of.rows.size() < 5) of.rows.push_back(row);
    }
  }

  std::map<const Script*, WordsOfScript> scripts;
  std::int64_t all = 0;
};

double ratio(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(1, whole));
}

// Words are read letter by letter, or as [UNK].
bool is_unread(const Script& script, const WordsOfScript& words) {
  if (!script.blanks) return ratio(words.tokens_unknown, words.pieces) >= 0.5;
  const bool in_letters = ratio(words.pieces, words.letters) >= 0.8 && ratio(words.letters, words.words) >= 3;
  return ratio(words.unknown_words, words.words) >= 0.5 || in_letters;
}

bool ignores_case(const BertTokenizer& tokenizer) {
  const std::string_view upper = "Berlin", lower = "berlin";
  return tokenizer.encode(upper).input_ids == tokenizer.encode(lower).input_ids;
}

}  // namespace

std::vector<Finding> check_vocabulary(std::span<const NamedTexts> sets, const CheckOptions& options) {
  constexpr double kManyPieces = 2.0, kShareOfScript = 0.02;
  constexpr std::int64_t kFewestWords = 20;
  std::vector<Finding> findings;
  if (options.tokenizer == nullptr || sets.empty()) return findings;
  const NamedTexts& train = sets.front();
  const Sample sample(train, *options.tokenizer);
  for (const auto& [script, words] : sample.scripts) {
    const double share = ratio(words.words, sample.all);
    if (words.words < kFewestWords || share < kShareOfScript) continue;
    const double pieces = ratio(words.pieces, words.words);
    const bool unread = is_unread(*script, words);
    if (!unread && !(script->blanks && pieces >= kManyPieces)) continue;
    Finding finding =
        make_finding(unread ? FindingKind::unknown_script : FindingKind::fragmented,
                     unread && share >= 0.5 ? Severity::error : Severity::warning, train, options);
    finding.unit = "word";
    finding.rows = words.words, finding.of_rows = sample.all;
    finding.detail = script->name, finding.value = pieces;
    finding.advice = "take a model whose vocabulary has the language and the script of the texts";
    for (const std::int64_t row : words.rows) finding.where.push_back(train.texts.where(row));
    findings.push_back(std::move(finding));
  }
  if (options.label == "tag" && ignores_case(*options.tokenizer)) {
    Finding finding = make_finding(FindingKind::cased_text, Severity::note, train, options);
    finding.rows = finding.of_rows;
    finding.advice = "compare with a cased model: capitals mark names";
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace bertune::data
