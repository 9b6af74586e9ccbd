#include "report/vocabulary_report.h"

#include <fmt/format.h>

#include "report/table.h"

namespace bertune::report {
namespace {

double part_of(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::int64_t pieces_that_continue(const BuiltVocabulary& built) {
  std::int64_t count = 0;
  for (const std::string& token : built.tokens) count += token.starts_with("##") ? 1 : 0;
  return count;
}

// The word that pieces came from.
std::string joined(const std::vector<std::string>& pieces) {
  std::string word = pieces.front();
  for (std::size_t i = 1; i < pieces.size(); ++i) word += pieces[i].substr(2);
  return word;
}

std::string share_of_words(std::int64_t words, const VocabularyStatistics& statistics) {
  return fmt::format("{} of words ({})",
                     percent(static_cast<double>(words), static_cast<double>(statistics.words)),
                     grouped(words));
}

}  // namespace

std::string vocabulary_report(const BuiltVocabulary& built, const VocabularyOptions& options,
                              const Style& style) {
  const VocabularyStatistics& statistics = built.statistics;
  const std::int64_t special = 5 + options.unused_tokens, continuing = pieces_that_continue(built),
                     size = static_cast<std::int64_t>(built.tokens.size());
  Table texts({Align::left, Align::right}), vocabulary({Align::left, Align::right}),
      coverage({Align::left, Align::left}), examples({Align::left, Align::left});
  texts.add({"texts", grouped(statistics.texts)});
  texts.add({"words", grouped(statistics.words)});
  texts.add({"different words", grouped(statistics.distinct_words)});
  texts.add({"different characters", grouped(statistics.characters + statistics.dropped_characters)});
  vocabulary.add({"special tokens", grouped(special)});
  vocabulary.add({"pieces that begin a word", grouped(size - special - continuing)});
  vocabulary.add({"pieces that continue one (##)", grouped(continuing)});
  vocabulary.add({"tokens", grouped(size)});
  coverage.add({"one piece", share_of_words(statistics.whole_words, statistics)});
  coverage.add({"pieces a word", fmt::format("{:.3f}", part_of(statistics.pieces, statistics.words))});
  coverage.add({options.tokenizer.unk_token, share_of_words(statistics.unknown_words, statistics)});
  for (const std::vector<std::string>& pieces : statistics.examples) {
    examples.add({printable(joined(pieces)), printable(fmt::format("{}", fmt::join(pieces, " ")))});
  }
  std::string report;
  const auto section = [&](std::string_view title, const Table& table) {
    if (table.empty()) return;
    report += fmt::format("{}{}\n{}", report.empty() ? "" : "\n", style.bold(title), table.text());
  };
  section("Texts", texts);
  section("Vocabulary", vocabulary);
  section("On these texts", coverage);
  section("Common words of several pieces", examples);
  return report;
}

std::vector<std::string> vocabulary_notes(const BuiltVocabulary& built, const VocabularyOptions& options) {
  const VocabularyStatistics& statistics = built.statistics;
  std::vector<std::string> notes;
  const auto size = static_cast<std::int64_t>(built.tokens.size());
  if (size < options.vocab_size) {
    notes.push_back(
        fmt::format("the vocabulary has {} tokens, not {}: no further pair of pieces occurs {} or more times",
                    grouped(size), grouped(options.vocab_size), options.min_frequency));
  }
  if (statistics.dropped_characters > 0) {
    notes.push_back(fmt::format(
        "{} rare characters are not in the vocabulary, and words with them become {} (`limit_alphabet`)",
        grouped(statistics.dropped_characters), options.tokenizer.unk_token));
  }
  if (statistics.too_long_words > 0) {
    notes.push_back(fmt::format("{} words of more than 100 characters were left out: BERT reads such as {}",
                                grouped(statistics.too_long_words), options.tokenizer.unk_token));
  }
  if (statistics.malformed_sequences > 0) {
    notes.push_back(fmt::format("bytes that are not UTF-8 were replaced by U+FFFD at {} places",
                                grouped(statistics.malformed_sequences)));
  }
  return notes;
}

Json vocabulary_json(const BuiltVocabulary& built) {
  const VocabularyStatistics& statistics = built.statistics;
  Json examples = Json::object();
  for (const std::vector<std::string>& pieces : statistics.examples) examples[joined(pieces)] = pieces;
  return {{"vocab_size", built.tokens.size()},
          {"texts", statistics.texts},
          {"words", statistics.words},
          {"distinct_words", statistics.distinct_words},
          {"too_long_words", statistics.too_long_words},
          {"malformed_sequences", statistics.malformed_sequences},
          {"characters", statistics.characters},
          {"dropped_characters", statistics.dropped_characters},
          {"whole_word_share", part_of(statistics.whole_words, statistics.words)},
          {"pieces_per_word", part_of(statistics.pieces, statistics.words)},
          {"unknown_share", part_of(statistics.unknown_words, statistics.words)},
          {"examples", examples}};
}

}  // namespace bertune::report
