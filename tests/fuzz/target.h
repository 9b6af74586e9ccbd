// Fuzz targets: one reader each over arbitrary bytes, which it may take, or refuse with an Error. Anything
// else is a find: another exception, a crash, a leak, a hang, or a property that does not hold. The same
// functions are run by libFuzzer (driver.cpp, `make fuzz`) and over the stored corpus (replay.cpp, `make
// test`).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_directory.h"

namespace bertune::fuzz {

using Reader = void (*)(std::string_view bytes);

// Makes a target known under its name, which its corpus (corpus/NAME.zip) and its program (fuzz_NAME) have
// too.
struct Target {
  Target(const char* target_name, Reader target_reader);
  const char* name;
  Reader reader;
};
const std::vector<Target>& targets();
const Target& target(std::string_view name);

// Why the reader refuses the bytes; empty where it takes them. Whatever it throws but Error comes out here,
// and so does an Error without a message for a person.
std::string refusal(const Target& target, std::string_view bytes);

// Throws std::logic_error, which is a find, where a property does not hold.
inline void require(bool holds, const char* property) {
  if (!holds) throw std::logic_error(property);
}

// Files of one input stand one behind the other, with an ASCII record separator between them.
inline constexpr char kSeparator = '\x1e';
// So many of them; those that are missing are empty, and the last holds the rest.
std::vector<std::string_view> parts(std::string_view bytes, std::size_t count);

// The first byte, which is taken off: it chooses between ways to read. 0 where there is none.
unsigned take_choice(std::string_view& bytes);

// A folder of the process, in TMPDIR: readers of files find their input there.
const testing::TemporaryDirectory& folder();

}  // namespace bertune::fuzz
