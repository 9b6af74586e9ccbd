#include "data/checks/check.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "data/checks/drift.h"
#include "data/checks/finding_parts.h"
#include "data/checks/giveaways.h"
#include "data/checks/label_counts.h"
#include "data/checks/near_duplicates.h"
#include "data/checks/surface.h"
#include "data/checks/vocabulary_fit.h"
#include "data/files/records.h"
#include "data/splits/text_index.h"

namespace bertune::data {
namespace {

// A row of a set.
struct RowOf {
  const Texts& texts;
  std::int64_t row;

  std::string label() const { return std::string(texts.class_of(row)); }
  // Returns the text that tells the row from others: for a question, beside its context, the question.
  std::string_view text() const {
    const TextPair pair = texts.texts(row);
    return texts.required == 0 && !pair.second.empty() ? pair.second : pair.first;
  }
};

bool labels_differ(const RowOf& left, const RowOf& right) {
  const auto one = left.texts.label_of(left.row), other = right.texts.label_of(right.row);
  return one && other && *one != *other;
}

class Checker {
 public:
  Checker(std::span<const NamedTexts> sets, const CheckOptions& options) : sets_(sets), options_(options) {}

  CheckResult check() {
    CheckResult result;
    if (sets_.empty()) return result;
    const TextIndex train(sets_[0].texts, Folding::blanks_and_case);
    for (const NamedTexts& set : sets_) differ_.emplace_back(static_cast<std::size_t>(set.texts.size), true);
    find_duplicates(sets_[0], train);
    find_empty_texts(sets_[0]);
    for (const NamedTexts& set : sets_.subspan(1)) {
      find_leaks(set, train);
      find_duplicates(set, TextIndex(set.texts, Folding::blanks_and_case));
      find_empty_texts(set);
    }
    find_shared_contexts();
    find_near();
    for (const NamedTexts& set : sets_) result.sets.push_back(facts_of(set));
    std::vector<Finding> of_labels = count_labels(sets_, options_, result);
    std::vector<Finding> spellings = similar_labels(sets_, options_, result.labels),
                         giveaways = find_giveaways(sets_, options_), drifts = find_drifts(sets_, options_),
                         surface = find_surface(sets_, options_),
                         vocabulary = check_vocabulary(sets_, options_);
    for (std::vector<Finding>* findings : {&leaks_, &conflicts_, &of_labels, &repeats_, &near_, &spellings,
                                           &giveaways, &drifts, &vocabulary, &surface})
      std::ranges::move(*findings, std::back_inserter(result.findings));
    return result;
  }

 private:
  Finding finding_of(FindingKind kind, Severity severity, const NamedTexts& set) const {
    return make_finding(kind, severity, set, options_);
  }

  template <typename Values>
  bool room(const Values& values) const {
    return static_cast<std::int64_t>(values.size()) < options_.max_examples;
  }

  void add_place(Finding& finding, const RowOf& place) const {
    if (room(finding.where)) finding.where.push_back(place.texts.where(place.row));
  }

  void add_example(Finding& finding, const RowOf& first, const RowOf& second) const {
    add_place(finding, second);
    if (!room(finding.examples)) return;
    finding.examples.push_back({{first.texts.where(first.row), second.texts.where(second.row)},
                                {first.label(), second.label()},
                                excerpt(second.text())});
  }

  SetCheck facts_of(const NamedTexts& set) const {
    SetCheck facts;
    facts.name = set.name, facts.path = set.texts.path, facts.unit = options_.unit;
    facts.rows = set.texts.size;
    for (std::int64_t row = 0; set.texts.label && row < set.texts.size; ++row)
      facts.unlabeled += set.texts.label_of(row) ? 0 : 1;
    facts.columns = set.columns, facts.notes = set.notes;
    return facts;
  }

  void find_empty_texts(const NamedTexts& set) {
    const Texts& texts = set.texts;
    if (texts.required == 0) return;
    Finding found = finding_of(FindingKind::empty_text, Severity::warning, set);
    found.advice = "remove them";
    for (std::int64_t row = 0; row < texts.size; ++row) {
      const TextPair pair = texts.texts(row);
      if (!is_blank(pair.first) && (texts.required < 2 || !is_blank(pair.second))) continue;
      ++found.rows;
      add_place(found, {texts, row});
    }
    if (found.rows > 0) repeats_.push_back(std::move(found));
  }

  void find_duplicates(const NamedTexts& set, const TextIndex& index) {
    const Texts& texts = set.texts;
    Finding found = finding_of(FindingKind::duplicate, Severity::note, set);
    found.advice = "keep one of each, unless they are meant to count more";
    Finding conflict = finding_of(FindingKind::conflict, Severity::warning, set);
    conflict.advice = "correct or remove them";
    // Rows alike byte for byte are alike after folding, so only copies need the exact comparison.
    std::unordered_set<std::string> exact;
    const auto exact_key = [&](std::int64_t row) {
      const TextPair pair = texts.texts(row);
      return std::string(pair.first) + '\0' + std::string(pair.second);
    };
    std::unordered_map<std::int64_t, bool> copies;  // first rows of repeated texts: do labels differ?
    std::vector<std::int64_t> first_of_repeats;
    for (std::int64_t row = 0; row < texts.size; ++row) {
      const std::int64_t first = index.first_of(row);
      if (first == row) continue;
      const RowOf original{texts, first}, repeat{texts, row};
      differ_of(set)[static_cast<std::size_t>(row)] = false;
      ++found.rows;
      exact.insert(exact_key(first));
      found.exact += exact.insert(exact_key(row)).second ? 0 : 1;
      add_example(found, original, repeat);
      if (!options_.conflicts) continue;
      const bool differ = labels_differ(original, repeat);
      if (differ) add_example(conflict, original, repeat);
      bool& is_conflict = copies[first];
      is_conflict = is_conflict || differ;
      first_of_repeats.push_back(first);
    }
    for (const auto& [first, is_conflict] : copies) conflict.rows += is_conflict ? 1 : 0;
    for (const std::int64_t first : first_of_repeats) conflict.rows += copies[first] ? 1 : 0;
    if (conflict.rows > 0) conflicts_.push_back(std::move(conflict));
    if (found.rows > 0) repeats_.push_back(std::move(found));
  }

