#include "data/documents/document_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/hash.h"
#include "core/parallel.h"

namespace bertune::data {
namespace {

constexpr std::size_t kDigits = 16;  // of a hash

}  // namespace

Texts texts_of(const TokenizedDocuments& documents, const std::string& set) {
  constexpr std::int64_t kBlock = 256;
  const std::int64_t size = std::min(documents.size(), kMostDocumentTexts);
  const auto hashes = std::make_shared<std::string>(static_cast<std::size_t>(size) * kDigits, '0');
  const auto first_token = [&](std::int64_t document) {
    return document < documents.size() ? documents.sentence_begin(documents.document_begin(document))
                                       : documents.tokens();
  };
  parallel_for(block_count(size, kBlock), [&](std::int64_t block) {
    std::vector<std::int32_t> ids;
    const std::int64_t end = std::min(size, (block + 1) * kBlock);
    if (block % 64 == 0) documents.release_pages();
    for (std::int64_t document = block * kBlock; document < end; ++document) {
      const std::int64_t first = first_token(document);
      ids.resize(static_cast<std::size_t>(first_token(document + 1) - first));
      documents.copy(first, ids);
      const std::string_view bytes(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(ids[0]));
      fmt::format_to(hashes->data() + static_cast<std::size_t>(document) * kDigits, "{:016x}",
                     quick_hash(bytes));
    }
  });
  Texts texts;
  texts.path = set;
  texts.size = size;
  texts.texts = [hashes](std::int64_t row) {
    return TextPair{std::string_view(*hashes).substr(static_cast<std::size_t>(row) * kDigits, kDigits), {}};
  };
  texts.line = [](std::int64_t) { return std::int64_t{0}; };
  texts.where = [set](std::int64_t row) { return fmt::format("document {} of {}", row + 1, set); };
  return texts;
}

}  // namespace bertune::data
