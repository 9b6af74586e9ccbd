#include "data/files/json_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/format.h"

namespace bertune::data {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr int kDeepestList = 4;  // members that may lead to the rows

// Objects with one of these are rows, whatever lists they hold.
constexpr std::array<std::string_view, 19> kRowKeys = {
    "text",       "tokens",    "words",   "sentence",      "sentence1", "question", "context",
    "article",    "passage",   "premise", "goal",          "query",     "label",    "labels",
    "paragraphs", "paragraph", "answers", "question_stem", "answerKey"};
constexpr std::array<std::string_view, 14> kListNames = {
    "data",    "rows",      "examples", "records", "items",   "instances", "samples",
    "entries", "sentences", "results",  "dataset", "content", "documents", "common_examples"};
constexpr std::array<std::string_view, 10> kSplits = {
    "train", "training", "validation", "valid", "val", "dev", "development", "test", "testing", "eval"};

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kJsonBlanks, at), text.size());
}

std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return kNone;
}

struct Member {
  std::string_view name;
  std::size_t begin = 0, end = 0;  // of the value
  char first = '\0';               // of the value
  // The first character within the value: of a list's first element, or of an object's first value.
  // `inner_name` is an object's first name.
  char inner = '\0';
  std::string_view inner_name;

  bool is_structure() const { return first == '{' || first == '['; }
  bool is_list_of(std::string_view kinds) const {
    return first == '[' && inner != '\0' && kinds.find(inner) != kNone;
  }
};

void look_inside(std::string_view text, Member& member) {
  if (!member.is_structure()) return;
  std::size_t at = skip_blanks(text, member.begin + 1);
  if (at >= member.end - 1) return;
  if (member.first == '[') {
    member.inner = text[at];
    return;
  }
  const std::size_t end = end_of_string(text, at);
  if (text[at] != '"' || end == kNone) return;
  member.inner_name = text.substr(at + 1, end - at - 2);
  at = skip_blanks(text, end);
  if (at < member.end && text[at] == ':') at = skip_blanks(text, at + 1);
  if (at < member.end) member.inner = text[at];
}

// The members of the object at `at`; nothing where it does not end in the text, or is none.
std::optional<std::vector<Member>> members_at(std::string_view text, std::size_t at) {
  std::vector<Member> members;
  at = skip_blanks(text, at + 1);
  if (at < text.size() && text[at] == '}') return members;
  for (;;) {
    if (at >= text.size() || text[at] != '"') return std::nullopt;
    const std::size_t end = end_of_string(text, at);
    if (end == kNone) return std::nullopt;
    Member member;
    member.name = text.substr(at + 1, end - at - 2);
    at = skip_blanks(text, end);
    if (at >= text.size() || text[at] != ':') return std::nullopt;
    member.begin = skip_blanks(text, at + 1);
    if (member.begin >= text.size()) return std::nullopt;
    member.end = end_of_json_value(text, member.begin);
    if (member.end == kNone) return std::nullopt;
    member.first = text[member.begin];
    look_inside(text, member);
    members.push_back(member);
    at = skip_blanks(text, member.end);
    if (at >= text.size()) return std::nullopt;
    if (text[at] == '}') return members;
    if (text[at] != ',') return std::nullopt;
    at = skip_blanks(text, at + 1);
  }
}

