// A test that runs the program in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

namespace bertune::testing {

// Of JSON Lines.
inline std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(stream, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

class ProgramTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (files.path() / name).string(); }
  bool exists(const std::string& name) const { return std::filesystem::exists(files.path() / name); }
  // Of a step from `first` on, whichever there is just now: a run removes its older ones.
  bool has_checkpoint(const std::string& folder, int first = 0) const {
    const std::string prefix = "checkpoint-";
    std::error_code gone;
    std::filesystem::directory_iterator entry(files.path() / folder, gone), end;
    for (; !gone && entry != end; entry.increment(gone)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with(prefix) && std::atoi(name.c_str() + prefix.size()) >= first) return true;
    }
    return false;
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(files.read(name)); }

  TemporaryDirectory files;
};

}  // namespace bertune::testing
