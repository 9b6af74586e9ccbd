#include "data/checks/finding_parts.h"

#include "core/utf8.h"

namespace bertune::data {

Finding make_finding(FindingKind kind, Severity severity, const NamedTexts& set,
                     const CheckOptions& options) {
  Finding finding;
  finding.kind = kind, finding.severity = severity;
  finding.set = set.name, finding.unit = options.unit;
  finding.of_rows = set.texts.size;
  return finding;
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string shown(beginning_of(text, kShown));
  for (char& character : shown) {
    if (static_cast<unsigned char>(character) < ' ') character = ' ';
  }
  return shown.size() < text.size() ? shown + "..." : shown;
}

void add_row(Finding& finding, const NamedTexts& set, std::int64_t row, const CheckOptions& options,
             std::string_view text) {
  ++finding.rows;
  if (static_cast<std::int64_t>(finding.where.size()) >= options.max_examples) return;
  finding.where.push_back(set.texts.where(row));
  if (!text.empty()) finding.examples.push_back({{finding.where.back()}, {}, excerpt(text)});
}

}  // namespace bertune::data
