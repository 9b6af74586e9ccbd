// Explanations over HTTP: what is answered, what is refused, and who goes first.
#include <gmock/gmock.h>

#include <atomic>
#include <optional>
#include <thread>

#include "bertune/explain.h"
#include "serve/queue.h"
#include "serve/scheduled.h"
#include "serve/served.h"

namespace bertune {
namespace {

using testing::asked;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::Served;
using testing::Value;
using namespace std::chrono_literals;

class ExplainedHead : public ::testing::TestWithParam<std::string> {
 protected:
  const testing::AskedHead head = testing::head_named(GetParam());
  Served served{{head.name}};
};

INSTANTIATE_TEST_SUITE_P(Heads, ExplainedHead,
                         ::testing::Values("classes", "several_labels", "number", "entities", "tags",
                                           "answers"),
                         [](const auto& tested) { return tested.param; });

TEST_P(ExplainedHead, AnswersWhatTheLibraryAnswers) {
  const Predictor predictor(served.files.path() / head.name);
  for (const char* method : {"leave-one-out", "integrated-gradients"}) {
    Explainer explainer(predictor, {.method = explain_method_from_string(method), .max_steps = 128});
    for (const Input& input : testing::inputs_for(head, 2)) {
      const Value result =
          served.json("/v1/explain", {{"inputs", asked(head, input)}, {"options", {{"method", method}}}})
              .at("results")
              .at(0);
      const Value expected = Value::parse(to_json(explainer.explain(input), explainer.labels()));
      const Value &why = result.at("explanation"), &wanted = expected.at("explanation");
      EXPECT_EQ(why.at("method"), method);
      EXPECT_EQ(why.at("words"), wanted.at("words"));
      ASSERT_EQ(why.at("targets").size(), wanted.at("targets").size());
      for (std::size_t i = 0; i < wanted.at("targets").size(); ++i) {
        const Value &one = why["targets"][i], &other = wanted["targets"][i];
        EXPECT_EQ(one.at("target"), other.at("target"));
        for (std::size_t word = 0; word < other.at("contributions").size(); ++word) {
          EXPECT_NEAR(one["contributions"][word].get<double>(), other["contributions"][word].get<double>(),
                      1e-5);
        }
      }
      EXPECT_EQ(result.at("num_tokens"), predictor.size_of(input).tokens);
    }
  }
}

TEST_P(ExplainedHead, DescribesItself) {
  const Value description = Value::parse(served.ask(get("/openapi.json")).body);
  EXPECT_TRUE(description.at("paths").contains("/v1/explain"));
  EXPECT_EQ(Value::parse(served.ask(get("/info")).body).at("models").at(0).at("explains"), true);
}

TEST(ServedExplanations, HeadsWithoutThemSaySo) {
  Served served({"choices", "embeddings"});
  EXPECT_THAT(served.error("/v1/explain", {{"inputs", "good"}}, 422),
              HasSubstr("/v1/explain does not fit choices"));
  EXPECT_THAT(served.error("/v1/explain", {{"model", "embeddings"}, {"inputs", "good"}}, 422),
              HasSubstr("does not fit embeddings"));
  EXPECT_EQ(Value::parse(served.ask(get("/info")).body).at("models").at(0).at("explains"), false);
  EXPECT_THAT(served.ask(get("/openapi.json")).body, Not(HasSubstr("/v1/explain")));
}

TEST(ServedExplanations, ATargetIsALabelOrAnEntity) {
  Served classes({"classes"}), entities({"entities"}), number({"number"});
  const Value bad =
      classes.json("/v1/explain", {{"inputs", "good food"}, {"options", {{"target", "bad"}}}}).at("results");
  EXPECT_EQ(bad[0].at("explanation").at("targets").at(0).at("target"), "bad");
  EXPECT_THAT(classes.error("/v1/explain", {{"inputs", "good"}, {"options", {{"target", "awful"}}}}, 422),
              HasSubstr("options.target must be one of"));
  EXPECT_EQ(entities.status(post("/v1/explain", {{"inputs", "good"}, {"options", {{"target", "FILM"}}}})),
            200);
  EXPECT_THAT(number.error("/v1/explain", {{"inputs", "good"}, {"options", {{"target", "high"}}}}, 422),
              HasSubstr("\"target\", which is not known"));
  EXPECT_THAT(classes.error("/v1/explain", {{"inputs", "good"}, {"options", {{"method", "shap"}}}}, 422),
              HasSubstr("options.method must be one of"));
}

TEST(ServedExplanations, ASmallRequestCannotAskForMuch) {
  Served served({"classes"}), slow({"classes"}, {.deadline = 1ms});
  EXPECT_THAT(served.error("/v1/explain", {{"inputs", Value::array()}}, 422), HasSubstr("inputs"));
  EXPECT_THAT(served.error("/v1/explain", {{"inputs", std::vector<std::string>(33, "good")}}, 422),
              HasSubstr("inputs"));
  // 38 words are read of each.
  std::string text;
  for (int i = 0; i < 60; ++i) text += "good ";
  EXPECT_EQ(served.status(post("/v1/explain", {{"inputs", std::vector<std::string>(2, text)}})), 200);
  EXPECT_THAT(slow.error("/v1/explain", {{"inputs", std::vector<std::string>(32, text)}}, 413),
              HasSubstr("send fewer or shorter texts"));
  EXPECT_EQ(served.status(post("/v1/explain", {{"inputs", text}, {"options", {{"truncate", false}}}})), 200);
  const Value refused =
      served.json("/v1/explain", {{"inputs", {text, "good"}}, {"options", {{"truncate", false}}}})
          .at("results");
  EXPECT_THAT(refused[0].at("error").at("message").get<std::string>(), HasSubstr("tokens longer"));
  EXPECT_TRUE(refused[1].contains("explanation"));
}

TEST(ServedExplanations, AreCounted) {
  Served served({"classes"});
  served.json("/v1/explain", {{"inputs", {"very good food", "good"}}});
  const std::string metrics = served.ask(get("/metrics")).body;
  EXPECT_THAT(metrics, HasSubstr("bertune_requests_total{route=\"/v1/explain\",code=\"200\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("bertune_explained_words_total 4\n"));
  EXPECT_THAT(metrics, HasSubstr("bertune_explanation_seconds_count 2\n"));
  EXPECT_THAT(metrics, HasSubstr("bertune_explanation_tokens 0\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("bertune_score_count")));  // which counts predictions
}

// A client that does something each time that it is asked whether it is there still.
class ExplainingScheduler : public testing::Scheduled {
 protected:
  std::shared_ptr<serve::Call> explanation() const {
    const auto made = call(1, "the film was not very good");
    // A pass computes one sequence.
    made->explainer = std::make_shared<Explainer>(model->explainer()->with({.pass_tokens = 1}));
    return made;
  }
};

// The client is asked once before its call is taken, and then between the passes.
TEST_F(ExplainingScheduler, TextsOvertakeAnExplanationThatHasBegun) {
  const auto slow = explanation(), single = call(1);
  bool offered = false;
  client(slow).asked = [&](int times) {
    if (times == 3) offered = scheduler.offer(single);
    return false;
  };
  EXPECT_TRUE(scheduler.offer(slow));
  wait_for(2);
  EXPECT_TRUE(offered);
  EXPECT_THAT(finished, ElementsAre(single, slow));
  EXPECT_GT(client(slow).times, 6);
  EXPECT_TRUE(single->rows[0].prediction.has_value());
  ASSERT_TRUE(slow->rows[0].explanation.has_value());
  EXPECT_EQ(slow->rows[0].explanation->words.size(), 6U);
  EXPECT_EQ(scheduler.explanation_tokens(), 0);
}

TEST_F(ExplainingScheduler, AnExplanationThatNobodyWaitsForIsGivenUp) {
  const auto gone = explanation(), late = explanation();
  client(gone).asked = [](int times) { return times == 3; };
  client(late).asked = [&](int times) {
    if (times == 3) late->deadline = serve::Clock::now();
    return false;
  };
  EXPECT_TRUE(scheduler.offer(gone));
  wait_for(1);
  EXPECT_TRUE(scheduler.offer(late));
  wait_for(2);
  ASSERT_EQ(finished.size(), 2U);
  EXPECT_EQ(gone->refusal->status, 499);
  EXPECT_EQ(late->refusal->status, 504);
  EXPECT_EQ(client(gone).times, 3);
  EXPECT_EQ(client(late).times, 3);
  EXPECT_FALSE(late->rows[0].explanation.has_value());
  EXPECT_EQ(scheduler.explanation_tokens(), 0);
}

TEST_F(ExplainingScheduler, EndsInTheMiddleOfAnExplanation) {
  std::optional<serve::Scheduler> other(std::in_place, serve::SchedulerOptions{}, metrics,
                                        [](const std::shared_ptr<serve::Call>&) {});
  const auto slow = explanation();
  std::atomic<bool> has_begun = false;
  client(slow).asked = [&](int times) {
    has_begun = times > 2;
    return false;
  };
  slow->explainer = std::make_shared<Explainer>(
      model->explainer()->with({.method = ExplainMethod::integrated_gradients, .max_error = 0}));
  EXPECT_TRUE(other->offer(slow));
  while (!has_begun) std::this_thread::yield();
  other.reset();
}

}  // namespace
}  // namespace bertune
