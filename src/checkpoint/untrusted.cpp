#include "checkpoint/untrusted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <system_error>
#include <vector>

#include "bertune/error.h"

namespace bertune::checkpoint {
namespace {

constexpr std::size_t kShownBytes = 120;

// Refuses while parsing, before a value of unreasonable depth is built.
class JsonGuard {
 public:
  JsonGuard(const std::string& where, const JsonLimits& limits) : where_(where), limits_(limits) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth >= limits_.depth) {
      throw Error(
          fmt::format("{}: nested more than {} levels deep, which no such file is", where_, limits_.depth));
    }
    if (++events_ > 2 * limits_.values) {  // a value is one event or, with its end, two; so is a key
      throw Error(
          fmt::format("{}: holds more than {} values, which no such file does", where_, limits_.values));
    }
    if (limits_.duplicate_names) return true;
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key && !names_.back().insert(parsed.get<std::string>()).second) {
      throw Error(fmt::format("{}: names {} twice; the file is damaged", where_,
                              in_quotes(parsed.get<std::string>())));
    }
    return true;
  }

 private:
  const std::string& where_;
  const JsonLimits& limits_;
  std::size_t events_ = 0;
  std::vector<std::set<std::string>> names_;
};

}  // namespace

std::string printable(std::string_view text) {
  const bool cut = text.size() > kShownBytes;
  const std::string escaped =
      Json(std::string(text.substr(0, kShownBytes))).dump(-1, ' ', false, Json::error_handler_t::replace);
  return fmt::format("{}{}", std::string_view(escaped).substr(1, escaped.size() - 2), cut ? "…" : "");
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", printable(text)); }

Json parse_json_object(std::string_view text, const std::string& where, const JsonLimits& limits) {
  JsonGuard guard(where, limits);
  Json value;
  try {
    value =
        Json::parse(text.begin(), text.end(), [&](int depth, Json::parse_event_t event, const Json& parsed) {
          return guard(depth, event, parsed);
        });
  } catch (const Json::exception& error) {
    // The parser's own message quotes what it read last, however long that was.
    throw Error(fmt::format("{}: not valid JSON: {:.300}", where, error.what()));
  }
  if (!value.is_object()) {
    throw Error(fmt::format("{}: holds a JSON {} where an object {{...}} belongs", where, value.type_name()));
  }
  return value;
}

std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<std::uint64_t> element_count(std::span<const std::int64_t> shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 0; }))
    return std::nullopt;
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) {
    const auto product = checked_multiply(count, static_cast<std::uint64_t>(size));
    if (!product || *product > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return std::nullopt;
    }
    count = *product;
  }
  return count;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string foreign_file_hint(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "the file is empty; fetch it again";
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 64));
  if (start.starts_with("version https://git-lfs")) {
    return "this is a Git LFS pointer, not the weights; run `git lfs pull` in the model's folder";
  }
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<!doctype") || start.starts_with("<html")) {
    return "this is a web page, not the weights; fetch the file itself (on the hub: the download link)";
  }
  return {};
}

}  // namespace bertune::checkpoint
