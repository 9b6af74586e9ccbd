// What libFuzzer calls. A target's program is fuzz_ and the target's name.
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "fuzz/target.h"

namespace {

const bertune::fuzz::Target* fuzzed = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char*** arguments) {
  const std::string program = std::filesystem::path((*arguments)[0]).filename();
  fuzzed = &bertune::fuzz::target(program.substr(std::string_view("fuzz_").size()));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bertune::fuzz::refusal(*fuzzed, {reinterpret_cast<const char*>(data), size});
  return 0;
}