template <typename Names>
bool is_among(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_number(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

// "train", and also "oos_train", "test_matched": but only beside one that is exactly a split.
bool is_like_a_split(std::string_view name) {
  return std::ranges::any_of(kSplits, [&](std::string_view split) { return name.find(split) != kNone; });
}

bool are_splits(const std::vector<Member>& members) {
  bool exact = false;
  for (const Member& member : members) {
    if (!member.is_structure()) continue;
    if (!is_like_a_split(member.name)) return false;
    const bool holds_rows =
        member.first == '{' || member.inner == '{' || member.inner == '[' || member.inner == '\0';
    exact = exact || (is_among(kSplits, member.name) && holds_rows);
  }
  return exact;
}

std::vector<std::string> names_of(const std::vector<Member>& members) {
  std::vector<std::string> names;
  for (const Member& member : members)
    if (member.is_structure()) names.emplace_back(member.name);
  return names;
}

std::size_t elements_of(std::string_view text, const Member& member) {
  std::size_t count = 0;
  for (std::size_t at = skip_blanks(text, member.begin + 1); at + 1 < member.end;) {
    const std::size_t end = end_of_json_value(text, at);
    if (end == kNone || end == at) return count;
    ++count;
    at = skip_blanks(text, end);
    if (at >= text.size() || text[at] != ',') return count;
    at = skip_blanks(text, at + 1);
  }
  return count;
}

// Lists of one length, a column each; a row of tokens and their tags looks alike, but for the names.
bool are_column_lists(std::string_view text, const std::vector<Member>& members) {
  if (members.size() < 2) return false;
  const bool of_lists = std::ranges::all_of(members, [](const Member& m) { return m.is_list_of("["); });
  for (const Member& member : members) {
    if (member.first != '[' || member.inner == '{' || member.inner == '\0') return false;
    const bool may_be_words =
        member.name == "tokens" || member.name == "words" || member.name.ends_with("tags");
    if (may_be_words && !of_lists && member.inner != '[') return false;
  }
  const std::size_t rows = elements_of(text, members.front());
  return std::ranges::all_of(members, [&](const Member& m) { return elements_of(text, m) == rows; });
}

bool is_row(const std::vector<Member>& members) {
  return std::ranges::any_of(members, [](const Member& member) {
    return is_among(kRowKeys, member.name) && !(member.first == '{' && is_number(member.inner_name));
  });
}

// Returns whether it is an object of JSON Lines: on one line, and with a text, whatever lists are beside it.
bool is_line_with_a_text(std::string_view text, std::size_t at, std::size_t end) {
  if (text.substr(at, end - at).find('\n') != kNone) return false;
  const auto members = members_at(text, at);
  return members && std::ranges::any_of(*members, [](const Member& member) {
           return member.first == '"' && member.name != "version";
         });
}

// The rows of the object at `at`, which is no row itself; nothing where it is one.
std::optional<JsonShape> rows_inside(std::string_view text, std::size_t at, std::string place,
                                     const std::string& path, int depth) {
  const auto members = members_at(text, at);
  if (!members || members->empty() || depth > kDeepestList) return std::nullopt;
  const std::size_t end = end_of_json_value(text, at);
  const auto shape = [&](JsonForm form) { return JsonShape{form, at, end, std::move(place)}; };
  const auto below = [&](const Member& member) {
    return place.empty() ? std::string(member.name) : fmt::format("{}.{}", place, member.name);
  };
  const auto all = [&](auto test) { return std::ranges::all_of(*members, test); };
  if (all([](const Member& m) { return m.first == '{' && is_number(m.inner_name); }))
    return shape(JsonForm::columns);
  if (are_column_lists(text, *members)) return shape(JsonForm::columns);
  if (is_row(*members)) return std::nullopt;
  if (are_splits(*members)) {
    throw UsageError(fmt::format("{0}: holds the splits {1}; name the one to read, such as {0}#{2}", path,
                                 quoted_list(names_of(*members)), names_of(*members).front()));
  }
  const auto named = [&](std::string_view name) {
    const auto found = std::ranges::find(*members, name, &Member::name);
    return found == members->end() ? nullptr : &*found;
  };
  const Member *columns = named("columns"), *data = named("data");
  if (columns != nullptr && data != nullptr && columns->is_list_of("\"") && data->is_list_of("["))
    return shape(JsonForm::table);
  const bool same_names = all([&](const Member& m) {
    return m.first == '{' && !m.inner_name.empty() && m.inner_name == members->front().inner_name;
  });
  if (members->size() > 1 && same_names) return shape(JsonForm::named);
  std::vector<const Member*> lists, structures;
  for (const Member& member : *members) {
    if (member.is_structure()) structures.push_back(&member);
    const bool is_list =
        member.is_list_of("{[") || (member.first == '[' && is_among(kListNames, member.name));
    if (is_list) lists.push_back(&member);
  }
  const auto known =
      std::ranges::find_if(lists, [](const Member* m) { return is_among(kListNames, m->name); });
  if (known != lists.end() || lists.size() == 1) {
    const Member& list = known != lists.end() ? **known : *lists.front();
    return JsonShape{JsonForm::list, list.begin, list.end, below(list)};
  }
  if (lists.empty() && structures.size() == 1 && structures[0]->first == '{')
    return rows_inside(text, structures[0]->begin, below(*structures[0]), path, depth + 1);
  return std::nullopt;
}

// Returns whether the value that begins at `at` ends on its line; else whether the next line cannot continue
// it.
std::optional<JsonForm> lines_or_values(std::string_view text, std::size_t at, std::size_t end, bool final) {
  const std::size_t line_end = text.find('\n', at);
  if (line_end == kNone) return final || end != kNone ? std::optional(JsonForm::lines) : std::nullopt;
  if (end != kNone && end <= line_end) return JsonForm::lines;
  const std::size_t next = text.find_first_not_of(kJsonBlanks, line_end);
  if (next == kNone) return final ? std::optional(JsonForm::lines) : std::nullopt;
  if (text[next] != '"' && text[next] != '}') return JsonForm::lines;
  return end != kNone || final ? std::optional(JsonForm::values) : std::nullopt;
}

std::optional<JsonShape> shape_of_list(std::string_view text, std::size_t at, bool final) {
  const std::size_t line_end = text.find('\n', at);
  // Lists of cells, one per line, begin like one list that is the document.
  const std::string_view line = text.substr(0, line_end);
  const std::size_t inner = skip_blanks(line, at + 1);
  const bool of_scalars =
      inner < line.size() && line[inner] != '{' && line[inner] != '[' && line[inner] != ']';
  if (of_scalars && line_end != kNone) {
    const std::size_t end = end_of_json_value(line, at);
    const std::size_t next = end == kNone ? kNone : text.find_first_not_of(kJsonBlanks, end);
    if (end != kNone && next == kNone && !final) return std::nullopt;
    if (next != kNone && text[next] == '[' && next > line_end) return JsonShape{JsonForm::lines, at};
  }
  return JsonShape{JsonForm::list, at};
}

std::optional<JsonShape> shape_of_value(std::string_view text, std::size_t at, bool final,
                                        const std::string& path, std::string place, bool in_lines) {
  if (text[at] == '[') {
    if (place.empty()) return shape_of_list(text, at, final);
    return JsonShape{JsonForm::list, at, end_of_json_value(text, at), std::move(place)};
  }
  if (text[at] != '{') return JsonShape{JsonForm::lines, at};
  const std::size_t end = end_of_json_value(text, at);
  const std::optional<JsonForm> form = lines_or_values(text, at, end, final);
  if (!form) return std::nullopt;
  if (end == kNone || (*form == JsonForm::lines && end > text.find('\n', at))) return JsonShape{*form, at};
  const bool is_last = text.find_first_not_of(kJsonBlanks, end) == kNone || !place.empty();
  if (!is_last || (in_lines && is_line_with_a_text(text, at, end))) return JsonShape{*form, at};
  if (auto inside = rows_inside(text, at, place, path, 1)) {
    if (!final && place.empty()) return std::nullopt;
    return inside;
  }
  return JsonShape{*form, at, place.empty() ? 0 : end, std::move(place)};
}

}  // namespace

std::size_t end_of_json_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return kNone;
  if (text[at] == '"') return end_of_string(text, at);
  if (text[at] != '{' && text[at] != '[') return std::min(text.find_first_of(",]} \t\r\n", at), text.size());
  std::int64_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return i + 1;
        break;
      default:
        break;
    }
  }
  return kNone;
}

