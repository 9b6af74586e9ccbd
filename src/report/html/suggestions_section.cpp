// The section on what to label next, where texts were suggested for the run.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "report/html/elements.h"
#include "report/html/sections.h"

namespace bertune::report::html {
namespace {

std::string what_model_says(const OrderedJson& row) {
  std::string labels;
  for (const OrderedJson& label : row.at("predicted"))
    labels += (labels.empty() ? "" : ", ") + name(label.get<std::string>());
  return fmt::format("{} <small>{}</small>", labels.empty() ? "no label" : labels, percent(row.at("score")));
}

}  // namespace

std::string suggestions_section(const OrderedJson& facts) {
  if (!facts.contains("suggestions") || facts.at("suggestions").at("rows").empty()) return "";
  const OrderedJson& found = facts.at("suggestions");
  const bool by_margin = found.at("by_margin").get<bool>();
  std::vector<std::vector<std::string>> rows;
  for (const OrderedJson& row : found.at("rows")) {
    rows.push_back({name(row.at("where").get<std::string>()), beginning_of_row(row)});
    if (by_margin) rows.back().push_back(what_model_says(row));
  }
  const std::string answer = fmt::format(
      "Of {} rows of {}, {} were chosen: {}. {} are shown, those to label first come first.",
      count(found.at("rows_read")), name(found.at("file").get<std::string>()), count(found.at("suggested")),
      by_margin ? "those that the model is least sure of, from different clusters"
                : "one of each cluster, for the model that read them was not trained on labels",
      count(found.at("shown")));
  std::vector<std::string> titles = {"Row", "Text"};
  if (by_margin) titles.push_back("Model says");
  return section("next", "What should be labeled next?", answer,
                 table("Texts from which a model would learn most", titles, rows));
}

}  // namespace bertune::report::html
