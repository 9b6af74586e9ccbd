#include "text/files/vocabulary_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "bertune/error.h"
#include "core/foreign_file.h"
#include "core/utf8.h"
#include "text/files/tokenizer_json.h"
#include "text/unicode/normalizer.h"
#include "text/unicode/unicode.h"

namespace bertune::text {
namespace {

void require_lines(std::string_view text, const std::string& where) {
  if (const std::string hint = foreign_file_hint(text); !text.empty() && !hint.empty())
    throw Error(fmt::format("{}: {}", where, hint));
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error(fmt::format("{}: not UTF-8 at byte {}: save the vocabulary as UTF-8", where, bad));
  }
}

std::string_view trim_white_space(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && continues_character(line[last])) --last;
    std::size_t position = last;
    const char32_t value = next_code_point(line, position);
    if ((Unicode::instance().properties(value) & kWhiteSpace) == 0) break;
    line = line.substr(0, last);
  }
  return line;
}

// Takes the first line off a text, as Rust and Python read lines.
std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::vector<TokenEntry> parse_vocabulary_lines(std::string_view text, const std::string& where) {
  require_lines(text, where);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.empty()) throw Error(fmt::format("{}: the vocabulary is empty", where));
  std::vector<TokenEntry> entries;
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<bool> replaced;
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  entries.reserve(lines);
  places.reserve(lines);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::string_view token = trim_white_space(line);
    if (token.empty()) token = line;
    const auto [place, is_new] = places.try_emplace(token, entries.size());
    if (!is_new) replaced[std::exchange(place->second, entries.size())] = true;
    replaced.push_back(false);
    entries.emplace_back(std::string(token), static_cast<std::int64_t>(entries.size()));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!replaced[i] && kept++ != i) entries[kept - 1] = std::move(entries[i]);
  }
  entries.resize(kept);
  return entries;
}

std::vector<TokenEntry> parse_vocabulary_json(std::string_view text, const std::string& where) {
  std::vector<TokenEntry> entries;
  std::string token;
  const auto expected = [&] {
    return Error(fmt::format("{}: an object of tokens and their ids was expected", where));
  };
  const Json root = parse_json(text, where, [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 0) return true;
    if (event == Json::parse_event_t::key) {
      token = parsed.get_ref<std::string&>();
    } else if (event == Json::parse_event_t::value) {
      entries.emplace_back(token, parse_token_id(parsed, token, where));
    } else {
      throw expected();
    }
    return false;
  });
  if (!root.is_object()) throw expected();
  if (entries.empty()) throw Error(fmt::format("{}: the vocabulary is empty", where));
  return entries;
}

Merge parse_merge(std::string_view line, const std::string& what, const std::string& where) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    throw Error(fmt::format("{}: {} is not two tokens with a space between them: \"{}\"", where, what, line));
  }
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

std::vector<Merge> parse_merges(std::string_view text, const std::string& where) {
  require_lines(text, where);
  std::vector<Merge> merges;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.starts_with("#version")) continue;
    merges.push_back(parse_merge(line, fmt::format("line {}", number), where));
  }
  return merges;
}

}  // namespace bertune::text
