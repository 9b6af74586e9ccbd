// The checkpoints that tests/parity/make_checkpoint_fixtures.py wrote with torch, and the tests' ways to read
// them.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/tensor_source.h"

namespace bertune::testing {

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "tests" / "parity" / "fixtures" / "checkpoint" / name;
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::span<const std::byte> as_span(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::vector<float> read(const checkpoint::Checkpoint& source, std::string_view name) {
  const checkpoint::TensorEntry* entry = source.find(name);
  if (entry == nullptr) {
    ADD_FAILURE() << "no tensor " << name;
    return {};
  }
  std::vector<float> values(entry->elements);
  source.read_f32(*entry, values);
  return values;
}

// The message of the Error that `action` must throw.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace bertune::testing
