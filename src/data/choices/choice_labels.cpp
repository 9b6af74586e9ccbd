#include "data/choices/choice_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "bertune/error.h"
#include "data/texts/labels.h"

namespace bertune::data {
namespace {

constexpr std::size_t kReadings = 3;  // in the order of preference:
enum Reading : std::size_t { kNumber, kLetter, kText };
constexpr std::array<std::string_view, kReadings> kNames = {"numbers from 0", "letters from A",
                                                            "texts of choices"};

constexpr std::int32_t kNone = -1;

std::int32_t read_label(Reading reading, std::string_view label, std::span<const std::string_view> choices) {
  const auto size = static_cast<std::int32_t>(choices.size());
  if (reading == kNumber) {
    const double number = parse_number(label).value_or(kNone);
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

std::string shown(std::string_view label) {
  constexpr std::size_t kMost = 60;
  if (label.size() <= kMost) return std::string(label);
  std::size_t size = kMost;
  while ((static_cast<unsigned char>(label[size]) & 0xC0) == 0x80) --size;
  return std::string(label.substr(0, size)) + "...";
}

}  // namespace

void set_choice_labels(MultipleChoiceDataset& dataset, const std::vector<std::string_view>& given) {
  Readings readings;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const std::string_view label = given[static_cast<std::size_t>(i)];
    if (label.empty() || label == "-1")
      throw Error(fmt::format("{}: the question has no label", dataset.where(i)));
    std::int32_t first = kNone;
    for (const Reading reading : {kNumber, kLetter, kText}) {
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
    const std::int32_t choice = read_label(best, label, dataset.choices_of(i));
    if (choice == kNone) {
      const std::string others =
          readings.fitting[best] > 0 ? fmt::format("; the other labels are {}", kNames[best]) : "";
      throw Error(fmt::format("{}: the label \"{}\" names none of the {} choices: it must be {}{}",
                              dataset.where(i), shown(label), dataset.num_choices,
                              expected(dataset.num_choices), others));
    }
    dataset.questions[static_cast<std::size_t>(i)].label = choice;
  }
  if (best != kNumber) dataset.notes.push_back(fmt::format("{}: labels are {}", dataset.path, kNames[best]));
  for (std::size_t other = best + 1; other < kReadings; ++other) {
    if (readings.fitting[other] != dataset.size() || !readings.differs[other]) continue;
    dataset.notes.push_back(
        fmt::format("{}: labels are taken for {}, but could as well be {}; letters would leave no doubt",
                    dataset.path, kNames[best], kNames[other]));
  }
}

}  // namespace bertune::data
