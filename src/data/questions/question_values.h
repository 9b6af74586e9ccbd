// Values of questions in JSON, checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace bertune::data {

// The value under the key, or null; null in JSON stands for a key that is not there.
const Json* find(const Json& object, const char* key);
// Throws Error where it is not there, or no string.
const std::string& text_at(const Json& object, const char* key, const std::string& where);
// Throws Error for a text of more than `longest` bytes.
void check_size(const std::string& text, std::size_t longest, std::string_view what,
                const std::string& where);
// A place in code points; -1 for any that is negative, where one may be. Throws Error for any other value.
std::int64_t answer_start_of(const Json& value, bool may_be_negative, const std::string& where);

}  // namespace bertune::data
