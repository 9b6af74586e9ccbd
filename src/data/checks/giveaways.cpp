#include "data/checks/giveaways.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/lower_case.h"
#include "core/nearest.h"
#include "data/checks/finding_parts.h"

namespace bertune::data {
namespace {

constexpr std::int64_t kFewestLabeled = 50, kMostLabeled = 50'000;

// The labeled rows of a set, or an even sample of them, with classes as numbers.
struct Classes {
  std::vector<std::int64_t> rows;
  std::vector<std::size_t> of;          // [rows]
  std::vector<std::string_view> names;  // by first appearance
  std::vector<std::int64_t> counts;     // [names]
  double majority() const {
    return static_cast<double>(*std::ranges::max_element(counts)) / static_cast<double>(rows.size());
  }
};

Classes classes_of(const NamedTexts& set) {
  Classes classes;
  std::unordered_map<std::string_view, std::size_t> numbers;
  const std::int64_t stride = stride_for(set.texts.size, kMostLabeled);
  for (std::int64_t row = 0; row < set.texts.size; row += stride) {
    const auto label = set.texts.label_of(row);
    if (!label) continue;
    const auto [found, is_new] = numbers.emplace(*label, classes.names.size());
    if (is_new) classes.names.push_back(*label), classes.counts.push_back(0);
    ++classes.counts[found->second];
    classes.rows.push_back(row), classes.of.push_back(found->second);
  }
  return classes;
}

// The words of a row, each once, in lower case.
std::unordered_set<std::string> words_of(const TextPair& pair) {
  std::unordered_set<std::string> words;
  for (const std::string_view text : {pair.first, pair.second})
    for_each_word(text, [&](std::string_view word) { words.insert(lower_case(word)); });
  return words;
}

// A word that nearly all rows of a class have, and hardly any other rows.
struct Telling {
  std::string word;
  std::int64_t right = 0;  // rows of the class with it
};

std::vector<Telling> telling_words(const NamedTexts& set, const Classes& classes) {
  constexpr double kRecall = 0.9, kPrecision = 0.98;
  constexpr std::int64_t kFewestOfClass = 20;
  std::unordered_map<std::string, std::unordered_map<std::size_t, std::int64_t>> counts;
  for (std::size_t i = 0; i < classes.rows.size(); ++i)
    for (const std::string& word : words_of(set.texts.texts(classes.rows[i]))) ++counts[word][classes.of[i]];
  std::vector<Telling> words(classes.names.size());
  for (const auto& [word, by_class] : counts) {
    std::int64_t rows = 0;
    for (const auto& [number, count] : by_class) rows += count;
    for (const auto& [number, right] : by_class) {
      const std::int64_t of_class = classes.counts[number];
      if (of_class < kFewestOfClass || static_cast<double>(right) < kRecall * static_cast<double>(of_class) ||
          static_cast<double>(right) < kPrecision * static_cast<double>(rows))
        continue;
      Telling& best = words[number];
      if (std::pair(-right, word) < std::pair(-best.right, best.word)) best = {word, right};
    }
  }
  return words;
}

// The word of one of two classes tells the other by its absence. Where there are more, words must tell most
// rows: that one class of many has a word of its own ("how many") is how people write.
void add_telling_words(const NamedTexts& set, const CheckOptions& options, const Classes& classes,
                       std::vector<Finding>& findings) {
  const std::vector<Telling> words = telling_words(set, classes);
  std::int64_t told = 0;
  Finding finding = make_finding(FindingKind::label_word, Severity::error, set, options);
  for (std::size_t number = 0; number < words.size(); ++number) {
    if (words[number].right == 0) continue;
    told += classes.counts[number];
    if (finding.detail.empty()) finding.detail = words[number].word;
    finding.rows += words[number].right;
    finding.labels.push_back({std::string(classes.names[number]), words[number].right});
    for (std::size_t i = 0; i < classes.rows.size() && finding.examples.size() < 3; ++i) {
      const TextPair pair = set.texts.texts(classes.rows[i]);
      if (classes.of[i] != number || !words_of(pair).contains(words[number].word)) continue;
      finding.where.push_back(set.texts.where(classes.rows[i]));
      finding.examples.push_back(
          {{finding.where.back()}, {std::string(classes.names[number])}, excerpt(pair.first)});
      break;
    }
  }
  const auto all = static_cast<std::int64_t>(classes.rows.size());
  if (finding.labels.empty() || (classes.names.size() > 2 && told * 2 < all)) return;
  finding.of_rows = all;
  finding.value = static_cast<double>(finding.rows) / static_cast<double>(told);
  finding.advice = "remove the word from the texts if it comes from the label, and not from a writer";
  findings.push_back(std::move(finding));
}

// Bins of equally many rows by length learn from every other row and are asked about the rest.
void add_telling_length(const NamedTexts& set, const CheckOptions& options, const Classes& classes,
                        std::vector<Finding>& findings) {
  constexpr std::size_t kBins = 16;
  const std::size_t size = classes.rows.size();
  std::vector<std::pair<std::size_t, std::size_t>> order;  // length, place
  for (std::size_t i = 0; i < size; ++i) {
    const TextPair pair = set.texts.texts(classes.rows[i]);
    order.emplace_back(pair.first.size() + pair.second.size(), i);
  }
  std::ranges::sort(order);
  std::int64_t right = 0, asked = 0;
  for (std::size_t begin = 0; begin < size;) {
    std::size_t end = std::min(size, begin + std::max<std::size_t>(2, size / kBins));
    while (end < size && order[end].first == order[end - 1].first) ++end;  // one length is in one bin
    std::vector<std::int64_t> learned(classes.names.size());
    for (std::size_t k = begin; k < end; k += 2) ++learned[classes.of[order[k].second]];
    const auto best = static_cast<std::size_t>(std::ranges::max_element(learned) - learned.begin());
    for (std::size_t k = begin + 1; k < end; k += 2) {
      ++asked;
      right += classes.of[order[k].second] == best ? 1 : 0;
    }
    begin = end;
  }
  const double accuracy = static_cast<double>(right) / static_cast<double>(std::max<std::int64_t>(1, asked));
  if (accuracy < 0.9 || accuracy < classes.majority() + 0.2) return;
  Finding finding = make_finding(FindingKind::label_length, Severity::error, set, options);
  finding.rows = static_cast<std::int64_t>(std::llround(accuracy * static_cast<double>(size)));
  finding.of_rows = static_cast<std::int64_t>(size);
  finding.value = accuracy;
  finding.advice = "see how the rows were collected: a model will learn the length";
  findings.push_back(std::move(finding));
}

void add_sorted(const NamedTexts& set, const CheckOptions& options, std::vector<Finding>& findings) {
  std::int64_t rows = 0, changes = 0;
  std::string_view last;
  std::unordered_map<std::string_view, std::int64_t> counts;
  for (std::int64_t row = 0; row < set.texts.size; ++row) {
    const auto label = set.texts.label_of(row);
    if (!label) continue;
    changes += rows > 0 && *label != last ? 1 : 0;
    last = *label;
    ++counts[last], ++rows;
  }
  if (rows < kFewestLabeled || counts.size() < 2) return;
  double equal = 0;  // probability that two rows have the same label
  for (const auto& [label, count] : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(rows);
    equal += share * share;
  }
  const double expected = (1 - equal) * static_cast<double>(rows);
  const auto fewest = static_cast<double>(counts.size() - 1);
  if (expected < 4 * fewest || static_cast<double>(changes) > std::max(fewest, 0.02 * expected)) return;
  Finding finding = make_finding(FindingKind::sorted, Severity::note, set, options);
  finding.rows = finding.of_rows = rows;
  finding.value = static_cast<double>(changes);
  finding.advice =
      "training mixes them; with a limit of rows use `shuffle_rows`, and mix them before you divide the file";
  findings.push_back(std::move(finding));
}

// Lower case, letters, digits and what is beyond ASCII alone.
std::string bare(std::string_view label) {
  std::string text;
  for_each_word(label, [&](std::string_view word) { text += lower_case(word); });
  return text;
}

bool is_number(std::string_view text) { return text.find_first_of("0123456789") != std::string_view::npos; }

// "B-", "I-": tags of one kind are compared.
std::string_view prefix_of(std::string_view tag) {
  return tag.size() > 2 && tag[1] == '-' ? tag.substr(0, 2) : std::string_view();
}

bool is_typo(const LabelCount& rare, const LabelCount& frequent) {
  constexpr std::size_t kShort = 5, kLong = 9, kLongest = 60;
  const auto rows = [](const LabelCount& label) {
    return std::accumulate(label.rows.begin(), label.rows.end(), std::int64_t{0});
  };
  if (rows(rare) * 20 > rows(frequent) || is_number(rare.label) || is_number(frequent.label)) return false;
  if (std::min(rare.label.size(), frequent.label.size()) < kShort || rare.label.size() > kLongest ||
      prefix_of(rare.label) != prefix_of(frequent.label))
    return false;
  if (std::max(rare.label.size(), frequent.label.size()) >
      std::min(rare.label.size(), frequent.label.size()) + 2)
    return false;
  return edit_distance(rare.label, frequent.label) <= (frequent.label.size() >= kLong ? 2U : 1U);
}

}  // namespace

std::vector<Finding> find_giveaways(std::span<const NamedTexts> sets, const CheckOptions& options) {
  std::vector<Finding> findings;
  if (!options.has_classes()) return findings;
  for (const NamedTexts& set : sets) {
    if (!set.labels) continue;
    add_sorted(set, options, findings);
    const Classes classes = classes_of(set);
    if (&set != sets.data() || static_cast<std::int64_t>(classes.rows.size()) < kFewestLabeled ||
        classes.names.size() < 2)
      continue;
    add_telling_words(set, options, classes, findings);
    add_telling_length(set, options, classes, findings);
  }
  return findings;
}

std::vector<Finding> similar_labels(std::span<const NamedTexts> sets, const CheckOptions& options,
                                    std::span<const LabelCount> labels) {
  constexpr std::size_t kMostLabels = 2000;
  std::vector<Finding> findings;
  if (options.label == "choice" || labels.size() > kMostLabels) return findings;
  std::unordered_map<std::string, const LabelCount*> first;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    // Signs tell "c" from "c++", and numbers from one another.
    const bool has_signs =
        is_number(labels[i].label) || labels[i].label.find_first_of("+#") != std::string::npos;
    const std::string by = has_signs ? std::string() : bare(labels[i].label);
    const LabelCount* same = by.empty() ? nullptr : first.emplace(by, &labels[i]).first->second;
    if (same == &labels[i]) same = nullptr;
    for (std::size_t k = 0; same == nullptr && k < i; ++k)
      if (is_typo(labels[i], labels[k])) same = &labels[k];
    if (same == nullptr) continue;
    Finding finding = make_finding(FindingKind::similar_labels, Severity::warning, sets.front(), options);
    finding.set.clear();
    finding.unit = options.label == "tag" ? "word" : options.unit;
    finding.of_rows = 0;
    for (const LabelCount& label : labels)
      finding.of_rows += std::accumulate(label.rows.begin(), label.rows.end(), std::int64_t{0});
    finding.rows = std::accumulate(labels[i].rows.begin(), labels[i].rows.end(), std::int64_t{0});
    finding.labels = {{labels[i].label, labels[i].rows[0]}, {same->label, same->rows[0]}};
    finding.advice = "make them one if they mean the same";
    for (const NamedTexts& set : sets) {
      for (std::int64_t row = 0; set.texts.label && row < set.texts.size && finding.where.size() < 3; ++row)
        if (set.texts.label_of(row) == labels[i].label) finding.where.push_back(set.texts.where(row));
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace bertune::data
