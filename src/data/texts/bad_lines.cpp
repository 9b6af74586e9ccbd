#include "data/texts/bad_lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "bertune/error.h"
#include "data/files/records.h"

namespace bertune::data {

void BadLines::add(std::int64_t line, std::string what) {
  constexpr std::size_t kNamed = 5;
  if (count_++ == 0) first_ = std::move(what);
  if (lines_.size() < kNamed) lines_.push_back(line);
}

// "lines 2, 6", or "rows 2, 6" of a list on one line.
std::string BadLines::lines() const {
  std::vector<std::string> places;
  for (const std::int64_t line : lines_) {
    const std::string place = place_in("", line);
    places.push_back(place.substr(place.find_first_of("0123456789")));
  }
  const std::string_view unit =
      place_in("", lines_.front()).ends_with("row " + places.front()) ? "row" : "line";
  return fmt::format("{}{} {}{}", unit, count_ == 1 ? "" : "s", fmt::join(places, ", "),
                     count_ > static_cast<std::int64_t>(lines_.size()) ? ", ..." : "");
}

void BadLines::check(const std::string& path, std::int64_t rows) const {
  if (!too_many()) return;
  std::string more;
  if (count_ > 1) more = fmt::format(" ({} of {} rows cannot be used: {})", count_, count_ + rows, lines());
  if (count_ <= rows)
    more += fmt::format("; correct it, or leave such rows out with `max_bad_rows={}`", count_);
  throw Error(fmt::format("{}: {}{}", place_in(path, lines_.front()), first_, more));
}

std::string BadLines::note(const std::string& path) const {
  if (count_ == 0) return "";
  return fmt::format("{}: left out: {} ({} in all, {})", place_in(path, lines_.front()), first_,
                     count_ == 1 ? "1 row" : fmt::format("{} rows", count_), lines());
}

}  // namespace bertune::data
