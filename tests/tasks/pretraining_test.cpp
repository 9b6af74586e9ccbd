#include "tasks/language_modelling/pretraining.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "bertune/error.h"
#include "core/parallel.h"
#include "tasks/pretraining_helpers.h"

namespace bertune::tasks {
namespace {

using ::testing::HasSubstr;
using namespace testing;
using Ids = std::vector<std::int32_t>;

constexpr std::int64_t kIds = 200000;  // more than any corpus here has tokens

// What a row was before masking, as places in the corpus. A row that is not [CLS] A [SEP] (B [SEP]), with
// token types and labels to match, fails the test.
struct Places {
  std::vector<std::int64_t> first, second;
  bool random_next = false;
};

Places places_of(const PretrainingRow& row, bool pair) {
  Places places;
  const std::size_t size = row.input_ids.size();
  EXPECT_EQ(row.token_type_ids.size(), size);
  EXPECT_EQ(row.labels.size(), size);
  EXPECT_EQ(row.input_ids.front(), kCls);
  EXPECT_EQ(row.input_ids.back(), kSep);
  std::int32_t type = 0;
  std::size_t separators = 0;
  for (std::size_t t = 1; t < size; ++t) {
    EXPECT_EQ(row.token_type_ids[t], type);
    if (row.input_ids[t] == kSep) {
      EXPECT_EQ(row.labels[t], -100);
      ++separators;
      type = 1;
      continue;
    }
    const std::int32_t original = row.labels[t] == -100 ? row.input_ids[t] : row.labels[t];
    EXPECT_GE(original, kSpecial);
    (type == 0 ? places.first : places.second).push_back(original - kSpecial);
  }
  EXPECT_EQ(separators, pair ? 2U : 1U);
  EXPECT_EQ(row.token_type_ids[0], 0);
  EXPECT_EQ(row.labels[0], -100);
  places.random_next = row.next_sentence_label == 1;
  return places;
}

bool is_contiguous(const std::vector<std::int64_t>& places) {
  return !places.empty() && places.back() - places.front() == static_cast<std::int64_t>(places.size()) - 1 &&
         std::is_sorted(places.begin(), places.end());
}

// Of each token of the corpus, its document and sentence.
struct Source {
  std::vector<std::int64_t> document, sentence;
  explicit Source(const data::TokenizedDocuments& documents) {
    for (std::int64_t d = 0; d < documents.size(); ++d) {
      for (std::int64_t s = documents.document_begin(d); s < documents.document_begin(d + 1); ++s) {
        document.insert(document.end(), static_cast<std::size_t>(documents.sentence_size(s)), d);
        sentence.insert(sentence.end(), static_cast<std::size_t>(documents.sentence_size(s)), s);
      }
    }
  }
  std::int64_t document_of(std::int64_t place) const { return document[static_cast<std::size_t>(place)]; }
  std::int64_t sentence_of(std::int64_t place) const { return sentence[static_cast<std::size_t>(place)]; }
  bool begins_sentence(std::int64_t place) const {
    return place == 0 || sentence_of(place) != sentence_of(place - 1);
  }
};

std::vector<PretrainingRow> all_rows(const PretrainingExamples& examples, std::int64_t epoch = 0) {
  std::vector<PretrainingRow> rows(static_cast<std::size_t>(examples.rows(epoch)));
  for (std::size_t i = 0; i < rows.size(); ++i) examples.row(epoch, static_cast<std::int64_t>(i), rows[i]);
  return rows;
}

bool same(const PretrainingRow& left, const PretrainingRow& right) {
  return left.input_ids == right.input_ids && left.token_type_ids == right.token_type_ids &&
         left.labels == right.labels && left.next_sentence_label == right.next_sentence_label;
}

bool same(const std::vector<PretrainingRow>& left, const std::vector<PretrainingRow>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auto& one, const auto& other) { return same(one, other); });
}

PretrainingOptions options_of(Objective objective, std::int64_t max_length) {
  PretrainingOptions options;
  options.objective = objective;
  options.max_length = max_length;
  return options;
}

class Pretraining : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tokenizer_ = new BertTokenizer(numbered_tokenizer(static_cast<std::int32_t>(kIds)));
  }
  static void TearDownTestSuite() {
    delete tokenizer_;
    tokenizer_ = nullptr;
  }
  static const BertTokenizer& tokenizer() { return *tokenizer_; }

 private:
  static inline BertTokenizer* tokenizer_ = nullptr;
};

