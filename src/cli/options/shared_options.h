// Options that several commands have, declared once.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/json.h"
#include "tasks/question_answering/question_answering_task.h"
#include "tasks/training_files.h"

namespace bertune::cli {

struct DataOptions : tasks::FileOptions {
  // `format_flag` names the flag of the input format.
  void add_to(CLI::App& command, const std::string& format_flag = "--format");
};

// Of question answering, in all commands.
struct QuestionAnsweringOptions : tasks::QuestionAnsweringOptions {
  void add_to(CLI::App& command);
  // `settings`: a trained model's, or an empty object.
  tasks::QuestionAnsweringTask task(const Json& settings, std::int64_t max_length) const;
};

struct ThreadOptions {
  int threads = 0;
  bool pin = false;
};
void add_threads_option(CLI::App& command, ThreadOptions& options);
// --precision of commands that predict: fp32 unless asked for, so that scores are those of Transformers.
void add_precision_option(CLI::App& command, std::string& precision);
// Applies them; throws UsageError when --threads is below 0.
void use_threads(const ThreadOptions& options);

// Lines for the person go to standard output, or to standard error when that is kept for data.
// The library's names of options become flags (cli/options/flag_words.h).
void print_notes(const std::vector<std::string>& notes);
// Data on standard output, at once. Where its reader has gone (`bertune predict | head`) the program ends in
// silence, as others do; throws Error for anything else.
void write_to_standard_output(std::string_view text);
void warn(std::string_view message);

}  // namespace bertune::cli
