#include "data/checks/surface.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "core/lower_case.h"
#include "core/utf8.h"
#include "data/checks/finding_parts.h"

namespace bertune::data {
namespace {

// The characters that Windows-1252 has for the bytes 0x80 to 0x9F: any of them may be half of a character.
constexpr std::u32string_view kWindows = U"€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

constexpr std::array<std::string_view, 40> kTags = {
    "a",      "b",    "big",    "blockquote", "body", "br",  "center", "code", "div",  "em",
    "font",   "form", "h1",     "h2",         "h3",   "h4",  "head",   "hr",   "html", "i",
    "iframe", "img",  "li",     "link",       "meta", "ol",  "option", "p",    "pre",  "script",
    "small",  "span", "strong", "style",      "sub",  "sup", "table",  "td",   "tr",   "ul"};
constexpr std::array<std::string_view, 6> kReferences = {"amp", "apos", "gt", "lt", "nbsp", "quot"};

bool is_continuation(char32_t point) {
  return (point >= 0x80 && point <= 0xBF) || kWindows.find(point) != std::u32string_view::npos;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns whether text[at] is a '<' that begins a tag of HTML.
bool is_tag(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongest = 200;
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '/') ++i;
  const std::size_t begin = i;
  while (i < text.size() && (is_letter(text[i]) || is_digit(text[i]))) ++i;
  const std::string name = lower_case(text.substr(begin, i - begin));
  if (std::ranges::find(kTags, std::string_view(name)) == kTags.end()) return false;
  const std::size_t end = text.substr(0, std::min(text.size(), at + kLongest)).find('>', i);
  return end != std::string_view::npos && (i == end || text[i] == ' ' || text[i] == '/');
}

// Returns whether a character reference, with or without its '&', ends before text[semicolon].
bool is_reference(std::string_view text, std::size_t semicolon) {
  std::size_t begin = semicolon;
  while (begin > 0 && semicolon - begin < 8 && (is_letter(text[begin - 1]) || is_digit(text[begin - 1])))
    --begin;
  std::string_view name = text.substr(begin, semicolon - begin);
  const auto before = [&](std::size_t i) { return i == 0 ? ' ' : text[i - 1]; };
  if (before(begin) == '#') {
    const bool is_number =
        !name.empty() && (name.front() == 'x' ? name.size() > 1 : std::ranges::all_of(name, is_digit));
    return is_number && name.size() >= 2 && (before(begin - 1) == '&' || before(begin - 1) == ' ');
  }
  if (std::ranges::find(kReferences, name) == kReferences.end()) return false;
  return before(begin) == '&' || before(begin) == ' ';
}

template <typename Find>
void add_found(const NamedTexts& set, const CheckOptions& options, const Find& find, Finding finding,
               std::vector<Finding>& findings) {
  constexpr std::size_t kBefore = 20;
  for (std::int64_t row = 0; row < set.texts.size; ++row) {
    const TextPair pair = set.texts.texts(row);
    for (const std::string_view text : {pair.first, pair.second}) {
      const std::size_t at = find(text);
      if (at == std::string_view::npos) continue;
      std::size_t begin = at - std::min(at, kBefore);
      while (begin > 0 && continues_character(text[begin])) --begin;
      add_row(finding, set, row, options, text.substr(begin));
      break;
    }
  }
  if (finding.rows == 0) return;
  if (finding.rows * 100 < finding.of_rows) finding.severity = Severity::note;
  findings.push_back(std::move(finding));
}

// The first three words of a text, or nothing where it has no more than these.
std::string_view beginning(std::string_view text) {
  std::size_t end = 0;
  for (int words = 0; words < 3; ++words) {
    end = text.find(' ', end + 1);
    if (end == std::string_view::npos) return {};
  }
  return text.substr(0, end);
}

// The longest beginning, of whole words, that texts with this one share.
std::string_view shared_beginning(const NamedTexts& set, std::string_view least) {
  std::string_view shared;
  for (std::int64_t row = 0; row < set.texts.size; ++row) {
    const std::string_view text = set.texts.texts(row).first;
    if (!text.starts_with(least)) continue;
    if (shared.empty()) shared = text;
    const auto differs = std::ranges::mismatch(shared, text).in1;
    shared = shared.substr(0, static_cast<std::size_t>(differs - shared.begin()));
  }
  return shared.substr(
      0, std::max(least.size(), shared.rfind(' ') == std::string_view::npos ? 0 : shared.rfind(' ')));
}

void add_boilerplate(const NamedTexts& set, const CheckOptions& options, std::vector<Finding>& findings) {
  constexpr std::int64_t kFewest = 50;
  constexpr std::size_t kShortest = 12;  // bytes
  if (set.texts.size < kFewest || set.contexts) return;
  std::unordered_map<std::string_view, std::int64_t> counts;
  std::string_view most;
  for (std::int64_t row = 0; row < set.texts.size; ++row) {
    const std::string_view words = beginning(set.texts.texts(row).first);
    if (words.size() < kShortest) continue;
    if (const std::int64_t count = ++counts[words]; count > counts[most]) most = words;
  }
  if (most.empty() || counts[most] * 2 < set.texts.size) return;
  Finding finding = make_finding(FindingKind::boilerplate, Severity::note, set, options);
  finding.detail = excerpt(shared_beginning(set, most));
  finding.advice = "cut it off: it takes tokens from what differs";
  for (std::int64_t row = 0; row < set.texts.size; ++row)
    if (set.texts.texts(row).first.starts_with(most)) add_row(finding, set, row, options);
  findings.push_back(std::move(finding));
}

}  // namespace

std::size_t find_mojibake(std::string_view text) {
  // Each sequence begins with a byte from 0xC2 on, so that plain English costs one comparison per byte.
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0xC2) {
      ++i;
      continue;
    }
    const CodePoint point = decode_utf8(text, i);
    const std::size_t next = i + point.bytes;
    if (point.value == 0xFFFD || (point.value >= 0x80 && point.value <= 0x9F)) return i;
    if ((point.value == U'Ã' || point.value == U'Â' || point.value == U'â') && next < text.size()) {
      const char32_t second = decode_utf8(text, next).value;
      const bool is_first = point.value == U'â' ? second == U'€' : is_continuation(second);
      if (is_first) return i;
    }
    i = next;
  }
  return std::string_view::npos;
}

std::size_t find_markup(std::string_view text) {
  for (std::size_t i = text.find_first_of("<;"); i != std::string_view::npos;
       i = text.find_first_of("<;", i + 1)) {
    if (text[i] == '<' ? is_tag(text, i) : is_reference(text, i)) return i;
  }
  return std::string_view::npos;
}

std::vector<Finding> find_surface(std::span<const NamedTexts> sets, const CheckOptions& options) {
  std::vector<Finding> findings;
  for (const NamedTexts& set : sets) {
    Finding mojibake = make_finding(FindingKind::mojibake, Severity::warning, set, options);
    mojibake.advice =
        "decode the file with its own encoding (`encoding`), or repair the texts where they are from";
    add_found(set, options, find_mojibake, std::move(mojibake), findings);
    Finding markup = make_finding(FindingKind::markup, Severity::warning, set, options);
    markup.advice = "convert them to plain text";
    add_found(set, options, find_markup, std::move(markup), findings);
    add_boilerplate(set, options, findings);
  }
  return findings;
}

}  // namespace bertune::data
