// The section on runs that differ in the seed alone.
#include <fmt/format.h>

#include <algorithm>

#include "report/html/elements.h"
#include "report/html/sections.h"
#include "report/seeds_report.h"

namespace bertune::report::html {
namespace {

std::string metric_words(const std::string& name) { return escaped(spelled(name)); }

std::string cell(const OrderedJson& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? decimal(*found) : "–";
}

// The metric that a person wants to know: that of the headline, of test rows where there are any.
const OrderedJson* main_metric(const OrderedJson& facts, const OrderedJson& metrics) {
  const std::string name = facts.at("headline").at("metric");
  for (const std::string& wanted : {"test_" + name, "eval_" + name}) {
    for (const OrderedJson& one : metrics)
      if (one.at("name") == wanted) return &one;
  }
  return metrics.empty() ? nullptr : &metrics[0];
}

std::string answer(const OrderedJson& facts, const OrderedJson& seeds) {
  std::string words;
  if (const OrderedJson* one = main_metric(facts, seeds.at("metrics"))) {
    words = fmt::format(
        "{} trainings, which differ in the seed alone, reach a {} of <b>{}</b> on average, "
        "from {} to {} (standard deviation {}). ",
        count(seeds.at("count")), metric_words(one->at("name")), cell(*one, "mean"), cell(*one, "min"),
        cell(*one, "max"), cell(*one, "std"));
  }
  if (seeds.at("best").is_null()) return words;
  return words + fmt::format(
                     "This report is of seed {}, which was best on the validation rows; the mean is "
                     "what another training can be expected to reach.",
                     escaped(seeds.at("best").dump()));
}

}  // namespace

std::string seeds_section(const OrderedJson& facts) {
  if (!facts.contains("seeds")) return "";
  const OrderedJson& seeds = facts.at("seeds");
  std::vector<std::vector<std::string>> rows, runs;
  for (const OrderedJson& one : seeds.at("metrics")) {
    rows.push_back({metric_words(one.at("name")), cell(one, "mean"), cell(one, "std"), cell(one, "min"),
                    cell(one, "max")});
  }
  std::ranges::stable_sort(rows, [](const auto& one, const auto& other) {
    return one[0].starts_with("test") && !other[0].starts_with("test");
  });
  std::vector<std::string> titles = {"seed"}, names;
  const std::string headline = facts.at("headline").at("metric"), chosen_by = seeds.value("chosen_by", "");
  for (const std::string& name : {chosen_by, "eval_" + headline, "test_" + headline}) {
    const bool known = std::ranges::any_of(seeds.at("metrics"),
                                           [&](const OrderedJson& one) { return one.at("name") == name; });
    if (!known || std::ranges::find(names, name) != names.end()) continue;
    names.push_back(name), titles.push_back(">" + metric_words(name));
  }
  for (const OrderedJson& one : seeds.at("runs")) {
    const bool is_best = one.at("seed") == seeds.at("best");
    runs.push_back({escaped(one.at("seed").dump()) + (is_best ? " <b>(this model)</b>" : "")});
    for (const std::string& name : names) runs.back().push_back(cell(one, name));
  }
  return section("seeds", "How much of it is luck?", answer(facts, seeds),
                 table("Over all seeds", {"", ">mean", ">std", ">min", ">max"}, rows) +
                     folded("Each seed", table("Each seed", titles, runs)));
}

}  // namespace bertune::report::html
