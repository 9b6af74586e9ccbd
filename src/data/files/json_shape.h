// Finds the rows of a JSON file by walking over its first value, however long that is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bertune::data {

inline constexpr std::string_view kJsonBlanks = " \t\r\n";

enum class JsonForm {
  lines,    // a value per line
  values,   // values one after another, each over several lines
  list,     // [{...}, {...}]
  columns,  // {"text": {"0": ..., "1": ...}, ...} or {"text": [..., ...], ...}, as pandas writes it
  named,    // {"0": {...}, "1": {...}}
  table,    // {"columns": [...], "data": [[...], [...]]}
};

struct JsonShape {
  JsonForm form = JsonForm::lines;
  std::size_t begin = 0;   // of the list, or of the object, in the text
  std::size_t end = 0;     // one past it; of a list that is the whole document 0: not looked for
  std::string place = {};  // what leads to it: "data", "train.data"; empty: it is the document itself
};

// Returns the shape of the text, which is the beginning of the file or, when `final`, all of it. Nothing:
// more of it is needed. `part` chooses a member of the document, a split; throws UsageError where the
// document has no such member, and where it is an object of splits and none was chosen. `path` is for
// messages, and says, as `in_lines` does, whether the file is JSON Lines: there an object on one line that
// holds a text is a row.
std::optional<JsonShape> shape_of_json(std::string_view text, bool final, const std::string& path,
                                       const std::string& part, bool in_lines = false);

// The splits of a document that is an object of them, {"train": [...], "dev": [...]}; empty for any other.
std::vector<std::string> splits_of_json(std::string_view text);

// One past the value that begins at `at`, by its quotes and brackets; npos where it does not end in the text.
std::size_t end_of_json_value(std::string_view text, std::size_t at);

struct JsonMember {
  std::string_view name, value;  // as they are written, the name without its quotes
};

// The members of the object that begins at the front; nothing where it does not end in the text, or is none.
std::optional<std::vector<JsonMember>> members_of_json(std::string_view text);

// Describes where the rows are, for a person; empty for lines and for a list that is the document.
std::string note_of(const JsonShape& shape);

}  // namespace bertune::data
