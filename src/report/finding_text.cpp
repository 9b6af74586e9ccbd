#include "report/finding_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/names.h"
#include "report/table.h"
#include "report/terminal.h"

namespace bertune::report {
namespace {

constexpr std::size_t kLabelsShown = 6;

std::string label_names(const std::vector<LabelRows>& labels, bool with_rows) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kLabelsShown, labels.size()); ++i) {
    text += (i > 0 ? ", " : "") + quoted(labels[i].label);
    if (with_rows) text += fmt::format(" ({})", grouped(labels[i].rows));
  }
  if (labels.size() > kLabelsShown) text += fmt::format(" and {} more", labels.size() - kLabelsShown);
  return text;
}

std::string share(std::int64_t part, std::int64_t whole) {
  return percent(whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0, 1);
}

// Returns what is compared of rows beside their texts.
std::string_view label_of(const Finding& finding) {
  if (finding.unit == "sentence") return "tags";
  return finding.unit == "question" ? "answer" : "label";
}

// ", 3 with a different label"; empty where all have the same.
std::string differing(const Finding& finding) {
  if (finding.with_other_label == 0) return "";
  const std::string_view label = label_of(finding);
  return fmt::format(", {} with {}different {}", grouped(finding.with_other_label),
                     label == "tags" ? "" : "a ", label);
}

std::string leak_text(const Finding& finding) {
  return fmt::format("{} also {} in train{}; scores will be inflated", counted_of(finding),
                     finding.rows == 1 ? "appears" : "appear", differing(finding));
}

std::string rare_text(const Finding& finding) {
  const std::string name = finding.unit == "word" ? "tag" : "label";
  return fmt::format("{} {} fewer than {} training {}s, too few to learn well: {}",
                     counted(static_cast<std::int64_t>(finding.labels.size()), name),
                     finding.labels.size() == 1 ? "has" : "have", finding.limit, finding.unit,
                     label_names(finding.labels, true));
}

std::string length_text(const Finding& finding) {
  const std::string_view are = finding.rows == 1 ? "is" : "are";
  const std::string longer =
      fmt::format("{} ({}) {} longer than `max_length={}` and ", counted(finding.rows, finding.unit),
                  share(finding.rows, finding.of_rows), are, finding.limit);
  if (finding.kind == FindingKind::windowed)
    return longer + fmt::format("{} read in parts that overlap", are);
  return longer + fmt::format("will be cut; {} of tokens", share(finding.tokens, finding.of_tokens));
}

std::string imbalance_text(const Finding& finding) {
  return fmt::format(
      "the most frequent has {:.0f} times the rows of the least",
      static_cast<double>(finding.labels.front().rows) / static_cast<double>(finding.labels.back().rows));
}

std::string near_text(const Finding& finding, std::string_view what) {
  return fmt::format("{} {} {}{}", counted_of(finding), finding.rows == 1 ? "is" : "are", what,
                     differing(finding));
}

std::string similar_text(const Finding& finding) {
  return fmt::format("label {} ({}) looks like {}", quoted(finding.labels.front().label),
                     counted(finding.rows, finding.unit), quoted(finding.labels.back().label));
}

std::string word_text(const Finding& finding) {
  std::string text = fmt::format("the word {} tells the label {}: {}", quoted(finding.detail),
                                 quoted(finding.labels.front().label), percent(finding.value, 1));
  if (finding.labels.size() > 1)
    text += fmt::format("; so do words of {} more labels", finding.labels.size() - 1);
  return text;
}

// "3 words (2.0%) of Cyrillic script ...".
std::string vocabulary_text(const Finding& finding) {
  if (finding.kind == FindingKind::unknown_script) {
    return fmt::format("{} are of {} script, which the vocabulary reads letter by letter, or not at all",
                       counted_of(finding), finding.detail);
  }
  return fmt::format("the vocabulary cuts words of {} script into {:.1f} pieces on average", finding.detail,
                     finding.value);
}

std::string one_label_text(const Finding& finding) {
  if (finding.unit == "question")
    return fmt::format("the right choice is always number {}", finding.labels.front().label);
  return fmt::format("there is only one {}: {}", finding.unit == "word" ? "tag" : "label",
                     quoted(finding.labels.front().label));
}

}  // namespace

std::string quoted(const std::string& name) { return "\"" + shorten(printable(name), kLabelWidth) + "\""; }

std::string counted(std::int64_t count, const std::string& unit) {
  return grouped(count) + " " + unit + (count == 1 ? "" : "s");
}

std::string counted_of(const Finding& finding) {
  return fmt::format("{} ({})", counted(finding.rows, finding.unit),
                     percent(static_cast<double>(finding.rows), static_cast<double>(finding.of_rows)));
}