// Token by token against the corpus: A and B are runs of it; a true B goes on where A ends; a random one is
// of another document.
TEST_F(Pretraining, PairsAreWhatTheySay) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(1, 400, 40, 20), kIds);
  const Source source(documents);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm_and_nsp, 64));
  std::int64_t true_pairs = 0, exact = 0;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      const Places places = places_of(row, true);
      ASSERT_TRUE(is_contiguous(places.first));
      ASSERT_TRUE(is_contiguous(places.second));
      ASSERT_LE(row.input_ids.size(), 64U);
      const std::int64_t document = source.document_of(places.first.front());
      EXPECT_EQ(source.document_of(places.first.back()), document);
      EXPECT_EQ(source.document_of(places.second.front()), source.document_of(places.second.back()));
      EXPECT_EQ(source.document_of(places.second.front()) != document, places.random_next);
      const bool whole = row.input_ids.size() < 64;  // nothing was truncated
      if (whole) {
        EXPECT_TRUE(source.begins_sentence(places.first.front()));
        EXPECT_TRUE(source.begins_sentence(places.second.front()));
      }
      if (places.random_next) continue;
      ++true_pairs;
      const std::int64_t gap = places.second.front() - places.first.back() - 1;
      EXPECT_GE(gap, 0);
      EXPECT_LT(gap, 20);  // truncation takes less than the last sentence's tokens
      if (whole) {
        EXPECT_EQ(gap, 0);
        ++exact;
      }
    }
  }
  EXPECT_GT(true_pairs, 3000);
  EXPECT_GT(exact, 500);
}

TEST_F(Pretraining, HalfOfTheNextSentencesAreTrue) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(2, 500, 30, 20), kIds);
  for (const std::int64_t max_length : {16, 64, 128}) {
    const PretrainingExamples examples(documents, tokenizer(),
                                       options_of(Objective::mlm_and_nsp, max_length));
    const Source source(documents);
    double rows = 0, random = 0;
    for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
      for (const PretrainingRow& row : all_rows(examples, epoch)) {
        const std::int64_t document = source.document_of(places_of(row, true).first.front());
        if (documents.document_begin(document + 1) - documents.document_begin(document) == 1) {
          EXPECT_EQ(row.next_sentence_label, 1);  // a document of one sentence has no true pair
          continue;
        }
        ++rows;
        random += row.next_sentence_label;
      }
    }
    EXPECT_GT(rows, 3000);
    EXPECT_NEAR(random / rows, 0.5, 5 * 0.5 / std::sqrt(rows)) << max_length;
  }
}

TEST_F(Pretraining, RandomDocumentsAndSentencesAreUniform) {
  // Four documents: each of the other three is as likely, and each of its sentences.
  const data::TokenizedDocuments documents =
      numbered_documents(Shape(4, std::vector<std::int64_t>(2000, 5)), kIds);
  const Source source(documents);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm_and_nsp, 13));
  std::vector<double> from(16, 0), fifth(5, 0);
  double random = 0;
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      const Places places = places_of(row, true);
      if (!places.random_next) continue;
      const std::int64_t b = source.document_of(places.second.front());
      ++from[static_cast<std::size_t>(source.document_of(places.first.front()) * 4 + b)];
      ++fifth[static_cast<std::size_t>((source.sentence_of(places.second.front()) - 2000 * b) / 400)];
      ++random;
    }
  }
  EXPECT_GT(random, 5000);
  for (std::size_t a = 0; a < 4; ++a) {
    const double rows = from[4 * a] + from[4 * a + 1] + from[4 * a + 2] + from[4 * a + 3];
    for (std::size_t b = 0; b < 4; ++b) {
      EXPECT_NEAR(from[4 * a + b] / rows, a == b ? 0 : 1.0 / 3, a == b ? 0 : 5 * std::sqrt(2.0 / 9 / rows));
    }
  }
  for (const double times : fifth) EXPECT_NEAR(times / random, 0.2, 5 * std::sqrt(0.16 / random));
}

// Sentences of 5 tokens and room for 20: nothing has to be truncated, so every token of the corpus is in an A
// or a true B, in every epoch.
TEST_F(Pretraining, EverySentenceIsUsed) {
  Shape shape = random_shape(3, 200, 25, 1);
  for (auto& sentences : shape) std::fill(sentences.begin(), sentences.end(), 5);
  const data::TokenizedDocuments documents = numbered_documents(shape, kIds);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm_and_nsp, 23));
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    std::set<std::int64_t> used;
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      const Places places = places_of(row, true);
      used.insert(places.first.begin(), places.first.end());
      if (!places.random_next) used.insert(places.second.begin(), places.second.end());
    }
    EXPECT_EQ(static_cast<std::int64_t>(used.size()), documents.tokens());
  }
}

