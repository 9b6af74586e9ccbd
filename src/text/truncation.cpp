#include "text/truncation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bertune/error.h"

namespace bertune::text {
namespace {

KeptTokens longest_first(std::size_t first, std::size_t second, std::size_t room) {
  std::size_t shorter = std::min(first, second);
  std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  // A tie goes to the second text, as in the reference.
  return first > second ? KeptTokens{longer, shorter} : KeptTokens{shorter, longer};
}

std::size_t shorten(std::size_t length, std::size_t surplus, const char* which) {
  if (length > surplus) return length - surplus;
  throw Error(
      fmt::format("the {} text has {} tokens, and {} would have to go to respect the maximum length: raise "
                  "the maximum length, or "
                  "truncate the other text",
                  which, length, surplus));
}

}  // namespace

KeptTokens truncate(std::size_t first, std::size_t second, bool is_pair, std::size_t room,
                    Truncation strategy) {
  if (strategy == Truncation::do_not_truncate || first + second <= room) return {first, second};
  if (room == 0) return {0, 0};
  const std::size_t surplus = first + second - room;
  switch (strategy) {
    case Truncation::only_first:
      return {shorten(first, surplus, "first"), second};
    case Truncation::only_second:
      if (!is_pair) throw Error("truncation of the second text was asked for, and there is only one");
      return {first, shorten(second, surplus, "second")};
    default:
      return is_pair ? longest_first(first, second, room) : KeptTokens{room, 0};
  }
}

std::vector<Window> windows(std::size_t length, std::size_t kept, std::size_t stride) {
  if (kept >= length) return {{0, length}};
  if (kept == 0) return {{0, 0}, {0, length}};
  std::vector<Window> result;
  for (std::size_t begin = 0;; begin += kept - stride) {
    const std::size_t end = std::min(begin + kept, length);
    result.push_back({begin, end});
    if (end == length) return result;
  }
}

}  // namespace bertune::text
