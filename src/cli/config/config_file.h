// A file of options, YAML or JSON: one mapping of names to values, each with its line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/json.h"

namespace bertune::cli {

struct ConfigValue {
  enum class Kind { null, boolean, number, text, list, mapping };
  Kind kind = Kind::null;
  std::string text;                // of a scalar, as written; "true" or "false" of a boolean
  std::int64_t line = 0;           // of its key, or its own in a list
  std::vector<ConfigValue> items;  // of a list, or the values of a mapping
  std::vector<std::string> keys;   // of a mapping: one per item, no two alike

  bool is_scalar() const { return kind != Kind::list && kind != Kind::mapping; }
  Json to_json() const;
};

// The mapping at the top of the file. Its extension says what it is: .yaml, .yml or .json. YAML is taken
// without aliases, anchors, tags and further documents, plain scalars by the rules of YAML 1.2 (so that "no"
// is a text and 3e-5 a number). Throws UsageError "file:line: ..." for anything else, a key that is there
// twice, bytes that are not UTF-8, and more than kMaxConfigBytes; Error where the file cannot be read.
inline constexpr std::uint64_t kMaxConfigBytes = 1 << 20;
ConfigValue read_config_file(const fs::path& path);

// The same of a text in memory; the name says what it is, and stands for the file in messages.
ConfigValue parse_config(const std::string& text, const fs::path& name);

}  // namespace bertune::cli
