// Secrets of the studio: names that nobody can guess, and files that nobody else can read.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace bertune::studio {

// Returns so many bytes of the system's randomness as hexadecimal digits.
std::string random_token(std::size_t bytes);

// The token of a folder of projects, which stays: a page that was left open finds the studio again. Made
// where there is none.
std::string token_of(const std::filesystem::path& projects);

// Writes a file that only its owner can read.
void write_for_owner(const std::filesystem::path& file, std::string_view text);

}  // namespace bertune::studio
