// TF-IDF features of texts, as scikit-learn's TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True) makes
// them: words of two characters and more in lower case and pairs of neighboring ones, 1 + ln(tf), idf =
// ln((1 + n) / (1 + df)) + 1, rows of length 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/texts/texts.h"
#include "insight/data/sparse.h"

namespace bertune::insight {

class TfIdf {
 public:
  // Learns the vocabulary and its frequencies from some rows; returns their features.
  SparseRows fit(const data::Texts& texts, const std::vector<std::int64_t>& rows);
  // Returns the features of other rows; what was not seen in fit() is left out.
  SparseRows transform(const data::Texts& texts, const std::vector<std::int64_t>& rows) const;
  std::int32_t width() const { return static_cast<std::int32_t>(idf_.size()); }

 private:
  std::unordered_map<std::uint64_t, std::int32_t> columns_;  // by the hash of a term
  std::vector<float> idf_;
};

// The words of a text in lower case, of two characters and more; "\b\w\w+\b" of Python.
std::vector<std::string_view> words_of(std::string_view folded);

}  // namespace bertune::insight