std::string finding_text(const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::leak:
      return leak_text(finding);
    case FindingKind::shared_context:
      return fmt::format("{} {} a context that also appears in train; scores will be inflated",
                         counted_of(finding), finding.rows == 1 ? "has" : "have");
    case FindingKind::conflict:
      return fmt::format("{} share a text but not the {}", counted_of(finding), label_of(finding));
    case FindingKind::untrained_label:
      return fmt::format("labels that the training set lacks: {}", label_names(finding.labels, false));
    case FindingKind::rare_label:
      return rare_text(finding);
    case FindingKind::imbalance:
      return imbalance_text(finding);
    case FindingKind::one_label:
      return one_label_text(finding);
    case FindingKind::duplicate:
      return fmt::format("{} {} an earlier text", counted_of(finding),
                         finding.rows == 1 ? "repeats" : "repeat");
    case FindingKind::empty_text:
      return fmt::format("{} with an empty text, the first at {}", counted_of(finding),
                         printable(finding.where.empty() ? "" : finding.where.front()));
    case FindingKind::truncated:
    case FindingKind::windowed:
      return length_text(finding);
    case FindingKind::special_tokens:
      return fmt::format(
          "{} {}s hold special tokens such as [SEP] themselves; they are taken as such, as Transformers does",
          finding.rows, finding.unit);
    case FindingKind::unknown_tokens:
      return fmt::format("{:.1f}% of the tokens are unknown to the model's vocabulary ([UNK])",
                         100 * static_cast<double>(finding.tokens) / static_cast<double>(finding.of_tokens));
    case FindingKind::near_leak:
      return near_text(finding, "nearly equal to a row of train");
    case FindingKind::near_duplicate:
      return near_text(finding, "nearly equal to an earlier one");
    case FindingKind::similar_labels:
      return similar_text(finding);
    case FindingKind::label_word:
      return word_text(finding);
    case FindingKind::label_length:
      return fmt::format("the length of the text alone tells the label of {} of the {}s",
                         percent(finding.value, 1), finding.unit);
    case FindingKind::sorted:
      return fmt::format("{} are sorted by label", counted(finding.rows, finding.unit));
    case FindingKind::label_drift:
      return fmt::format("labels have other shares than in train: {} has {}",
                         quoted(finding.labels.empty() ? "" : finding.labels.front().label), finding.detail);
    case FindingKind::length_drift:
      return fmt::format("texts have other lengths than in train: a median of {}", finding.detail);
    case FindingKind::word_drift:
      return fmt::format("words that one half of train lacks: {}, in its other half", finding.detail);
    case FindingKind::mojibake:
      return fmt::format("{} {} characters of a wrong encoding", counted_of(finding),
                         finding.rows == 1 ? "has" : "have");
    case FindingKind::markup:
      return fmt::format("{} {} remains of HTML", counted_of(finding), finding.rows == 1 ? "has" : "have");
    case FindingKind::boilerplate:
      return fmt::format("{} begin with {}", counted_of(finding), quoted(finding.detail));
    case FindingKind::fragmented:
    case FindingKind::unknown_script:
      return vocabulary_text(finding);
    case FindingKind::cased_text:
      return "the model's tokenizer ignores case";
  }
  return "";
}

std::string finding_line(const Finding& finding) {
  return (finding.set.empty() ? "" : printable(finding.set) + ": ") + finding_text(finding) +
         (finding.advice.empty() ? "" : ": " + finding.advice);
}

}  // namespace bertune::report

namespace bertune {
namespace {

constexpr Names kKinds(std::to_array<Named<FindingKind>>({{FindingKind::leak, "leak"},
                                                          {FindingKind::shared_context, "shared_context"},
                                                          {FindingKind::conflict, "conflict"},
                                                          {FindingKind::untrained_label, "untrained_label"},
                                                          {FindingKind::rare_label, "rare_label"},
                                                          {FindingKind::imbalance, "imbalance"},
                                                          {FindingKind::one_label, "one_label"},
                                                          {FindingKind::duplicate, "duplicate"},
                                                          {FindingKind::empty_text, "empty_text"},
                                                          {FindingKind::truncated, "truncated"},
                                                          {FindingKind::windowed, "windowed"},
                                                          {FindingKind::special_tokens, "special_tokens"},
                                                          {FindingKind::unknown_tokens, "unknown_tokens"},
                                                          {FindingKind::near_leak, "near_leak"},
                                                          {FindingKind::near_duplicate, "near_duplicate"},
                                                          {FindingKind::similar_labels, "similar_labels"},
                                                          {FindingKind::label_word, "label_word"},
                                                          {FindingKind::label_length, "label_length"},
                                                          {FindingKind::sorted, "sorted"},
                                                          {FindingKind::label_drift, "label_drift"},
                                                          {FindingKind::length_drift, "length_drift"},
                                                          {FindingKind::word_drift, "word_drift"},
                                                          {FindingKind::mojibake, "mojibake"},
                                                          {FindingKind::markup, "markup"},
                                                          {FindingKind::boilerplate, "boilerplate"},
                                                          {FindingKind::fragmented, "fragmented"},
                                                          {FindingKind::unknown_script, "unknown_script"},
                                                          {FindingKind::cased_text, "cased_text"}}));
constexpr Names kSeverities(std::to_array<Named<Severity>>(
    {{Severity::note, "note"}, {Severity::warning, "warning"}, {Severity::error, "error"}}));

}  // namespace

std::string to_string(const Finding& finding) { return report::finding_line(finding); }
std::string_view to_string(FindingKind kind) { return kKinds.of(kind); }
std::string_view to_string(Severity severity) { return kSeverities.of(severity); }

}  // namespace bertune
