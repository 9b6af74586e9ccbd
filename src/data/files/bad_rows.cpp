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

void BadRows::settle(const std::string& path, std::int64_t good, std::string_view things,
                     std::vector<std::string>& notes) const {
  if (count_ == 0) return;
  const std::string of_all = fmt::format("{} of {} {}", count_, count_ + good, things);
  if (count_ <= most_) {
    notes.push_back(fmt::format("{}: {} cannot be read and were left out (`max_bad_rows={}`); the first: {}",
                                path, of_all, most_, first_.front()));
    return;
  }
  if (count_ == 1) throw Error(first_.front());
  throw Error(fmt::format("{}\n{}: {} cannot be read{}; mend them, or leave them out with `max_bad_rows={}`",
                          fmt::join(first_, "\n"), path, of_all,
                          static_cast<std::int64_t>(first_.size()) < count_ ? " (these are the first)" : "",
                          count_));
}

}  // namespace bertune::data
