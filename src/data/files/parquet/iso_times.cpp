#include "data/files/parquet/iso_times.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace bertune::data {
namespace {

constexpr std::int64_t kDay = 86'400;  // seconds

std::int64_t floor_of(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

bool has_four_digits(std::int64_t days) {
  constexpr std::int64_t kYear0 = -719'528, kYear10000 = 2'932'897;
  return days >= kYear0 && days < kYear10000;
}

void append_number(std::int64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_day(std::int64_t days, std::string& out) {
  const std::chrono::year_month_day day{
      std::chrono::sys_days(std::chrono::days(static_cast<std::int32_t>(days)))};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                 static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

void append_clock(std::int64_t seconds, std::int64_t fraction, std::int64_t per_second, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (fraction == 0) return;
  const int digits = per_second == 1'000 ? 3 : per_second == 1'000'000 ? 6 : 9;
  fmt::format_to(std::back_inserter(out), ".{:0{}}", fraction, digits);
}

}  // namespace

void append_date(std::int64_t days, std::string& out) {
  if (!has_four_digits(days)) return append_number(days, out);
  out += '"';
  append_day(days, out);
  out += '"';
}

void append_time(std::int64_t value, std::int64_t per_second, std::string& out) {
  if (value < 0 || value / per_second >= kDay) return append_number(value, out);
  out += '"';
  append_clock(value / per_second, value % per_second, per_second, out);
  out += '"';
}

void append_timestamp(std::int64_t value, std::int64_t per_second, bool in_utc, std::string& out) {
  const std::int64_t seconds = floor_of(value, per_second), days = floor_of(seconds, kDay);
  if (!has_four_digits(days)) return append_number(value, out);
  out += '"';
  append_day(days, out);
  out += 'T';
  append_clock(seconds - days * kDay, value - seconds * per_second, per_second, out);
  out += in_utc ? "Z\"" : "\"";
}

}  // namespace bertune::data
