#include "insight/data/tfidf.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"
#include "core/parallel.h"
#include "core/utf8.h"
#include "data/splits/text_index.h"
#include "text/unicode/unicode.h"

namespace bertune::insight {
namespace {

using Terms = std::vector<std::uint64_t>;  // hashes, with repetitions

bool is_word_character(char32_t point) {
  return (text::Unicode::instance().properties(point) & text::kWord) != 0;
}

void add_terms(std::string_view folded, Terms& terms) {
  std::uint64_t before = 0;
  for (const std::string_view word : words_of(folded)) {
    const std::uint64_t hash = quick_hash(word);
    terms.push_back(hash);
    if (before != 0) terms.push_back(before * 0x9E3779B97F4A7C15ULL ^ hash);
    before = hash;
  }
}

// The terms of each row, sorted.
std::vector<Terms> terms_of(const data::Texts& texts, const std::vector<std::int64_t>& rows) {
  constexpr std::int64_t kBlock = 256;
  std::vector<Terms> all(rows.size());
  const auto size = static_cast<std::int64_t>(rows.size());
  parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
    std::string folded;
    for (std::int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) {
      const auto place = static_cast<std::size_t>(i);
      data::fold(texts.texts(rows[place]), folded);
      const std::size_t middle = folded.find('\n');
      add_terms(std::string_view(folded).substr(0, middle), all[place]);
      add_terms(std::string_view(folded).substr(middle + 1), all[place]);
      std::ranges::sort(all[place]);
    }
  });
  return all;
}

// Calls use(term, times) for each different term of a row.
template <typename Use>
void for_each_term(const Terms& terms, const Use& use) {
  for (std::size_t i = 0; i < terms.size();) {
    std::size_t end = i + 1;
    while (end < terms.size() && terms[end] == terms[i]) ++end;
    use(terms[i], end - i);
    i = end;
  }
}

SparseRows features(const std::vector<Terms>& all,
                    const std::unordered_map<std::uint64_t, std::int32_t>& columns,
                    const std::vector<float>& idf) {
  SparseRows rows;
  rows.width = static_cast<std::int32_t>(idf.size());
  std::vector<std::pair<std::int32_t, float>> row;
  for (const Terms& terms : all) {
    row.clear();
    double squares = 0;
    for_each_term(terms, [&](std::uint64_t term, std::size_t times) {
      const auto found = columns.find(term);
      if (found == columns.end()) return;
      const double value =
          (1 + std::log(static_cast<double>(times))) * double{idf[static_cast<std::size_t>(found->second)]};
      squares += value * value;
      row.emplace_back(found->second, static_cast<float>(value));
    });
    std::ranges::sort(row);
    const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (const auto& [column, value] : row) {
      rows.columns.push_back(column);
      rows.values.push_back(static_cast<float>(value * scale));
    }
    rows.begins.push_back(rows.columns.size());
  }
  return rows;
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view folded) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < folded.size();) {
    const std::size_t begin = i;
    std::size_t characters = 0;
    while (i < folded.size()) {
      const CodePoint point = decode_utf8(folded, i);
      if (!is_word_character(point.value)) break;
      i += point.bytes;
      ++characters;
    }
    if (characters >= 2) words.push_back(folded.substr(begin, i - begin));
    if (i < folded.size()) i += decode_utf8(folded, i).bytes;
  }
  return words;
}

SparseRows TfIdf::fit(const data::Texts& texts, const std::vector<std::int64_t>& rows) {
  const std::vector<Terms> all = terms_of(texts, rows);
  std::vector<std::int64_t> frequencies;
  for (const Terms& terms : all) {
    for_each_term(terms, [&](std::uint64_t term, std::size_t) {
      const auto [found, is_new] = columns_.emplace(term, static_cast<std::int32_t>(frequencies.size()));
      if (is_new) frequencies.push_back(0);
      ++frequencies[static_cast<std::size_t>(found->second)];
    });
  }
  const auto count = static_cast<double>(rows.size());
  for (const std::int64_t frequency : frequencies)
    idf_.push_back(static_cast<float>(std::log((1 + count) / (1 + static_cast<double>(frequency))) + 1));
  return features(all, columns_, idf_);
}

SparseRows TfIdf::transform(const data::Texts& texts, const std::vector<std::int64_t>& rows) const {
  return features(terms_of(texts, rows), columns_, idf_);
}

}  // namespace bertune::insight
