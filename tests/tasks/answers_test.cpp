#include "tasks/question_answering/answers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "core/random.h"

namespace bertune::tasks {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kContext = "one two née four";  // tokens: one, two, née, four
const std::vector<Span> kCodePoints = {{0, 3}, {4, 7}, {8, 11}, {12, 16}};
const std::vector<Span> kBytes = {{0, 3}, {4, 7}, {8, 12}, {13, 17}};

// "[CLS] q [SEP] one two née four [SEP]": the context begins at token 3.
ContextWindow whole() { return {3, kCodePoints, kBytes}; }
ContextWindow part(std::size_t first, std::size_t size) {
  return {3, std::span(kCodePoints).subspan(first, size), std::span(kBytes).subspan(first, size)};
}

std::vector<std::string> texts(const AnswerPrediction& prediction) {
  std::vector<std::string> result;
  for (const AnswerCandidate& candidate : prediction.n_best) result.emplace_back(candidate.text);
  return result;
}

AnswerPrediction answer(const AnswerOptions& options, std::vector<float> starts, std::vector<float> ends) {
  AnswerFinder finder(options);
  finder.add_window(whole(), starts, ends);
  return finder.take(kContext);
}

TEST(Answers, IsAPartOfTheContextWithItsPlaces) {
  const AnswerPrediction prediction =
      answer({.n_best_size = 2}, {9, 0, 0, 0, 3, 1, 0, 0}, {9, 0, 0, 0, 0, 4, 0, 0});
  // Two starts (the token [CLS] and "two") and two ends ([CLS] and "née"): one pair lies in the context.
  EXPECT_THAT(texts(prediction), ElementsAre("two née"));
  EXPECT_EQ(prediction.best.text.data(), kContext.data() + 4);
  EXPECT_EQ(prediction.best.code_points, (Span{4, 11}));
  EXPECT_EQ(prediction.best.bytes, (Span{4, 12}));
  EXPECT_EQ(prediction.best.start_logit, 3);
  EXPECT_EQ(prediction.best.end_logit, 4);
  EXPECT_DOUBLE_EQ(prediction.best.score, 1);
  EXPECT_FALSE(prediction.null_odds.has_value());
}

TEST(Answers, AreAtMostSoLongAndNeverEndBeforeTheyBegin) {
  const AnswerPrediction prediction =
      answer({.n_best_size = 20, .max_answer_length = 2}, {0, 0, 0, 5, 0, 0, 1, 0}, {0, 0, 0, 0, 0, 0, 6, 0});
  for (const AnswerCandidate& candidate : prediction.n_best)
    EXPECT_LE(candidate.text.size(), std::string_view("née four").size());
  EXPECT_THAT(prediction.n_best, SizeIs(7));  // four of one token, three of two
  EXPECT_EQ(prediction.best.text, "four");    // "one ... four" would be better, and is too long
}

TEST(Answers, ScoresAreASoftmaxOverTheBest) {
  const AnswerPrediction prediction =
      answer({.n_best_size = 3, .max_answer_length = 1}, {0, 0, 0, 2, 1, 0, 0, 0}, {0, 0, 0, 2, 1, 0, 0, 0});
  EXPECT_THAT(texts(prediction), ElementsAre("one", "two"));
  EXPECT_THAT(prediction.n_best[0].score, DoubleNear(1 / (1 + std::exp(-2.0)), 1e-12));
  EXPECT_THAT(prediction.n_best[1].score, DoubleNear(1 / (1 + std::exp(2.0)), 1e-12));
}

TEST(Answers, OfEqualScoresTheFirstWins) {
  const std::vector<float> logits(8, 1);
  const AnswerPrediction prediction = answer({.n_best_size = 8, .max_answer_length = 1}, logits, logits);
  EXPECT_THAT(texts(prediction), ElementsAre("one", "two", "née", "four"));
  AnswerFinder finder({.max_answer_length = 1});
  finder.add_window(part(0, 2), std::vector<float>(6, 1), std::vector<float>(6, 1));
  finder.add_window(part(2, 2), std::vector<float>(6, 1), std::vector<float>(6, 1));
  EXPECT_THAT(texts(finder.take(kContext)), ElementsAre("one", "two", "née", "four"));
}

TEST(Answers, NoAnswerScoresAsTheLeastOfItsWindows) {
  AnswerFinder finder({.version_2_with_negative = true});
  finder.add_window(part(0, 2), std::vector<float>{4, 0, 0, 1, 0, 0}, std::vector<float>{4, 0, 0, 1, 0, 0});
  finder.add_window(part(2, 2), std::vector<float>{1, 0, 0, 0, 0, 0}, std::vector<float>{2, 0, 0, 0, 0, 0});
  const AnswerPrediction prediction = finder.take(kContext);
  EXPECT_EQ(prediction.null_odds, 1 + 2 - 1 - 1);
  EXPECT_TRUE(prediction.best.is_null());
  EXPECT_EQ(prediction.best.text, "");
  EXPECT_EQ(prediction.best.start_logit, 1);
  EXPECT_EQ(prediction.best_non_null.text, "one");
  EXPECT_EQ(prediction.n_best[0].text, "");
  EXPECT_THAT(prediction.n_best[0].score, DoubleNear(prediction.best.score, 0));
}

TEST(Answers, TheThresholdDecidesWhetherThereIsOne) {
  const auto best = [](double threshold) {
    return answer({.version_2_with_negative = true, .null_score_diff_threshold = threshold},
                  {1, 0, 0, 1, 0, 0, 0, 0}, {1, 0, 0, 1, 0, 0, 0, 0});
  };
  EXPECT_EQ(best(0).null_odds, 0);
  EXPECT_EQ(best(0).best.text, "one");  // equal is not above
  EXPECT_EQ(best(-0.5).best.text, "");
  EXPECT_EQ(best(-0.5).best_non_null.text, "one");
}

TEST(Answers, NoAnswerIsListedHoweverUnlikely) {
  const AnswerPrediction prediction = answer({.n_best_size = 2, .version_2_with_negative = true},
                                             {-9, 0, 0, 3, 2, 0, 0, 0}, {-9, 0, 0, 3, 2, 0, 0, 0});
  EXPECT_THAT(texts(prediction), ElementsAre("one", "one two", ""));
  double total = 0;
  for (const AnswerCandidate& candidate : prediction.n_best) total += candidate.score;
  EXPECT_THAT(total, DoubleNear(1, 1e-12));
  EXPECT_EQ(prediction.best.text, "one");
}

TEST(Answers, AWindowWithoutContextGivesNone) {
  for (const bool negative : {false, true}) {
    AnswerFinder finder({.version_2_with_negative = negative});
    finder.add_window(part(0, 0), std::vector<float>{2, 0, 0, 0}, std::vector<float>{1, 0, 0, 0});
    const AnswerPrediction prediction = finder.take(kContext);
    EXPECT_TRUE(prediction.best.is_null());
    EXPECT_TRUE(prediction.best_non_null.is_null());
    EXPECT_EQ(prediction.null_odds.has_value(), negative);
    EXPECT_EQ(prediction.null_odds.value_or(3), 3);
  }
}

TEST(Answers, FinderIsReadyForTheNextQuestion) {
  AnswerFinder finder({.version_2_with_negative = true});
  finder.add_window(whole(), std::vector<float>(8, -7), std::vector<float>(8, -7));
  finder.take(kContext);
  finder.add_window(whole(), std::vector<float>(8, 1), std::vector<float>(8, 1));
  const AnswerPrediction prediction = finder.take(kContext);
  EXPECT_EQ(prediction.best.start_logit, 1);
  EXPECT_EQ(prediction.null_odds, 0);
}

// Pruning after each window changes nothing: the same windows give the same answers as all pairs at once.
TEST(Answers, ManyWindowsGiveWhatAllPairsWould) {
  Random random(1, 2);
  for (int trial = 0; trial < 200; ++trial) {
    const AnswerOptions options{.n_best_size = 1 + static_cast<std::int64_t>(random.below(6)),
                                .max_answer_length = 3};
    AnswerFinder finder(options);
    std::vector<std::pair<float, Span>> all;
    for (int window = 0; window < 5; ++window) {
      std::vector<float> starts(8), ends(8);
      for (float& logit : starts) logit = static_cast<float>(random.normal());
      for (float& logit : ends) logit = static_cast<float>(random.normal());
      finder.add_window(whole(), starts, ends);
      const auto rank = [&](const std::vector<float>& logits, std::size_t place) {
        return std::count_if(logits.begin(), logits.end(),
                             [&](float logit) { return logit > logits[place]; });
      };
      for (std::size_t s = 3; s < 7; ++s) {
        for (std::size_t e = s; e < std::min<std::size_t>(s + 3, 7); ++e) {
          if (rank(starts, s) < options.n_best_size && rank(ends, e) < options.n_best_size)
            all.emplace_back(starts[s] + ends[e], Span{kBytes[s - 3].begin, kBytes[e - 3].end});
        }
      }
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    const AnswerPrediction prediction = finder.take(kContext);
    ASSERT_EQ(prediction.n_best.size(), std::min(all.size(), static_cast<std::size_t>(options.n_best_size)));
    for (std::size_t i = 0; i < prediction.n_best.size(); ++i)
      EXPECT_EQ(prediction.n_best[i].bytes, all[i].second);
  }
}

TEST(Answers, RefuseWhatCannotBe) {
  const auto message = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::vector<float> good(8, 0);
  std::vector<float> bad = good;
  EXPECT_THAT(message([&] { answer({}, std::vector<float>(7, 0), good); }),
              HasSubstr("7 logits were given for a window of 8 tokens"));
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38F}) {
    bad[5] = value;
    EXPECT_THAT(message([&] { answer({}, good, bad); }), HasSubstr("not a finite number"));
  }
  EXPECT_THAT(message([&] { answer({.n_best_size = 0}, good, good); }), HasSubstr("`n_best_size`"));
  EXPECT_THAT(message([&] { answer({.max_answer_length = 0}, good, good); }),
              HasSubstr("`max_answer_length`"));
}

}  // namespace
}  // namespace bertune::tasks
