#include "report/finding_json.h"

#include <algorithm>

#include "report/finding_text.h"

namespace bertune::report {
namespace {

Json example_json(const FindingExample& example) {
  Json json = {{"where", example.where}};
  if (!example.labels.empty()) json["labels"] = example.labels;
  if (!example.text.empty()) json["text"] = example.text;
  return json;
}

Json set_json(const data::SetCheck& set) {
  Json json = {{"name", set.name}, {"path", set.path}, {"unit", set.unit}, {"rows", set.rows}};
  if (set.unlabeled > 0) json["unlabeled"] = set.unlabeled;
  if (set.numbers) {
    json["numbers"] = {{"least", set.numbers->least},
                       {"median", set.numbers->median},
                       {"mean", set.numbers->mean},
                       {"most", set.numbers->most}};
  }
  if (set.lengths) {
    json["lengths"] = {{"p50", set.lengths->p50},
                       {"p90", set.lengths->p90},
                       {"p95", set.lengths->p95},
                       {"p99", set.lengths->p99},
                       {"longest", set.lengths->max},
                       {"tokens", set.lengths->tokens},
                       {"max_length", set.lengths->max_length},
                       {"truncated", set.lengths->truncated_rows}};
  }
  return json;
}

}  // namespace

Json finding_json(const Finding& finding) {
  Json json = {{"kind", to_string(finding.kind)}, {"severity", to_string(finding.severity)}};
  if (!finding.set.empty()) json["set"] = finding.set;
  json["unit"] = finding.unit;
  for (const auto& [name, value] :
       {std::pair{"rows", finding.rows}, std::pair{"of_rows", finding.of_rows},
        std::pair{"exact", finding.exact}, std::pair{"with_other_label", finding.with_other_label},
        std::pair{"limit", finding.limit}, std::pair{"tokens", finding.tokens},
        std::pair{"of_tokens", finding.of_tokens}})
    if (value != 0) json[name] = value;
  if (!finding.detail.empty()) json["detail"] = finding.detail;
  if (finding.value != 0) json["value"] = finding.value;
  json["text"] = finding_text(finding);
  if (!finding.advice.empty()) json["advice"] = finding.advice;
  if (!finding.where.empty()) json["where"] = finding.where;
  for (const LabelRows& label : finding.labels)
    json["labels"].push_back({{"label", label.label}, {"rows", label.rows}});
  for (const FindingExample& example : finding.examples) json["examples"].push_back(example_json(example));
  return json;
}

Json facts_json(const tasks::DataFacts& facts) {
  Json json = {{"sets", Json::array()}, {"labels", Json::array()}, {"findings", Json::array()}};
  for (const data::SetCheck& set : facts.check.sets) json["sets"].push_back(set_json(set));
  for (const data::LabelCount& label : facts.check.labels) {
    Json rows = Json::object();
    for (std::size_t i = 0; i < label.rows.size(); ++i) rows[facts.check.sets[i].name] = label.rows[i];
    json["labels"].push_back({{"label", label.label}, {"rows", rows}});
  }
  for (const Finding& finding : facts.check.findings) json["findings"].push_back(finding_json(finding));
  json["errors"] = std::ranges::count(facts.check.findings, Severity::error, &Finding::severity);
  json["warnings"] = std::ranges::count(facts.check.findings, Severity::warning, &Finding::severity);
  json["notes"] = facts.notes;
  for (const data::SetCheck& set : facts.check.sets)
    for (const std::string& note : set.notes) json["notes"].push_back(note);
  return json;
}

}  // namespace bertune::report
