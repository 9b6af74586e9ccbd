#include "data/choices/choice_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/quoted.h"
#include "data/files/bad_rows.h"
#include "data/splits/subset.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

constexpr std::size_t kReadings = 4;  // in the order of preference:
enum Reading : std::size_t { kNumber, kLetter, kText, kNumberFromOne };
constexpr std::array<std::string_view, kReadings> kNames = {"numbers from 0", "letters from A",
                                                            "texts of choices", "numbers from 1"};

constexpr std::int32_t kNone = -1;
constexpr std::int64_t kEnough = 20;  // questions

std::int32_t read_label(Reading reading, std::string_view label, std::span<const std::string_view> choices) {
  const auto size = static_cast<std::int32_t>(choices.size());
  if (reading == kNumber || reading == kNumberFromOne) {
    const double number = parse_number(label).value_or(kNone) - (reading == kNumberFromOne ? 1 : 0);
    return number >= 0 && number < size && std::floor(number) == number ? static_cast<std::int32_t>(number)
                                                                        : kNone;
  }
  if (reading == kLetter) {
    if (label.size() != 1) return kNone;
    const char letter = static_cast<char>(label[0] & ~0x20);  // upper case
    return letter >= 'A' && letter <= 'Z' && letter - 'A' < size ? letter - 'A' : kNone;
  }
  const auto found = std::find(choices.begin(), choices.end(), label);
  return found == choices.end() ? kNone : static_cast<std::int32_t>(found - choices.begin());
}

struct Readings {
  std::array<std::int64_t, kReadings> fitting{};  // labels
  std::array<bool, kReadings> differs{};          // from the first reading that fits the label
};

std::string expected(std::int64_t choices) {
  const std::string letters =
      choices <= 26 ? fmt::format("a letter from A to {}, ", static_cast<char>('A' + choices - 1)) : "";
  return fmt::format("a number from 0 to {}, {}or the text of a choice", choices - 1, letters);
}

}  // namespace

void set_choice_labels(MultipleChoiceDataset& dataset, const std::vector<std::string_view>& given,
                       std::int64_t most_bad) {
  Readings readings;
  BadRows bad(most_bad);
  std::vector<std::int64_t> good;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const std::string_view label = given[static_cast<std::size_t>(i)];
    if (label.empty() || label == "-1") continue;
    std::int32_t first = kNone;
    for (const Reading reading : {kNumber, kLetter, kText, kNumberFromOne}) {
      const std::int32_t choice = read_label(reading, label, dataset.choices_of(i));
      if (choice == kNone) continue;
      ++readings.fitting[reading];
      if (first == kNone) first = choice;
      readings.differs[reading] = readings.differs[reading] || choice != first;
    }
  }
  const auto best = static_cast<Reading>(std::max_element(readings.fitting.begin(), readings.fitting.end()) -
                                         readings.fitting.begin());
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const std::string_view label = given[static_cast<std::size_t>(i)];
    if (label.empty() || label == "-1") {
      bad.add(fmt::format("{}: the question has no label", dataset.where(i)));
      continue;
    }
    const std::int32_t choice = read_label(best, label, dataset.choices_of(i));
    if (choice == kNone) {
      const std::string others =
          readings.fitting[best] > 0 ? fmt::format("; the other labels are {}", kNames[best]) : "";
      bad.add(fmt::format("{}: the label {} names none of the {} choices: it must be {}{}", dataset.where(i),
                          in_quotes(label), dataset.num_choices, expected(dataset.num_choices), others));
      continue;
    }
    dataset.questions[static_cast<std::size_t>(i)].label = choice;
    good.push_back(i);
  }
  const auto all = dataset.size();
  if (bad.count() > 0) {
    std::vector<std::string> notes = std::move(dataset.notes);
    bad.settle(dataset.path, all - bad.count(), "questions", notes);
    dataset = subset(dataset, good);
    dataset.notes = std::move(notes);
    if (dataset.size() == 0) throw Error(fmt::format("{}: no question has a label", dataset.path));
  }
  if (best != kNumber) dataset.notes.push_back(fmt::format("{}: labels are {}", dataset.path, kNames[best]));
  for (std::size_t other = best + 1; other < kReadings; ++other) {
    // Numbers that never reach the last choice may count from 0 as well as from 1; only few rows leave that
    // open.
    if (other == kNumberFromOne && (best != kNumber || dataset.size() < kEnough)) continue;
    if (readings.fitting[other] != all || !readings.differs[other]) continue;
    dataset.notes.push_back(
        fmt::format("{}: labels are taken for {}, but could as well be {}; letters would leave no doubt",
                    dataset.path, kNames[best], kNames[other]));
  }
}

}  // namespace bertune::data
