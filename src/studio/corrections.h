// Labels that a person has corrected, or rows to leave out, of those that `bertune noise` found suspicious.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "studio/projects.h"

namespace bertune::studio {

// The file that `--relabel` reads, relative to the project.
inline constexpr const char* kCorrections = "corrections.csv";

// {"data/tickets.csv:12": {"given", "suggested", "correct", "text", "hash"}, ...}; of tagged words
// "...:12#3".
OrderedJson corrections_of(const fs::path& project);

// Takes over {"data/tickets.csv:12": "billing", "drop", or "" for a label that is right}: of rows that the
// project's last search found. Throws Refusal for others.
void correct(const fs::path& project, const Json& asked);

}  // namespace bertune::studio