TEST_F(Pretraining, TruncationIsAtBothEndsOfTheLonger) {
  // A and B of 30 tokens each, room for 20: each ends with 10, of any place of its sentence.
  const data::TokenizedDocuments documents = numbered_documents(Shape(300, {30, 30}), kIds);
  PretrainingOptions options = options_of(Objective::mlm_and_nsp, 23);
  options.short_seq_prob = 0;
  const PretrainingExamples examples(documents, tokenizer(), options);
  double cut_in_front = 0, rows = 0;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      const Places places = places_of(row, true);
      EXPECT_EQ(places.first.size(), 10U);
      EXPECT_EQ(places.second.size(), 10U);
      cut_in_front += static_cast<double>(places.first.front() % 30);
      ++rows;
    }
  }
  EXPECT_NEAR(cut_in_front / rows, 10, 5 * std::sqrt(20 * 0.25 / rows));
}

TEST_F(Pretraining, ATenthOfThePairsAreShort) {
  const data::TokenizedDocuments documents =
      numbered_documents(Shape(20, std::vector<std::int64_t>(5000, 1)), kIds);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm_and_nsp, 103));
  double rows = 0, shorter = 0;
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      ++rows;
      shorter += row.input_ids.size() < 103 ? 1 : 0;
    }
  }
  // One in 99 of the short targets is the full one; the ends of documents make some rows shorter.
  EXPECT_NEAR(shorter / rows, 0.1, 5 * std::sqrt(0.09 / rows) + 40 / (rows / 5));
}

// DOC-SENTENCES: the blocks of a document, one behind the other, are the document, and borders are between
// sentences wherever a sentence fits.
TEST_F(Pretraining, BlocksAreTheDocumentsInOrder) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(4, 300, 20, 60), kIds);
  const Source source(documents);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm, 42));
  std::set<std::int64_t> borders[2];
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::int64_t next = 0;
    for (const PretrainingRow& row : all_rows(examples, epoch)) {
      const Places places = places_of(row, false);
      ASSERT_TRUE(is_contiguous(places.first));
      EXPECT_EQ(places.first.front(), next);
      EXPECT_LE(row.input_ids.size(), 42U);
      EXPECT_EQ(row.next_sentence_label, 0);
      next = places.first.back() + 1;
      borders[epoch].insert(next);
      EXPECT_EQ(source.document_of(places.first.front()), source.document_of(next - 1));
      if (next == documents.tokens() || source.begins_sentence(next)) continue;
      EXPECT_EQ(row.input_ids.size(), 42U);
      EXPECT_EQ(source.sentence_of(places.first.front()), source.sentence_of(next));
    }
    EXPECT_EQ(next, documents.tokens());
  }
  EXPECT_NE(borders[0], borders[1]);
}

TEST_F(Pretraining, ADocumentThatFitsIsOneBlock) {
  const data::TokenizedDocuments documents = numbered_documents(Shape(50, {10, 20, 10}), kIds);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm, 42));
  EXPECT_EQ(examples.rows(0), 50);
}

TEST_F(Pretraining, MaskedShareOfWholeEpochs) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(5, 1000, 30, 20), kIds);
  for (const Objective objective : {Objective::mlm, Objective::mlm_and_nsp}) {
    const PretrainingExamples examples(documents, tokenizer(), options_of(objective, 128));
    double tokens = 0, chosen = 0;
    for (const PretrainingRow& row : all_rows(examples)) {
      for (std::size_t t = 0; t < row.labels.size(); ++t) {
        chosen += row.labels[t] == -100 ? 0 : 1;
        tokens += row.labels[t] != -100 || row.input_ids[t] >= kSpecial ? 1 : 0;
      }
    }
    EXPECT_GT(tokens, 1e5);
    EXPECT_NEAR(chosen / tokens, 0.15, 0.002);
  }
}

TEST_F(Pretraining, EpochsDifferAndRunsDoNot) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(6, 200, 20, 20), kIds);
  for (const Objective objective : {Objective::mlm, Objective::mlm_and_nsp}) {
    PretrainingOptions options = options_of(objective, 64);
    const PretrainingExamples examples(documents, tokenizer(), options);
    set_num_threads(1);
    const auto first = all_rows(examples, 0), second = all_rows(examples, 1);
    EXPECT_FALSE(same(first, second));
    set_num_threads(4);
    EXPECT_TRUE(same(all_rows(examples, 0), first));  // again, after another epoch
    const PretrainingExamples resumed(documents, tokenizer(), options);
    PretrainingRow row;
    resumed.row(1, static_cast<std::int64_t>(second.size()) / 2, row);
    EXPECT_TRUE(same(row, second[second.size() / 2]));
    options.seed = 43;
    EXPECT_FALSE(same(all_rows(PretrainingExamples(documents, tokenizer(), options)), first));
    set_num_threads(0);
  }
}

