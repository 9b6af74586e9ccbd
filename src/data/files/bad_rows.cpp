#include "data/files/bad_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bertune::data {

void BadRows::add(std::string message) {
  constexpr std::size_t kNamed = 3;
  if (first_.size() < kNamed) first_.push_back(message);
  last_ = std::move(message);
  ++count_;
}

std::string BadRows::of_all(std::int64_t good, std::string_view things) const {
  return fmt::format("{} of {} {}", count_, count_ + good, things);
}

void BadRows::check(const std::string& path, std::int64_t good, std::string_view things) const {
  if (count_ <= most_ || count_ == 0) return;
  const std::string option = fmt::format("`max_bad_rows={}`", count_);
  if (count_ == 1) {
    throw Error(good == 0 ? first_.front()
                          : fmt::format("{}; mend it, or leave it out with {}", first_.front(), option));
  }
  // Rows that are all bad are not to be left out.
  const std::string advice = good == 0 ? "" : fmt::format("; mend them, or leave them out with {}", option);
  throw Error(
      fmt::format("{}\n{}: {} cannot be used{}{}", fmt::join(first_, "\n"), path, of_all(good, things),
                  static_cast<std::int64_t>(first_.size()) < count_ ? " (these are the first)" : "", advice));
}

std::string BadRows::note(const std::string& path, std::int64_t good, std::string_view things) const {
  if (count_ == 0) return "";
  return fmt::format("{}: {} cannot be used and were left out (`max_bad_rows={}`); the first: {}", path,
                     of_all(good, things), most_, first_.front());
}

void BadRows::settle(const std::string& path, std::int64_t good, std::string_view things,
                     std::vector<std::string>& notes) const {
  check(path, good, things);
  if (count_ > 0) notes.push_back(note(path, good, things));
}

}  // namespace bertune::data
