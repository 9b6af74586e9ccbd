#include "insight/explain/explained_mistakes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/stopwatch.h"
#include "insight/results/mistake_words.h"
#include "insight/results/prediction_table.h"

namespace bertune::insight {
namespace {

constexpr double kPoints = 0.05;       // of probability, from which on a word counts
constexpr double kShareOfMost = 0.25;  // of a number
constexpr std::size_t kMostTargets = 3;

struct Unexplained {
  std::string why;
};

// Texts whose beginning alone is kept are not those that the model read.
bool is_whole(const std::string& text) { return text.size() < kTextBytes - 3; }

OrderedJson decided_by(const Explanation& why, const ExplainedTarget& target, bool points) {
  double most = 0;
  for (const double contribution : target.contributions) most = std::max(most, std::abs(contribution));
  const double least = points ? kPoints : std::max(kShareOfMost * most, 1e-9);
  OrderedJson words = OrderedJson::array();
  for (std::size_t i = 0; i < why.words.size(); ++i) {
    const ExplainedWord& word = why.words[i];
    if (std::abs(target.contributions[i]) < least || !word.place) continue;
    OrderedJson& json = words.emplace_back(OrderedJson::object());
    if (word.part > 0) json["part"] = word.part;
    json["start"] = word.place->code_points.begin, json["end"] = word.place->code_points.end;
    json["contribution"] = target.contributions[i];
  }
  return {{"target", target.name}, {"value", target.value}, {"points", points}, {"words", std::move(words)}};
}

}  // namespace

OrderedJson explained_mistakes(const OrderedJson& facts, ModelExplainer& explainer,
                               const MistakeLimits& limits, const std::stop_token& stop) {
  const bool has_classes = facts.at("outcome") == "classes", is_number = facts.at("outcome") == "numbers";
  const Stopwatch watch;
  const auto between = [&] {
    if (stop.stop_requested()) throw Unexplained{"as the run was stopped"};
    if (watch.seconds() > limits.time.count())
      throw Unexplained{fmt::format("after {:.0f} s", limits.time.count())};
  };
  OrderedJson file = {{"most_words", limits.words}, {"mistakes", OrderedJson::object()}};
  const OrderedJson& mistakes = facts.at("mistakes");
  try {
    for (std::size_t i = 0; i < std::min(limits.texts, mistakes.size()); ++i) {
      const OrderedJson& mistake = mistakes[i];
      Input input{.text = mistake.at("text").get<std::string>()};
      if (mistake.contains("text_pair")) input.text_pair = mistake.at("text_pair").get<std::string>();
      if (!is_whole(input.text) || !is_whole(input.text_pair.value_or("")) ||
          explainer.size_of(input).words > limits.words)
        continue;
      const Explanation why =
          has_classes
              ? explainer.explain(input, Label{.label = mistake.at("said").get<std::string>(), .scores = {}},
                                  between)
              : explainer.explain(input, between);
      OrderedJson decided = OrderedJson::array();
      for (std::size_t t = 0; t < std::min(kMostTargets, why.targets.size()); ++t)
        decided.push_back(decided_by(why, why.targets[t], !is_number));
      file["mistakes"][key_of_mistake(mistake)] = std::move(decided);
      between();
    }
  } catch (const Unexplained& rest) {
    file["why_not"] = "the others were left out " + rest.why;
  }
  return file;
}

}  // namespace bertune::insight
