// A test that runs the program in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"
#include "train/checkpoints.h"

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
  // A finished one of a step from `first` on, whichever there is just now: a run removes its older ones.
  bool has_checkpoint(const std::string& folder, int first = 0) const {
    const auto all = train::checkpoints(files.path() / folder);
    if (all.empty()) return false;
    const std::string newest = all.back().filename().string();
    return std::stoi(newest.substr(newest.find('-') + 1)) >= first;
  }
  nlohmann::json json(const std::string& name) const { return nlohmann::json::parse(files.read(name)); }

  TemporaryDirectory files;
};

}  // namespace bertune::testing
