// Detects files of questions about contexts by their content.
#pragma once

#include <string>
#include <string_view>

#include "core/file.h"

namespace bertune::data {

// Returns why a file is one of questions with their contexts and answers; empty where it does not look like
// one. `input` is without a byte order mark.
std::string looks_like_questions(const fs::path& path, std::string_view input);

}  // namespace bertune::data
