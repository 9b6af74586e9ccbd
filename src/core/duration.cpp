#include "core/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <system_error>

#include "bertune/error.h"

namespace bertune {
namespace {

std::optional<double> seconds_of_unit(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    default:
      return std::nullopt;
  }
}

// Units become smaller from part to part; a number without one is the last, and means seconds.
std::optional<double> parsed_seconds(std::string_view text) {
  double seconds = 0, last = 1e18;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::optional<double> unit = text.empty() ? 1 : seconds_of_unit(text.front());
    if (!unit || *unit >= last) return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);
    seconds += number * *unit, last = *unit;
  }
  return seconds > 0 && seconds < 1e9 ? std::optional(seconds) : std::nullopt;
}

}  // namespace

double seconds_from(std::string_view text, const std::string& option) {
  if (const std::optional<double> seconds = parsed_seconds(text)) return *seconds;
  throw UsageError(
      option, fmt::format("`{}` is \"{}\"; it must be a time such as 90s, 30m, 2h or 1h30m", option, text));
}

}  // namespace bertune
