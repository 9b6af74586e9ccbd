// JSON values and the one way to parse them: errors name the file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bertune {

using Json = nlohmann::json;                 // keys sorted, as Transformers writes its configurations
using OrderedJson = nlohmann::ordered_json;  // keys in the order of the file, for vocabularies

// Throws Error "<where>: not valid JSON: ..." on a syntax error. Integers beyond 64 bits become doubles.
Json parse_json(std::string_view text, const std::string& where);
OrderedJson parse_ordered_json(std::string_view text, const std::string& where);

// Two-space indented text with a final newline, non-ASCII kept, invalid UTF-8 replaced: what save_pretrained
// writes.
std::string dump_json(const Json& value, int indent = 2);

}  // namespace bertune
