#include "tasks/language_modelling/sentence_pairs.h"

#include <algorithm>

namespace bertune::tasks {
namespace {

struct TokenRange {
  std::int64_t begin = 0, size = 0;
};

// The document and the place in it where a random B begins.
std::int64_t random_sentence(const data::TokenizedDocuments& documents, std::int64_t not_of, Random& random,
                             std::int64_t& end) {
  auto document = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(documents.size() - 1)));
  document += document >= not_of ? 1 : 0;
  const std::int64_t begin = documents.document_begin(document);
  end = documents.document_begin(document + 1);
  return begin + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end - begin)));
}

TokenRange random_next(const data::TokenizedDocuments& documents, std::int64_t not_of, std::int64_t target,
                       Random& random) {
  std::int64_t end = 0;
  std::int64_t sentence = random_sentence(documents, not_of, random, end);
  TokenRange range{documents.sentence_begin(sentence), 0};
  do {
    range.size += documents.sentence_size(sentence++);
  } while (sentence < end && range.size < target);
  return range;
}

void truncate_pair(TokenRange& first, TokenRange& second, std::int64_t room, Random& random) {
  while (first.size + second.size > room) {
    TokenRange& longer = first.size > second.size ? first : second;
    --longer.size;
    longer.begin += random.next() & 1;
  }
}

// Walks the sentences of one document, knowing where their tokens are.
class Cursor {
 public:
  Cursor(const data::TokenizedDocuments& documents, std::int64_t sentence)
      : documents_(&documents), sentence_(sentence), token_(documents.sentence_begin(sentence)) {}

  std::int64_t sentence() const { return sentence_; }
  std::int64_t token() const { return token_; }
  std::int64_t size() const { return documents_->sentence_size(sentence_); }
  void forward() { token_ += documents_->sentence_size(sentence_++); }
  void back() { token_ -= documents_->sentence_size(--sentence_); }

 private:
  const data::TokenizedDocuments* documents_;
  std::int64_t sentence_, token_;
};

TokenRange between(const Cursor& begin, const Cursor& end) {
  return {begin.token(), end.token() - begin.token()};
}

}  // namespace

void append_sentence_pairs(const data::TokenizedDocuments& documents, std::int64_t document,
                           std::int64_t room, double short_seq_prob, Random random,
                           std::vector<RowTokens>& rows) {
  const std::int64_t begin = documents.document_begin(document), end = documents.document_begin(document + 1);
  for (Cursor first(documents, begin); first.sentence() < end;) {
    const bool is_short = random.uniform() < short_seq_prob;
    const std::int64_t target =
        is_short ? 2 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room - 1))) : room;
    Cursor last = first;  // behind the sentences gathered
    do {
      last.forward();
    } while (last.sentence() < end && last.token() - first.token() < target);
    const bool is_next_due = random.uniform() < 0.5;
    if (is_next_due && last.sentence() - first.sentence() == 1) {
      if (last.sentence() < end) {
        last.forward();
      } else if (first.sentence() > begin) {
        first.back();
      }
    }
    const std::int64_t gathered = last.sentence() - first.sentence();
    Cursor middle = first;
    middle.forward();
    if (gathered > 1) {
      for (std::uint64_t more = random.below(static_cast<std::uint64_t>(gathered - 1)); more > 0; --more)
        middle.forward();
    }
    const bool is_next = is_next_due && gathered > 1;
    TokenRange a = between(first, middle), b = between(middle, last);
    if (!is_next) b = random_next(documents, document, target - a.size, random);
    truncate_pair(a, b, room, random);
    rows.push_back(
        {a.begin, b.begin, static_cast<std::uint16_t>(a.size), static_cast<std::uint16_t>(b.size), !is_next});
    first = is_next ? last : middle;
  }
}

void append_blocks(const data::TokenizedDocuments& documents, std::int64_t document, std::int64_t room,
                   Random random, std::vector<RowTokens>& rows) {
  const std::int64_t last = documents.document_begin(document + 1) - 1;
  Cursor sentence(documents, documents.document_begin(document));
  const std::int64_t end = documents.sentence_begin(last) + documents.sentence_size(last);
  std::int64_t begin = sentence.token(), target = room;
  if (end - begin > room)
    target = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(room)));
  while (begin < end) {
    std::int64_t stop = begin;  // the last border between sentences that fits
    for (; sentence.sentence() <= last && sentence.token() + sentence.size() - begin <= target;
         sentence.forward()) {
      stop = sentence.token() + sentence.size();
    }
    if (stop == begin) {  // the first sentence does not fit
      stop = std::min(sentence.token() + sentence.size(), begin + room);
      if (stop == sentence.token() + sentence.size()) sentence.forward();
    }
    rows.push_back({begin, 0, static_cast<std::uint16_t>(stop - begin), 0, false});
    begin = stop;
    target = room;
  }
}

}  // namespace bertune::tasks
