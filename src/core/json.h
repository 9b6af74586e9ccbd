// JSON values and the one way to parse them: errors name the file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace bertune {

using Json = nlohmann::json;                 // keys sorted, as Transformers writes its configurations
using OrderedJson = nlohmann::ordered_json;  // keys in the order of the file, for vocabularies

// Arrays and objects in each other, in any file that is read: copying and printing a deeper value would take
// more stack than there is.
inline constexpr int kDeepestJson = 200;

// Throws Error "<where>: ..." for text that goes deeper. What is no JSON is left to a parser to refuse.
void require_shallow_json(std::string_view text, const std::string& where);

// Returns the message of nlohmann's exceptions, without the number of their kind.
std::string message_of(const Json::exception& error);

// Throws Error "<where>: not valid JSON: ..." on a syntax error, on a number beyond the largest double, and
// on text nested deeper than kDeepestJson. Integers beyond 64 bits become doubles.
Json parse_json(std::string_view text, const std::string& where);
OrderedJson parse_ordered_json(std::string_view text, const std::string& where);
// The callback sees each value when it is complete and may drop it, so that a large document is never in
// memory as a whole (nlohmann's parser_callback_t).
Json parse_json(std::string_view text, const std::string& where, const Json::parser_callback_t& callback);

// Two-space indented text with a final newline, non-ASCII kept, invalid UTF-8 replaced: what save_pretrained
// writes.
std::string dump_json(const Json& value, int indent = 2);

}  // namespace bertune
