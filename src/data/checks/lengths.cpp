#include "data/checks/lengths.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "data/checks/check.h"

namespace bertune::data {

LengthCheck check_lengths(std::span<const std::int32_t> lengths, std::int64_t max_length) {
  LengthCheck check;
  check.max_length = max_length;
  check.rows = static_cast<std::int64_t>(lengths.size());
  if (lengths.empty()) return check;
  std::vector<std::int32_t> sorted(lengths.begin(), lengths.end());
  std::sort(sorted.begin(), sorted.end());
  const auto percentile = [&](std::int64_t percent) {
    const std::int64_t rank = (check.rows * percent + 99) / 100;
    return sorted[static_cast<std::size_t>(std::max<std::int64_t>(rank, 1) - 1)];
  };
  check.p50 = percentile(50);
  check.p90 = percentile(90);
  check.p95 = percentile(95);
  check.p99 = percentile(99);
  check.max = sorted.back();
  for (const std::int32_t length : sorted) {
    check.tokens += length;
    if (length <= max_length) continue;
    ++check.truncated_rows;
    check.lost_tokens += length - max_length;
  }
  return check;
}

void add_lengths(CheckResult& result, const Lengths& lengths, const Texts& texts) {
  constexpr std::size_t kPlaces = 5;
  const LengthCheck check = check_lengths(lengths.tokens, lengths.max_length);
  std::ranges::find(result.sets, lengths.set, &SetCheck::name)->lengths = check;
  if (check.truncated_rows == 0) return;
  Finding finding;
  finding.kind = lengths.windowed ? FindingKind::windowed : FindingKind::truncated;
  finding.severity = lengths.windowed ? Severity::note : Severity::warning;
  finding.set = lengths.set, finding.unit = lengths.unit;
  finding.rows = check.truncated_rows, finding.of_rows = check.rows;
  finding.limit = lengths.max_length;
  if (!lengths.windowed) {
    finding.tokens = check.lost_tokens, finding.of_tokens = check.tokens;
    finding.advice = "raise `max_length` as far as the model goes, or shorten them";
  }
  std::int64_t last = -1;
  for (std::size_t i = 0; i < lengths.tokens.size() && finding.where.size() < kPlaces; ++i) {
    const std::int64_t row = static_cast<std::int64_t>(i) / lengths.per_row;
    if (lengths.tokens[i] <= lengths.max_length || row == last) continue;
    finding.where.push_back(texts.where(row));
    last = row;
  }
  result.findings.push_back(std::move(finding));
}

void add_special_tokens(CheckResult& result, std::int64_t count, const std::string& unit) {
  if (count == 0) return;
  auto found = std::ranges::find(result.findings, FindingKind::special_tokens, &Finding::kind);
  if (found == result.findings.end()) {
    found = result.findings.emplace(found);
    found->kind = FindingKind::special_tokens;
    found->unit = unit;
    found->advice = "escape or remove them, unless they are meant as such";
  }
  found->rows += count;
}

void add_unknown_tokens(CheckResult& result, const std::string& set, std::int64_t unknown,
                        std::int64_t tokens) {
  if (!are_too_many_unknown(unknown, tokens)) return;
  Finding finding;
  finding.kind = FindingKind::unknown_tokens, finding.severity = Severity::error;
  finding.set = set, finding.unit = "token";
  finding.tokens = unknown, finding.of_tokens = tokens;
  finding.advice = "take a model whose vocabulary has the language and the script of the texts";
  result.findings.insert(result.findings.begin(), std::move(finding));
}

}  // namespace bertune::data
