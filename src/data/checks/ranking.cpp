#include <algorithm>

#include "data/checks/check.h"

namespace bertune::data {
namespace {

// Returns what a finding costs if it concerns all rows, from 0 to 1: in a misleading score, or in accuracy.
double weight_of(FindingKind kind) {
  switch (kind) {
    case FindingKind::one_label:
    case FindingKind::unknown_tokens:
    case FindingKind::unknown_script:
    case FindingKind::label_word:
    case FindingKind::label_length:
    case FindingKind::leak:
      return 1;
    case FindingKind::near_leak:
    case FindingKind::untrained_label:
    case FindingKind::conflict:
      return 0.8;
    case FindingKind::empty_text:
    case FindingKind::word_drift:
    case FindingKind::label_drift:
    case FindingKind::shared_context:
    case FindingKind::similar_labels:
    case FindingKind::rare_label:
      return 0.5;
    case FindingKind::truncated:
    case FindingKind::mojibake:
    case FindingKind::fragmented:
    case FindingKind::length_drift:
    case FindingKind::cased_text:
      return 0.3;
    case FindingKind::imbalance:
    case FindingKind::duplicate:
    case FindingKind::near_duplicate:
    case FindingKind::markup:
    case FindingKind::boilerplate:
    case FindingKind::special_tokens:
      return 0.1;
    case FindingKind::windowed:
    case FindingKind::sorted:
      return 0.01;
  }
  return 0;
}

double cost_of(const Finding& finding) {
  const double share =
      finding.of_rows > 0     ? static_cast<double>(finding.rows) / static_cast<double>(finding.of_rows)
      : finding.of_tokens > 0 ? static_cast<double>(finding.tokens) / static_cast<double>(finding.of_tokens)
                              : 1;
  return weight_of(finding.kind) * share;
}

}  // namespace

void rank_findings(std::vector<Finding>& findings) {
  std::ranges::stable_sort(findings, [](const Finding& left, const Finding& right) {
    if (left.severity != right.severity) return left.severity > right.severity;
    return cost_of(left) > cost_of(right);
  });
}

}  // namespace bertune::data
