#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bertune/error.h"
#include "tasks/sentence_embedding/examples.h"
#include "tasks/sentence_embedding/metrics.h"
#include "tasks/sentence_embedding/prediction.h"
#include "tasks/sentence_embedding/read.h"
#include "tasks/sentence_embedding/task.h"
#include "tasks/token_fixtures.h"

namespace bertune::tasks::sentence_embedding_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SentencePairs : public ::testing::Test {
 protected:
  data::Dataset read(const std::string& csv, bool with_scores = true) {
    return read_pairs(files_.write("pairs.csv", csv), {}, with_scores);
  }
  std::string message(const std::string& csv) {
    try {
      read_scores(read(csv));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  bertune::testing::TemporaryDirectory files_;
};

TEST_F(SentencePairs, AreReadWithOrWithoutScores) {
  const data::Dataset scored = read("sentence1,sentence2,score\na,b,5.0\nc,d,0.5\n");
  EXPECT_THAT(read_scores(scored), ElementsAre(5.0F, 0.5F));
  EXPECT_FALSE(read("sentence1,sentence2\na,b\n").has_labels);
  EXPECT_FALSE(read("sentence1,sentence2,label\na,b,entailment\n", false).has_labels);
}

TEST_F(SentencePairs, RefuseWhatCannotBeLearnedFrom) {
  EXPECT_THAT(message("text,label\na,1\n"), HasSubstr("`text_pair_column`"));
  EXPECT_THAT(message("sentence1,sentence2,score\na,b,1\nc,d,\n"),
              HasSubstr("pairs.csv:3: the pair has no score"));
  EXPECT_THAT(message("sentence1,sentence2,label\na,b,entailment\n"),
              HasSubstr("pairs.csv:2: the score \"entailment\" is not a number"));
  EXPECT_THAT(message("sentence1,sentence2,label\na,b,entailment\n"),
              HasSubstr("multiple-negatives-ranking"));
}

TEST(ScoreScale, IsOfWhatIsBeyondCosines) {
  EXPECT_EQ(score_scale({}), 1);
  EXPECT_EQ(score_scale({0, 1, 0.5F}), 1);
  EXPECT_EQ(score_scale({-1, 1}), 1);
  EXPECT_EQ(score_scale({0, 5}), 5);
  EXPECT_EQ(score_scale({0.2F, 4.6F}), 5);
  EXPECT_EQ(score_scale({-3, 2}), 3);
}

data::Row row_of(std::string_view text, std::string_view pair = {}) {
  data::Row row;
  row.text = text, row.text_pair = pair;
  return row;
}

// Texts are "a b", "the", ... of small_tokenizer().
std::vector<data::Row> rows_of(const std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
  std::vector<data::Row> rows;
  for (const auto& [text, pair] : pairs) rows.push_back(row_of(text, pair));
  return rows;
}

std::unique_ptr<SentenceEmbeddingExamples> examples_of(const std::vector<data::Row>& rows,
                                                       std::vector<float> scores,
                                                       const SentenceEmbedding& task = {}) {
  data::Dataset pairs;
  pairs.rows = rows, pairs.has_pairs = true;
  return make_labelled_examples(pairs, std::move(scores), testing::small_tokenizer(), task);
}

TEST(SentenceEmbeddingExamplesTest, TheTextsOfAPairAreSequencesOfTheirOwn) {
  const auto examples = examples_of(rows_of({{"a b", "the"}, {"c", "d d d"}}), {});
  ASSERT_EQ(examples->rows(), 2);
  EXPECT_EQ(examples->tokens_of_first(1), 4 + 3);
  Batch batch;
  examples->add_to(batch, 1);
  examples->add_to(batch, 0);
  EXPECT_THAT(batch.cu_seqlens, ElementsAre(0, 3, 8, 12, 15));
  EXPECT_THAT(std::vector(batch.input_ids.begin(), batch.input_ids.begin() + 3), ElementsAre(2, 11, 3));
  EXPECT_THAT(batch.labels, ElementsAre(0, 1));  // by the place in the batch, whatever the row
  EXPECT_THAT(batch.targets, IsEmpty());
  EXPECT_THAT(batch.token_type_ids, ::testing::Each(0));
}

TEST(SentenceEmbeddingExamplesTest, ScoresAreScaled) {
  SentenceEmbedding task;
  task.score_scale = 5;
  const auto examples = examples_of(rows_of({{"a", "b"}, {"c", "d"}}), {5, 1}, task);
  Batch batch;
  examples->add_to(batch, 1);
  EXPECT_THAT(batch.targets, ElementsAre(0.2F));
  EXPECT_THAT(batch.labels, IsEmpty());
  EXPECT_NE(examples->fingerprint(),
            examples_of(rows_of({{"a", "b"}, {"c", "d"}}), {5, 2}, task)->fingerprint());
}

TEST(SentenceEmbeddingExamplesTest, CountsWhatIsTruncated) {
  SentenceEmbedding task;
  task.max_length = 4;
  const auto examples = examples_of(rows_of({{"a b", "a b c"}, {"a", "d d d d"}}), {}, task);
  EXPECT_EQ(examples->truncated_at(task.max_length).inputs, 2);
  EXPECT_EQ(examples->tokens(), 4 + 4 + 3 + 4);
}

TEST(SentenceEmbeddingExamplesTest, LowersTheCaseWhereTheModelAsksForIt) {
  const bertune::testing::TemporaryDirectory folder;
  TokenizerConfig config;
  config.do_lower_case = false;
  const BertTokenizer cased = BertTokenizer::from_vocabulary(
      folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\nünd\n"), config);
  SentenceEmbedding task;
  const std::vector<data::Row> rows = {row_of("PLAY ÜND")};
  EXPECT_THAT(make_examples(rows, false, cased, task)->input_ids, ElementsAre(2, 1, 1, 3));
  task.embedding.do_lower_case = true;
  EXPECT_THAT(make_examples(rows, false, cased, task)->input_ids, ElementsAre(2, 5, 6, 3));
}

// Scores `embeddings` [2 * rows, width] of examples in batches of `batch_size` rows.
Metrics metrics_of(const SentenceEmbeddingExamples& examples, const std::vector<float>& embeddings,
                   std::int64_t batch_size) {
  const auto scorer = SentenceEmbeddingTask().scorer(examples);
  const std::size_t width = embeddings.size() / static_cast<std::size_t>(2 * examples.rows());
  for (std::int64_t first = 0; first < examples.rows(); first += batch_size) {
    Batch batch;
    for (std::int64_t row = first; row < std::min(first + batch_size, examples.rows()); ++row)
      examples.add_to(batch, row);
    ModelOutput output;
    output.logits = std::span(embeddings)
                        .subspan(static_cast<std::size_t>(2 * first) * width,
                                 static_cast<std::size_t>(batch.sequences()) * width);
    scorer->add(first, batch, output);
  }
  return scorer->result();
}

TEST(PartnerScorerTest, FindsWhatBelongsTogether) {
  const auto examples = examples_of(rows_of({{"a", "b"}, {"c", "d"}, {"a", "c"}}), {});
  // The third first text is nearest to the second pair's second text, and then to its own.
  const std::vector<float> embeddings = {1, 0, 2, 0, 0, 1, 0, 3, 0.1F, 1, 0.6F, 0.8F};
  for (const std::int64_t batch_size : {1, 2, 3}) {
    const Metrics metrics = metrics_of(*examples, embeddings, batch_size);
    EXPECT_EQ(metrics.rows, 3);
    EXPECT_NEAR(metrics.value("accuracy"), 2.0 / 3, 1e-12);
    EXPECT_NEAR(metrics.value("mrr"), (1 + 1 + 0.5) / 3, 1e-12);
    const auto row_loss = [](double own, double one, double other) {
      return std::log(std::exp(20 * own) + std::exp(20 * one) + std::exp(20 * other)) - 20 * own;
    };
    const double length = std::sqrt(1.01);
    const double expected =
        row_loss(1, 0, 0.6) + row_loss(1, 0, 0.8) + row_loss(0.86 / length, 0.1 / length, 1 / length);
    EXPECT_NEAR(metrics.value("loss"), expected / 3, 1e-5);
  }
}

TEST(PartnerScorerTest, AModelThatTellsNothingApartFindsNothing) {
  const auto different = examples_of(rows_of({{"a", "b"}, {"c", "d"}, {"b", "a"}}), {});
  const Metrics collapsed = metrics_of(*different, std::vector<float>(12, 1.0F), 2);
  EXPECT_EQ(collapsed.value("accuracy"), 0);
  EXPECT_NEAR(collapsed.value("mrr"), 1.0 / 3, 1e-12);
  EXPECT_EQ(metrics_of(*different, std::vector<float>(12, NAN), 2).value("accuracy"), 0);
  // The same second text is as right as the own one.
  const auto same = examples_of(rows_of({{"a", "b"}, {"c", "b"}, {"d", "b"}}), {});
  EXPECT_EQ(metrics_of(*same, std::vector<float>(12, 1.0F), 2).value("accuracy"), 1);
}

TEST(PartnerScorerTest, CandidatesDoNotDependOnBatches) {
  std::vector<std::pair<std::string_view, std::string_view>> texts(300, {"a", "b"});
  const auto examples = examples_of(rows_of(texts), {});
  std::vector<float> embeddings;
  for (int i = 0; i < 1200; ++i) embeddings.push_back(static_cast<float>(std::sin(i * i)));
  const Metrics once = metrics_of(*examples, embeddings, 300), often = metrics_of(*examples, embeddings, 7);
  EXPECT_EQ(once.rows, 300);
  EXPECT_EQ(once.values, often.values);
  EXPECT_THAT(once.note, HasSubstr("100 neighboring"));  // three parts of 100, not 128, 128 and 44
}

TEST(SimilarityScorerTest, ComparesCosinesWithScores) {
  const auto examples = examples_of(rows_of({{"a", "b"}, {"c", "d"}, {"a", "c"}}), {1, 0, 0.5F});
  const Metrics metrics = metrics_of(*examples, {3, 0, 5, 0, 0, 2, 1, 0, 1, 0, 1, 1}, 2);
  EXPECT_NEAR(metrics.value("spearmanr"), 1, 1e-12);
  EXPECT_NEAR(metrics.value("loss"), std::pow(std::sqrt(0.5) - 0.5, 2) / 3, 1e-6);
  EXPECT_EQ(metrics.unit, "pair");
  EXPECT_EQ(cosine(std::vector<float>{0, 0}, std::vector<float>{1, 0}), 0);
}

TEST(SentencePrediction, LinesAreReadBackToTheSameBits) {
  const std::vector<float> embedding = {0.1F, -1e-30F, 3.4e38F, 0, 1.0F / 3};
  const data::Row row = row_of("a \"b\"\xff", "c");
  const auto line = nlohmann::json::parse(embedding_line(row, embedding));
  EXPECT_EQ(line.at("text"), "a \"b\"\xEF\xBF\xBD");
  EXPECT_EQ(line.at("embedding").get<std::vector<float>>(), embedding);
  EXPECT_FALSE(line.contains("text_pair"));
  const auto pair = nlohmann::json::parse(embedding_line(row, embedding, std::vector<float>{2, NAN}));
  EXPECT_EQ(pair.at("text_pair"), "c");
  EXPECT_EQ(pair.at("embedding_pair").dump(), "[2,null]");
  EXPECT_EQ(similarity_line(row_of("a\"", "b"), 0.5, true), "\"a\"\"\",\"b\",0.5\n");
}

TEST(SentencePrediction, NpyHeadersHaveOneLength) {
  const std::string header = npy_header(12, 384);
  EXPECT_EQ(header.size(), 128U);
  EXPECT_EQ(header.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(header, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 384), }"));
  EXPECT_EQ(header.back(), '\n');
  EXPECT_EQ(npy_header(std::int64_t{1} << 62, std::int64_t{1} << 40).size(), 128U);
  EXPECT_EQ(npy_header(0, 1).size(), 128U);
}

}  // namespace
}  // namespace bertune::tasks::sentence_embedding_test
