#include "checkpoint/untrusted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/foreign_file.h"

namespace bertune::checkpoint {
namespace {

constexpr std::size_t kShownBytes = 120;

// Refuses while it reads, before a value of unreasonable depth or size is built. A pass of its own:
// nlohmann's parser with a callback looks through all earlier members of an object at the end of each.
class JsonGuard : public Json::json_sax_t {
 public:
  JsonGuard(const std::string& where, const JsonLimits& limits) : where_(where), limits_(limits) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(std::int64_t) override { return count(); }
  bool number_unsigned(std::uint64_t) override { return count(); }
  bool number_float(double, const std::string&) override { return count(); }
  bool string(std::string&) override { return count(); }
  bool binary(Json::binary_t&) override { return count(); }
  bool start_object(std::size_t) override {
    names_.emplace_back();
    return begin();
  }
  bool start_array(std::size_t) override { return begin(); }
  bool end_object() override {
    names_.pop_back();
    return end();
  }
  bool end_array() override { return end(); }
  bool key(std::string& name) override {
    if (!limits_.duplicate_names && !names_.back().insert(name).second)
      throw Error(fmt::format("{}: names {} twice; the file is damaged", where_, in_quotes(name)));
    return count();
  }
  // The parser that follows says what is wrong.
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  bool begin() {
    if (++depth_ > limits_.depth) {
      throw Error(
          fmt::format("{}: nested more than {} levels deep, which no such file is", where_, limits_.depth));
    }
    return count();
  }
  bool end() {
    --depth_;
    return true;
  }
  bool count() {
    if (++values_ > 2 * limits_.values) {  // a member is a name and a value
      throw Error(
          fmt::format("{}: holds more than {} values, which no such file does", where_, limits_.values));
    }
    return true;
  }

  const std::string& where_;
  const JsonLimits& limits_;
  int depth_ = 0;
  std::size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> names_;
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
  if (!text.empty()) require_own_file(std::as_bytes(std::span(text.data(), text.size())), where);
  JsonGuard guard(where, limits);
  Json value;
  try {
    Json::sax_parse(text.begin(), text.end(), &guard);
    value = Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    // The parser's own message quotes what it read last, however long that was.
    throw Error(fmt::format("{}: not valid JSON: {:.300}", where, message_of(error)));
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

void require_own_file(std::span<const std::byte> bytes, const std::string& where) {
  const std::string hint = foreign_file_hint({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!hint.empty()) throw Error(fmt::format("{}: {}", where, hint));
}

std::string repair_hint(const std::string& where) {
  const fs::path folder = fs::path(where).parent_path();
  for (const char* own : {"bertune.json", "trainer_state.json"}) {
    if (path_exists(folder / own))
      return "copy it again from where training wrote it, take another checkpoint of that run, or train "
             "again";
  }
  return "fetch it again";
}

}  // namespace bertune::checkpoint
