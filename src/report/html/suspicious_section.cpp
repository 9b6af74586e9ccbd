// The section of the labels that should be read again.
#include <fmt/format.h>

#include "insight/results/suspicious_facts.h"
#include "report/html/elements.h"
#include "report/html/sections.h"

namespace bertune::report::html {
namespace {

std::string with_score(const OrderedJson& row, const char* label, const char* score) {
  const std::string text = name(row.at(label).get<std::string>());
  return row.contains(score) ? fmt::format("{} <small>{}</small>", text, percent(row.at(score))) : text;
}

}  // namespace

std::string suspicious_section(const OrderedJson& facts) {
  if (!facts.contains("suspicious")) return "";
  constexpr const char* kQuestion = "Which labels should be read again?";
  const OrderedJson& found = facts.at("suspicious");
  const OrderedJson& rows = found.at("rows");
  std::string sets;
  for (const OrderedJson& set : found.at("sets"))
    sets += (sets.empty() ? "" : " and ") + escaped(set.get<std::string>());
  const std::string unit = found.at("unit").get<std::string>() + "s";
  const std::string judged = fmt::format("{} {} of {}, which this model was not trained on",
                                         count(found.at("items")), escaped(unit), sets);
  if (rows.empty()) {
    return section("suspicious", kQuestion, fmt::format("None of {}.", judged),
                   "<p class=\"note\">There is nothing to show.</p>");
  }
  if (insight::are_mistakes_of_the_model(found)) {
    return section("suspicious", kQuestion,
                   fmt::format("Of {}, <b>{}</b> have a label that fits badly: so many are mistakes of this "
                               "model. A better one can tell which labels are wrong.",
                               judged, count(found.at("issues"))),
                   "<p class=\"note\">There is nothing to show.</p>");
  }
  const std::string answer = fmt::format(
      "Of {}, <b>{}</b> have a label that fits badly. {} are shown, the least likely first. A hard "
      "text and a wrong label look alike here: only reading tells.",
      judged, count(found.at("issues")), count(found.at("shown")));
  std::vector<std::vector<std::string>> cells;
  for (const OrderedJson& row : rows) {
    std::string text = beginning_of_row(row);
    if (row.contains("word")) text = "<b>" + name(row.at("word").get<std::string>()) + "</b> in: " + text;
    cells.push_back({name(row.at("where").get<std::string>()), text, with_score(row, "given", "score"),
                     with_score(row, "suggested", "suggested_score")});
  }
  return section("suspicious", kQuestion, answer,
                 table("Labels that the model finds least likely, and what it says instead",
                       {"Row", "Text", "Its label, score", "Model says"}, cells));
}

}  // namespace bertune::report::html
