// Whether a file holds questions about contexts: seen in its content.
#pragma once

#include <string>
#include <string_view>

#include "core/file.h"

namespace bertune::data {

// Why a file is one of questions with their contexts and answers; empty where it does not look like one.
// `input` is without a byte order mark.
std::string looks_like_questions(const fs::path& path, std::string_view input);

}  // namespace bertune::data
