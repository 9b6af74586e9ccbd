// Options that several commands have, declared once.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "bertune/model.h"
#include "cli/screen/messages.h"
#include "tasks/training_files.h"

namespace bertune::cli {

// Adds the options of reading files of rows.
void add_data_options(CLI::App& command, tasks::FileOptions& options);
// Does the same for commands that read texts and no labels: options of labels are accepted, but not in the
// help.
void add_text_options(CLI::App& command, tasks::FileOptions& options);
// Adds the option for labels in a file of their own; `of` is the flag of the file that has the texts.
void add_labels_file_option(CLI::App& command, tasks::FileOptions& options, const std::string& of);
// Adds the options for files of corrections, as `noise` writes them.
void add_correction_options(CLI::App& command, tasks::TrainingFiles& files);
// Adds the options for what the data is, where it is not to be detected: --task, one of `tasks`, and
// --problem-type.
void add_task_options(CLI::App& command, std::string& task, std::string& problem_type,
                      const std::string& tasks);
// Adds the options of question answering that all commands share.
void add_question_answering_options(CLI::App& command, tasks::QuestionAnsweringOptions& options);

// --quiet hides progress; findings, notes and detected settings stay. --silent leaves standard error to
// errors.
struct ScreenOptions {
  bool quiet = false, silent = false;

  void add_to(CLI::App& command);
  bool hides_progress() const { return quiet || silent; }
};

struct ThreadOptions {
  int threads = 0;
  bool pin = false;
};
void add_threads_option(CLI::App& command, ThreadOptions& options);
// --precision of commands that predict: fp32 unless asked for, so that scores are those of Transformers.
void add_precision_option(CLI::App& command, std::optional<Precision>& precision);
// "auto" is none: the fastest here. Throws UsageError, naming the choices.
std::optional<Precision> precision_from_string(const std::string& name);
// Applies them; throws UsageError when --threads is below 0.
void use_threads(const ThreadOptions& options);

}  // namespace bertune::cli
