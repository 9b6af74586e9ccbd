// Recognizes files that are not text, or not UTF-8, by their first bytes.
#pragma once

#include <string>
#include <string_view>

namespace bertune::data {

// Throws Error saying what the file is and how to make it readable. `head` is the beginning of the file.
void refuse_foreign_bytes(std::string_view head, const std::string& path);

// The size of a UTF-8 byte order mark at the front: 3 or 0.
std::size_t byte_order_mark(std::string_view head);

// Returns whether the file is one of JSON, by how its first value begins: {"... or [{..., [[... or a list of
// texts.
bool is_json(std::string_view head);

// The delimiter that the first line of a CSV shows: ',' unless it has none and others occur.
char guess_delimiter(std::string_view head);

}  // namespace bertune::data
