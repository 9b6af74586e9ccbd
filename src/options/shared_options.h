// Options that several commands have, declared once.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "bertune/model.h"
#include "tasks/training_files.h"

namespace bertune::options {

// Adds the options of reading files of rows.
void add_data_options(CLI::App& command, tasks::FileOptions& options);
// Does the same for commands that read texts and no labels: options of labels are accepted, but not in the
// help.
void add_text_options(CLI::App& command, tasks::FileOptions& options);
// Adds the options for files of corrections, as `noise` writes them.
void add_correction_options(CLI::App& command, tasks::TrainingFiles& files);
// Adds the option for labels in a file of their own; `of` is the flag of the file that has the texts.
void add_labels_file_option(CLI::App& command, tasks::FileOptions& options, const std::string& of);
// Adds the options for what the data is, where it is not to be detected: the task, one of `tasks`, and the
// problem type.
void add_task_options(CLI::App& command, std::string& task, std::string& problem_type,
                      const std::string& tasks);
// Adds the options of question answering that all commands share.
void add_question_answering_options(CLI::App& command, tasks::QuestionAnsweringOptions& options);

// Adds the options for texts that are longer than the model reads. `when`: how the default is settled.
void add_long_text_options(CLI::App& command, LongTextOptions& options, const std::string& when);

// ScreenOptions say what is hidden: progress (quiet; findings, notes and detected settings stay), or all but
// errors (silent).
struct ScreenOptions {
  bool quiet = false, silent = false;

  void add_to(CLI::App& command);
  bool hides_progress() const { return quiet || silent; }
};

// Moves options to the first group of the help, for those that most people need.
void show_first(CLI::App& command, std::initializer_list<const char*> names);

struct ThreadOptions {
  int threads = 0;
  bool pin = false;

  // Sets the number of threads of the process; throws UsageError when it is below 0.
  void apply() const;
};
void add_threads_option(CLI::App& command, ThreadOptions& options);
// The precision of commands that predict: fp32 unless asked for, so that scores are those of Transformers.
void add_precision_option(CLI::App& command, std::optional<Precision>& precision);
// "auto" is none: the fastest here. Throws UsageError, naming the choices.
std::optional<Precision> precision_from_string(const std::string& name);

}  // namespace bertune::options
