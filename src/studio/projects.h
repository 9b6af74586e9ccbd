// Projects are folders below one folder, which the command line can go on with:
//
//   project.json          the name, the files with their roles, and all choices
//   data/                 the files as they were given
//   run-1.json, run-1/    a training: its options (bertune train --config run-1.json --resume) and
//                         what it wrote
//   corrections.json      labels that a person has corrected
//   corrections.csv       the same for the command line (--relabel)
//   .studio/              what can be made again: results of checks and plans, events and logs of runs
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace bertune::studio {

namespace fs = std::filesystem;

// The folder in a project for what can be made again.
inline constexpr const char* kWork = ".studio";

class Projects {
 public:
  // Makes the folder where there is none. Throws Error where that fails.
  explicit Projects(fs::path folder);

  const fs::path& folder() const { return folder_; }
  std::vector<std::string> ids() const;
  // Makes an empty project, and returns its id: the name of its folder.
  std::string create(const std::string& name);
  void remove(std::string_view id);

  // The folder of a project. Throws Refusal (404) where there is none of that id, whatever it is made of.
  fs::path folder_of(std::string_view id) const;
  OrderedJson settings(std::string_view id) const;
  // Changes the settings of a project, one change at a time.
  void change(std::string_view id, const std::function<void(OrderedJson& settings)>& make);

 private:
  fs::path folder_;
  mutable std::mutex mutex_;
};

// Takes over the members of `asked` that a person may choose. Throws Refusal (422) for others, and for values
// that cannot be.
void choose(OrderedJson& settings, const Json& asked);

// The file of a role ("train", "validation", "test"), relative to the project's folder; empty: there is none.
std::string file_of(const OrderedJson& settings, std::string_view role);

// A name for a file of data that a browser gave, without what a path or a command could make of it.
std::string safe_file_name(std::string_view given);

// Adds a file to the settings, with the role that its name and the other files suggest.
void add_file(OrderedJson& settings, const std::string& name);

// Returns the JSON of a file; null where there is none, or none that can be read.
OrderedJson json_in(const fs::path& file);

// Throws Refusal for texts with control characters, empty ones, and those of more than `most` bytes.
void require_name(const std::string& text, std::string_view what, std::size_t most = 200);

}  // namespace bertune::studio
