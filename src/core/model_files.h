// Which files make a model, for whoever replaces a folder that may hold one.
#pragma once

#include <filesystem>
#include <span>

namespace bertune {

// Of a model or of an adapter: what of them is not in a new folder belongs to the old one's, and would be
// taken for the new.
std::span<const char* const> model_files();
bool is_model_file(const std::filesystem::path& name);

// Whether there are weights in the folder, of a model or of an adapter.
bool holds_weights(const std::filesystem::path& folder);

// The later the file, the more is said by its being there: a folder without its configuration is no model
// yet, and a manifest is there only with all that it names.
int order_of(const std::filesystem::path& file);

}  // namespace bertune
