// manifest.json of a checkpoint: the size and a hash of each of its files, written after all of them. A file
// that was cut off, overwritten or changed by a single bit is so known before anything is read from it.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace bertune::train {

void write_manifest(const std::filesystem::path& folder);

// A hash of numbers, in hexadecimal digits.
std::string hash_of(std::span<const float> values);

// Returns what is wrong with the first file that is not as it was written, or with the manifest, in words;
// empty where the folder is whole. Reads every file once. Files that the manifest does not name are not
// looked at.
std::string damage_of(const std::filesystem::path& folder);

}  // namespace bertune::train
