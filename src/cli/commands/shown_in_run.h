// --run of the commands whose result the report of a training can show.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "core/json.h"

namespace bertune::cli {

class ShownInRun {
 public:
  // `what` is the result, as in "whose report shall show the curve".
  void add_to(CLI::App& command, const std::string& what);
  // Throws UsageError where the folder has no report that could show it.
  void require_run() const;
  // Writes the file into the folder and its report anew. Returns the sentence that says so. It is empty
  // without --run, and where the page could not be written, which a note has said.
  std::string show(const char* file, const Json& result) const;

 private:
  std::filesystem::path run_;
  std::string what_;
};

}  // namespace bertune::cli
