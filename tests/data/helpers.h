// What the tests of this folder share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "data/texts/reader.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"

namespace bertune::data::testing {

using bertune::testing::shared_data;
using bertune::testing::TemporaryDirectory;

// The same, and "" where it throws none.
template <typename Exception = Error, typename Action>
std::string message_of(const Action& action) {
  return bertune::testing::message_of<Exception>(action, "");
}

inline std::vector<std::string> texts(const Dataset& dataset) {
  std::vector<std::string> all;
  for (const Row& row : dataset.rows) all.emplace_back(row.text);
  return all;
}

inline std::vector<std::string> labels(const Dataset& dataset) {
  std::vector<std::string> all;
  for (const Row& row : dataset.rows) all.emplace_back(row.label);
  return all;
}

inline bool has_note(const std::vector<std::string>& notes, std::string_view part) {
  for (const std::string& note : notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

// A dataset from CSV text, alive after its file is gone (the mapping holds it).
inline Dataset dataset_of(std::string_view csv, const ReadOptions& options = {}) {
  const TemporaryDirectory directory;
  return read_dataset(directory.write("data.csv", csv), options);
}

}  // namespace bertune::data::testing