  void find_leaks(const NamedTexts& set, const TextIndex& train) {
    Finding found = finding_of(FindingKind::leak, Severity::warning, set);
    found.advice = "remove them from " + sets_[0].name;
    for (std::int64_t row = 0; row < set.texts.size; ++row) {
      const std::optional<std::int64_t> original = train.find(set.texts.texts(row));
      if (!original) continue;
      const RowOf first{sets_[0].texts, *original}, second{set.texts, row};
      differ_of(set)[static_cast<std::size_t>(row)] = false;
      ++found.rows;
      found.with_other_label += labels_differ(first, second) ? 1 : 0;
      add_example(found, first, second);
    }
    leaked_.push_back(found.rows);
    if (found.rows * 20 >= found.of_rows) found.severity = Severity::error;
    if (found.rows > 0) leaks_.push_back(std::move(found));
  }

  std::vector<bool>& differ_of(const NamedTexts& set) {
    return differ_[static_cast<std::size_t>(&set - sets_.data())];
  }

  // Rows of nearly equal texts. Questions share their contexts on purpose: of these contexts are compared.
  void find_near() {
    std::int64_t rows = 0;
    std::vector<NearSet> sets;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      rows += sets_[i].texts.size;
      if (sets_[i].contexts) return;
      sets.push_back({sets_[i].texts, std::move(differ_[i])});
    }
    if (rows > options_.max_near_rows) return;
    const std::vector<std::vector<NearRow>> near = near_duplicates(sets);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      const NamedTexts& set = sets_[i];
      Finding repeats = finding_of(FindingKind::near_duplicate, Severity::note, set);
      repeats.advice = "keep one of each, unless they are meant to count more";
      Finding leaks = finding_of(FindingKind::near_leak, Severity::warning, set);
      leaks.advice = "remove them from " + sets_[0].name;
      for (std::int64_t row = 0; row < set.texts.size; ++row) {
        const NearRow& found = near[i][static_cast<std::size_t>(row)];
        if (found.earlier >= 0) add_near(repeats, {set.texts, found.earlier}, {set.texts, row});
        if (found.trained >= 0) add_near(leaks, {sets_[0].texts, found.trained}, {set.texts, row});
      }
      if (leaks.rows * 200 < leaks.of_rows) leaks.severity = Severity::note;  // hardly changes a score
      if (repeats.rows > 0) near_.push_back(std::move(repeats));
      if (leaks.rows > 0) near_.push_back(std::move(leaks));
    }
  }

  void add_near(Finding& finding, const RowOf& first, const RowOf& second) const {
    ++finding.rows;
    finding.with_other_label += options_.conflicts && labels_differ(first, second) ? 1 : 0;
    add_example(finding, first, second);
  }

  // Questions that are not in the training set themselves, but whose contexts are.
  void find_shared_contexts() {
    if (sets_.size() < 2 || !sets_[0].contexts) return;
    const TextIndex train(*sets_[0].contexts, Folding::blanks_and_case);
    for (std::size_t i = 1; i < sets_.size(); ++i) {
      const NamedTexts& set = sets_[i];
      if (!set.contexts) continue;
      Finding found = finding_of(FindingKind::shared_context, Severity::note, set);
      found.advice = "keep the questions of a context in one set";
      for (std::int64_t row = 0; row < set.texts.size; ++row) {
        const std::optional<std::int64_t> original = train.find(set.contexts->texts(row));
        if (!original) continue;
        ++found.rows;
        add_example(found, {*sets_[0].contexts, *original}, {*set.contexts, row});
      }
      if (found.rows > leaked_[i - 1]) leaks_.push_back(std::move(found));
    }
  }

  std::span<const NamedTexts> sets_;
  const CheckOptions& options_;
  std::vector<Finding> leaks_, conflicts_, repeats_, near_;
  std::vector<std::vector<bool>> differ_;  // [sets, rows]: no earlier row, nor one of training, has the texts
  std::vector<std::int64_t> leaked_;       // of each set but the first
};

}  // namespace

NamedTexts named_texts(std::string name, const Dataset& dataset) {
  return {.name = std::move(name),
          .texts = texts_of(dataset),
          .columns = dataset.columns,
          .notes = dataset.notes};
}

CheckResult check_texts(std::span<const NamedTexts> sets, const CheckOptions& options) {
  return Checker(sets, options).check();
}

}  // namespace bertune::data