TEST_F(Pretraining, MasksOfTheSameTokensDifferFromEpochToEpoch) {
  const data::TokenizedDocuments documents = numbered_documents(Shape(300, {30}), kIds);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm, 64));
  const auto first = all_rows(examples, 0), second = all_rows(examples, 1);
  ASSERT_EQ(first.size(), second.size());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < first.size(); ++i) equal += first[i].labels == second[i].labels ? 1 : 0;
  EXPECT_EQ(equal, 0U);
}

TEST_F(Pretraining, ManyThreadsReadAtOnce) {
  const data::TokenizedDocuments documents = numbered_documents(random_shape(7, 200, 20, 20), kIds);
  const PretrainingExamples examples(documents, tokenizer(), options_of(Objective::mlm_and_nsp, 64));
  const auto expected = all_rows(examples, 0);
  all_rows(examples, 1);  // so that the first of the threads has to make the epoch
  std::vector<PretrainingRow> rows(expected.size());
  set_num_threads(4);
  parallel_for(static_cast<std::int64_t>(rows.size()),
               [&](std::int64_t i) { examples.row(0, i, rows[static_cast<std::size_t>(i)]); });
  set_num_threads(0);
  EXPECT_TRUE(same(rows, expected));
}

// Whatever the documents and the room: every row is well formed, and no longer than it may be.
TEST_F(Pretraining, OddDocuments) {
  const Shape shapes[] = {{{1}, {1}},
                          {{1}, {1, 1, 1, 1, 1, 1, 1}},
                          {{5000}, {1}},
                          {{5000, 5000, 5000}, {3, 5000, 1}},
                          {{2}, {65535, 1}},
                          random_shape(8, 30, 3, 400),
                          random_shape(9, 50, 60, 2)};
  for (const Shape& shape : shapes) {
    for (const std::int64_t max_length : {3, 4, 5, 6, 7, 16, 128, 512}) {
      for (const Objective objective : {Objective::mlm, Objective::mlm_and_nsp}) {
        const bool pair = objective == Objective::mlm_and_nsp;
        if (pair && max_length < 5) continue;
        const PretrainingOptions options = options_of(objective, max_length);
        for (const std::int64_t cut :
             {PretrainingExamples::max_sentence_tokens(options), std::int64_t{65535}}) {
          const data::TokenizedDocuments documents = numbered_documents(shape, kIds, cut);
          ASSERT_EQ(documents.tokens(), total_tokens(shape));
          const PretrainingExamples examples(documents, tokenizer(), options);
          EXPECT_GE(examples.rows(0), documents.size());
          for (const PretrainingRow& row : all_rows(examples)) {
            ASSERT_LE(static_cast<std::int64_t>(row.input_ids.size()), max_length);
            const Places places = places_of(row, pair);
            ASSERT_TRUE(is_contiguous(places.first));
            ASSERT_EQ(is_contiguous(places.second), pair);
            EXPECT_GE(
                std::count_if(row.labels.begin(), row.labels.end(), [](auto label) { return label != -100; }),
                1);
          }
        }
      }
    }
  }
}

TEST_F(Pretraining, WhatCannotBe) {
  const data::TokenizedDocuments one = numbered_documents({{3, 4}}, kIds), none(kIds);
  const auto message = [&](const data::TokenizedDocuments& documents,
                           const PretrainingOptions& options) -> std::string {
    try {
      PretrainingExamples(documents, tokenizer(), options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message(one, options_of(Objective::mlm_and_nsp, 64)), HasSubstr("`objective=mlm`"));
  EXPECT_EQ(message(one, options_of(Objective::mlm, 64)), "");
  EXPECT_THAT(message(none, options_of(Objective::mlm, 64)), HasSubstr("no documents"));
  EXPECT_THAT(message(one, options_of(Objective::mlm, 2)), HasSubstr("`max_length=2"));
  EXPECT_THAT(message(one, options_of(Objective::mlm_and_nsp, 4)), HasSubstr("`max_length=4"));
  EXPECT_THAT(message(one, options_of(Objective::mlm, 40000)), HasSubstr("`max_length=40000"));
  PretrainingOptions options = options_of(Objective::mlm, 64);
  options.short_seq_prob = 1.5;
  EXPECT_THAT(message(one, options), HasSubstr("`short_seq_prob=1.5`"));
  EXPECT_THROW(objective_from_string("nsp"), UsageError);
  EXPECT_EQ(objective_from_string(to_string(Objective::mlm_and_nsp)), Objective::mlm_and_nsp);
  const PretrainingExamples examples(one, tokenizer(), options_of(Objective::mlm, 64));
  PretrainingRow row;
  EXPECT_THROW(examples.row(0, 1, row), Error);
  EXPECT_THROW(examples.row(0, -1, row), Error);
}

}  // namespace
}  // namespace bertune::tasks
