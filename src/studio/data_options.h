// The settings of a project say how its files are read: as options of the program's commands, and as those of
// a preview.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "data/texts/reader.h"

namespace bertune::studio {

// Returns the options by their names: {"train": FILE, "text-column": NAME, ...}. What was not chosen is left
// out.
OrderedJson data_options(const OrderedJson& settings);
// Returns the files of the roles "validation" and "test" as options of these names.
OrderedJson evaluation_options(const OrderedJson& settings);
// Returns options as arguments: "--name=value".
std::vector<std::string> arguments_of(const OrderedJson& options);

// Returns all files that have a role, relative to the project.
std::vector<std::string> data_files(const OrderedJson& settings);

data::ReadOptions read_options(const OrderedJson& settings, bool labels_required);

}  // namespace bertune::studio
