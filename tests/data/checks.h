// What the tests of checks share.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "data/checks/check.h"
#include "data/helpers.h"

namespace bertune::data::testing {

// Checks texts with one label each; the first set is that of training.
inline CheckResult check_labelled(const std::vector<std::pair<std::string, const Dataset*>>& sets,
                                  const CheckOptions& options = {}) {
  std::vector<NamedTexts> named;
  for (const auto& [name, dataset] : sets) {
    NamedTexts& set = named.emplace_back(named_texts(name, *dataset));
    set.labels = one_label(set.texts);
  }
  return check_texts(named, options);
}

// The finding of a kind about a set; an empty one where there is none.
inline Finding finding_of(const CheckResult& result, FindingKind kind, const std::string& set) {
  const auto found = std::ranges::find_if(
      result.findings, [&](const Finding& finding) { return finding.kind == kind && finding.set == set; });
  return found == result.findings.end() ? Finding{} : *found;
}

// Those that are more than notes.
inline std::vector<Finding> warnings_of(std::vector<Finding> findings) {
  std::erase_if(findings, [](const Finding& finding) { return finding.severity == Severity::note; });
  return findings;
}

// "leak of test", ... in order.
inline std::vector<std::string> kinds_of(const CheckResult& result) {
  std::vector<std::string> kinds;
  for (const Finding& finding : result.findings)
    kinds.push_back(std::string(to_string(finding.kind)) + " of " + finding.set);
  return kinds;
}

}  // namespace bertune::data::testing
