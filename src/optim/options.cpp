#include "bertune/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "bertune/error.h"
#include "core/json.h"
#include "core/nearest.h"
#include "optim/option_fields.h"

namespace bertune::optim {
namespace {

std::string guess(std::string_view name, const std::vector<std::string>& known) {
  const std::string_view near = nearest(name, known);
  return near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

OptionValues parse_object(std::string_view text, std::string_view option) {
  const Json object = parse_json(text, fmt::format("`{}`", option));
  OptionValues values;
  for (const auto& [name, value] : object.items()) {
    if (value.is_structured())
      throw UsageError(std::string(option),
                       fmt::format("`{}`: \"{}\" holds {}; give one value", option, name, value.dump()));
    values[name] = value.is_string() ? value.get<std::string>() : value.is_null() ? "none" : value.dump();
  }
  return values;
}

template <typename T>
bool parsed(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stopped == end;
}

}  // namespace

OptionValues parse_options(std::string_view text, std::string_view option) {
  text = trimmed(text);
  if (text.starts_with('{')) return parse_object(text, option);
  OptionValues values;
  while (!text.empty()) {
    const std::string_view part = trimmed(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), text.find(',') == text.npos ? text.size() : text.find(',') + 1));
    const auto equals = part.find('=');
    const std::string name(trimmed(part.substr(0, equals)));
    if (equals == part.npos || name.empty())
      throw UsageError(std::string(option), fmt::format("`{}`: \"{}\" is not name=value", option, part));
    if (!values.emplace(name, trimmed(part.substr(equals + 1))).second)
      throw UsageError(std::string(option), fmt::format("`{}`: \"{}\" is given twice", option, name));
  }
  return values;
}

std::string options_text(const OptionValues& options) {
  std::string text;
  for (const auto& [name, value] : options)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  return text;
}

bool Range::holds(double value) const {
  return (includes_min ? value >= min : value > min) && (includes_max ? value <= max : value < max) &&
         std::isfinite(value);
}

std::string Range::text() const {
  if (std::isinf(max))
    return std::isinf(min) ? "a number" : fmt::format("{} {}", includes_min ? "at least" : "above", min);
  return fmt::format("in {}{}, {}{}", includes_min ? '[' : '(', min, max, includes_max ? ']' : ')');
}

void refuse_name(std::string_view what, std::string_view name, std::vector<std::string> known) {
  std::ranges::sort(known);
  throw UsageError(std::string(what), fmt::format("no {} is named \"{}\"{}; the choices are {}", what, name,
                                                  guess(name, known), fmt::join(known, ", ")));
}

namespace detail {

void refuse_unknown(std::string_view owner, std::string_view name, std::vector<std::string> known) {
  std::ranges::sort(known);
  throw UsageError(fmt::format("{} has no option \"{}\"{}; it has {}", owner, name, guess(name, known),
                               known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

void refuse(std::string_view owner, std::string_view name, std::string_view value, std::string_view range) {
  throw UsageError(fmt::format("{}: {} is {}; it must be {}", owner, name, value, range));
}

void parse(const Place& place, const std::string& text, double& value) {
  if (!parsed(text, value) || !place.range.holds(value))
    refuse(place.owner, place.name, text, place.range.text());
}

void parse(const Place& place, const std::string& text, std::int64_t& value) {
  if (!parsed(text, value) || !place.range.holds(static_cast<double>(value)))
    refuse(place.owner, place.name, text, "a whole number " + place.range.text());
}

void parse(const Place& place, const std::string& text, bool& value) {
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (lower == "true" || lower == "1" || lower == "yes") {
    value = true;
  } else if (lower == "false" || lower == "0" || lower == "no") {
    value = false;
  } else {
    refuse(place.owner, place.name, text, "true or false");
  }
}

void parse(const Place& place, const std::string& text, std::string& value) {
  if (std::ranges::find(place.choices, text) == place.choices.end())
    refuse(place.owner, place.name, text, fmt::format("one of {}", fmt::join(place.choices, ", ")));
  value = text;
}

std::string text_of(double value) { return fmt::format("{}", value); }
std::string text_of(std::int64_t value) { return fmt::format("{}", value); }
std::string text_of(bool value) { return value ? "true" : "false"; }

}  // namespace detail
}  // namespace bertune::optim
