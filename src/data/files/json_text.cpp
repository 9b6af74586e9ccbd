#include "data/files/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "bertune/error.h"

namespace bertune::data {
namespace {

constexpr int kDeepestText = 32;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The code unit of "\uXXXX" at the front, or -1.
int escaped_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  for (std::size_t i = 2; i < 6; ++i)
    if (!is_hex(text[i])) return -1;
  int unit = 0;
  std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  return unit;
}

// Takes one escape off the front and appends it.
void take_escape(std::string_view& text, std::string& mended, JsonMends& mends) {
  const int unit = escaped_unit(text);
  std::size_t size = std::min<std::size_t>(unit < 0 ? 2 : 6, text.size());
  if (unit >= 0xD800 && unit < 0xE000) {
    const int low = escaped_unit(text.substr(6));
    if (unit < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      size = 12;
    } else {
      ++mends.surrogates;
      mended += "\\ufffd";
      text.remove_prefix(size);
      return;
    }
  }
  mended += text.substr(0, size);
  text.remove_prefix(size);
}

// Takes what stands outside of strings up to the next quote, bracket or comma.
void take_word(std::string_view& text, std::string& mended, JsonMends& mends) {
  const std::size_t size = std::min(text.find_first_of("\"{}[],: \t\r\n"), text.size());
  const std::string_view word = text.substr(0, size);
  bool replace = word == "NaN" || word == "Infinity" || word == "-Infinity" || word == "nan";
  if (!replace && !word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'))) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    // Nearer to zero than the least double is a number still.
    replace = error == std::errc::result_out_of_range && end == word.data() + word.size() &&
              word.find("e-") == word.npos && word.find("E-") == word.npos;
  }
  mends.numbers += replace ? 1 : 0;
  mended += replace ? std::string_view("null") : word;
  text.remove_prefix(size);
}

}  // namespace

std::string mended_json(std::string_view text, JsonMends& mends) {
  std::string mended;
  mended.reserve(text.size());
  for (bool quoted = false; !text.empty();) {
    if (quoted && text[0] == '\\') {
      take_escape(text, mended, mends);
      continue;
    }
    if (text[0] == '"') quoted = !quoted;
    mended += text[0];
    text.remove_prefix(1);
    if (!quoted) take_word(text, mended, mends);
  }
  return mended;
}

Json parse_json_row(std::string_view text, const std::string& where, JsonMends& mends) {
  const Json::parser_callback_t limit = [&](int depth, Json::parse_event_t event, Json&) {
    const bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth > kDeepestText)
      throw Error(fmt::format("{}: JSON nested more than {} deep", where, kDeepestText));
    return true;
  };
  try {
    return parse_json(text, where, limit);
  } catch (const Error&) {
    JsonMends found;
    const std::string mended = mended_json(text, found);
    if (found.all() == 0) throw;
    Json value = parse_json(mended, where, limit);
    mends.numbers += found.numbers, mends.surrogates += found.surrogates;
    return value;
  }
}

}  // namespace bertune::data
