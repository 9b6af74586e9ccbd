// The files that make a model, for whoever replaces a folder that may hold one.
#pragma once

#include <filesystem>
#include <span>

namespace bertune {

// The files of a model or of an adapter, and of what it said of its test rows: one that is not in a new folder belongs to the old folder's model,
// and would be taken for the new one's.
std::span<const char* const> model_files();
bool is_model_file(const std::filesystem::path& name);

// Returns whether there are weights in the folder, of a model or of an adapter.
bool holds_weights(const std::filesystem::path& folder);

// The later the file, the more is said by its being there: a folder without its configuration is no model
// yet, and a manifest is there only with all that it names.
int order_of(const std::filesystem::path& file);

}  // namespace bertune
