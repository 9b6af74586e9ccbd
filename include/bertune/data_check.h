// Checks files of labeled rows before anything is trained on them, as `check` of the program does.
//
//     const bertune::DataCheck check = bertune::check_data({.train = "train.csv", .test = "test.csv"});
//     for (const bertune::Finding& finding : check.findings) std::puts(to_string(finding).c_str());
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bertune/dataset.h"
#include "bertune/export.h"
#include "bertune/findings.h"

namespace bertune {

struct CheckDataOptions {
  std::filesystem::path train, validation = {}, test = {};  // the last two may be empty
  FileOptions data = {};
  std::string task = {};          // "text-classification", ...; empty: by the data
  std::string problem_type = {};  // of text classification; empty: by the labels
  // A folder whose tokenizer and length are checked against the texts; empty: only the files are checked.
  std::filesystem::path model = {};
  std::optional<std::int64_t> max_length = {};  // tokens per text; unset: the task's default
};

struct DataCheck {
  std::string task;
  std::vector<Finding> findings;   // by severity, and then by what they cost
  std::vector<std::string> notes;  // what was detected; options are named in backticks
};

// Throws UsageError for options that do not fit, and Error with file:line for what cannot be read.
BERTUNE_EXPORT DataCheck check_data(const CheckDataOptions& options);

}  // namespace bertune
