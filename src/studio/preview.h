// The first rows of a file of data, and what the program takes them for.
#pragma once

#include <filesystem>

#include "core/json.h"

namespace bertune::studio {

// {"columns": [{"name", "role"}], "rows": [["cell", ...]], "chosen": {"text": {"name", "guessed", "reason"},
// ...}, "task", "reason", "notes"}, or of a file that is no table {"lines": [...]} in place of columns and
// rows. What is wrong with the file is "error". `settings`: the project's. Reads the beginning of the file
// alone.
OrderedJson preview(const std::filesystem::path& project, const std::string& file,
                    const OrderedJson& settings);

}  // namespace bertune::studio
