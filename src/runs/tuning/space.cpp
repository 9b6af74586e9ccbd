#include "runs/tuning/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "bertune/error.h"
#include "core/random.h"
#include "core/random_streams.h"

namespace bertune::runs {
namespace {

constexpr std::int64_t kParts = 8;  // of a range

std::string number_text(double number) { return fmt::format("{:.3g}", number); }

std::vector<std::string> without_repetitions(const std::vector<double>& numbers) {
  std::vector<std::string> texts;
  for (const double number : numbers)
    if (std::string text = number_text(number); std::ranges::find(texts, text) == texts.end())
      texts.push_back(std::move(text));
  return texts;
}

std::vector<double> learning_rates(const train::TrainingArguments& arguments, std::int64_t hidden_size) {
  const train::TrainingArguments usual;
  const bool is_usual =
      arguments.learning_rate == usual.learning_rate && arguments.optimizer == usual.optimizer;
  double scale = arguments.learning_rate / 5;
  if (is_usual) scale = 1e-5 * 768 / static_cast<double>(std::max<std::int64_t>(1, hidden_size));
  if (is_usual && arguments.fine_tuning.lora) scale *= 10;
  std::vector<double> rates;
  for (const double times : {1, 2, 3, 5, 8}) rates.push_back(times * scale);
  return rates;
}

// 2, 3, 4 and 8 for the usual 3.
std::vector<double> numbers_of_epochs(double usual) {
  std::vector<double> epochs;
  for (const double times : {2.0, 3.0, 4.0, 8.0})
    epochs.push_back(std::max(1.0, std::round(usual * times / 3)));
  return epochs;
}

std::string text_in(const TuneDimension& range, double number) {
  return range.whole ? fmt::format("{:.0f}", number) : number_text(number);
}

std::string drawn(const TuneDimension& dimension, Random random, std::int64_t place) {
  const std::int64_t count =
      dimension.values.empty() ? kParts : static_cast<std::int64_t>(dimension.values.size());
  std::vector<std::int64_t> deck;
  for (std::int64_t i = 0; i < count; ++i) deck.push_back(i);
  random.shuffle(deck);
  const std::int64_t part = deck[static_cast<std::size_t>(place)];
  if (!dimension.values.empty()) return dimension.values[static_cast<std::size_t>(part)];
  double within = 0;
  for (std::int64_t i = 0; i <= place; ++i) within = random.uniform();
  const double share = (static_cast<double>(part) + within) / static_cast<double>(kParts);
  const auto scaled = [&](double number) { return dimension.log ? std::log(number) : number; };
  const double low = scaled(dimension.minimum), high = scaled(dimension.maximum);
  const double at = low + share * (high - low);
  return text_in(dimension, dimension.log ? std::exp(at) : at);
}

}  // namespace

TuneSpace default_space(const train::TrainingArguments& arguments, std::int64_t hidden_size) {
  TuneSpace space;
  const auto add = [&](const char* option, std::vector<std::string> values, std::string usual) {
    space.defaults[option] = std::move(usual);
    space.dimensions.push_back({.option = option, .values = std::move(values)});
  };
  add("learning_rate", without_repetitions(learning_rates(arguments, hidden_size)),
      number_text(arguments.learning_rate));
  if (arguments.max_steps <= 0) {
    add("epochs", without_repetitions(numbers_of_epochs(arguments.num_train_epochs)),
        number_text(arguments.num_train_epochs));
  }
  if (arguments.warmup_steps <= 0) add("warmup_ratio", {"0.06", "0.1"}, number_text(arguments.warmup_ratio));
  add("layer_wise_lr_decay", {"0.9", "1"}, number_text(arguments.fine_tuning.layer_wise_lr_decay));
  std::vector<std::string> seeds;
  for (std::uint64_t i = 0; i < 5; ++i) seeds.push_back(std::to_string(arguments.seed + i));
  add("seed", seeds, std::to_string(arguments.seed));
  return space;
}

void validate(const TuneSpace& space) {
  std::set<std::string> names;
  for (const TuneDimension& one : space.dimensions) {
    if (!names.insert(one.option).second)
      throw UsageError(one.option, fmt::format("`{}` is in the space twice", one.option));
    if (!one.values.empty()) continue;
    const bool is_range =
        std::isfinite(one.minimum) && std::isfinite(one.maximum) && one.minimum < one.maximum;
    if (!is_range || (one.log && one.minimum <= 0)) {
      throw UsageError(
          one.option,
          fmt::format("`{}` has no range to draw from: the least value must be below the greatest{}",
                      one.option, one.log ? ", and above 0 on a logarithmic scale" : ""));
    }
  }
}

TrialSettings settings_of_draw(const TuneSpace& space, std::uint64_t seed, std::int64_t draw) {
  TrialSettings settings;
  for (std::size_t i = 0; i < space.dimensions.size(); ++i) {
    const TuneDimension& dimension = space.dimensions[i];
    const std::int64_t count =
        dimension.values.empty() ? kParts : static_cast<std::int64_t>(dimension.values.size());
    const Random random = random_for(seed, kTuningStream, static_cast<std::uint32_t>(draw / count), i);
    settings[dimension.option] = drawn(dimension, random, draw % count);
  }
  return settings;
}

std::vector<std::string> values_to_check(const TuneDimension& dimension) {
  if (!dimension.values.empty()) return dimension.values;
  return {text_in(dimension, dimension.minimum), text_in(dimension, dimension.maximum)};
}

Json to_json(const TuneDimension& dimension) {
  Json json = {{"option", dimension.option}};
  if (!dimension.values.empty()) {
    json["values"] = dimension.values;
  } else {
    json["min"] = dimension.minimum, json["max"] = dimension.maximum;
    json["log"] = dimension.log, json["whole"] = dimension.whole;
  }
  return json;
}

}  // namespace bertune::runs