std::optional<JsonShape> shape_of_json(std::string_view text, bool final, const std::string& path,
                                       const std::string& part, bool in_lines) {
  const std::size_t at = skip_blanks(text, 0);
  if (at == text.size()) return final ? std::optional(JsonShape()) : std::nullopt;
  if (part.empty())
    return shape_of_value(text, at, final, path, "", in_lines || format_by_name(path) == Format::jsonl);
  const auto members = text[at] == '{' ? members_at(text, at) : std::nullopt;
  if (!members && !final) return std::nullopt;
  const auto found =
      members ? std::ranges::find(*members, part, &Member::name) : std::vector<Member>::const_iterator();
  if (!members || found == members->end()) {
    throw UsageError(fmt::format("{}: there is no \"{}\" in it{}", path, part,
                                 members ? "; it holds " + quoted_list(names_of(*members)) : ""));
  }
  return shape_of_value(text, found->begin, true, path, part, false);
}

std::vector<std::string> splits_of_json(std::string_view text) {
  const std::size_t at = skip_blanks(text, 0);
  if (at == text.size() || text[at] != '{') return {};
  const auto members = members_at(text, at);
  const bool holds_more =
      members && text.find_first_not_of(kJsonBlanks, end_of_json_value(text, at)) != kNone;
  if (!members || holds_more || is_row(*members) || !are_splits(*members)) return {};
  return names_of(*members);
}

std::optional<std::vector<JsonMember>> members_of_json(std::string_view text) {
  const std::size_t at = skip_blanks(text, 0);
  const auto members = at < text.size() && text[at] == '{' ? members_at(text, at) : std::nullopt;
  if (!members) return std::nullopt;
  std::vector<JsonMember> found;
  for (const Member& member : *members)
    found.push_back({member.name, text.substr(member.begin, member.end - member.begin)});
  return found;
}

std::string note_of(const JsonShape& shape) {
  const std::string under = shape.place.empty() ? "" : fmt::format(" under \"{}\"", shape.place);
  switch (shape.form) {
    case JsonForm::columns:
      return fmt::format("the JSON object{} holds one column per key, as pandas writes it", under);
    case JsonForm::named:
      return fmt::format("the JSON object{} holds one row per key; the keys are not read", under);
    case JsonForm::table:
      return fmt::format("the JSON object{} holds \"columns\" and their \"data\", as pandas writes them",
                         under);
    case JsonForm::values:
      return "the JSON objects stand one after another, each over several lines";
    case JsonForm::list:
    case JsonForm::lines:
      break;
  }
  return under.empty() ? "" : fmt::format("the rows are the list{}", under);
}

}  // namespace bertune::data
