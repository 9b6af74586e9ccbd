#include "cli/commands/labeled_rows.h"

#include <utility>
#include <vector>

#include "cli/commands/task_commands.h"

namespace bertune::cli {

void LabeledRows::add_trainings_to(CLI::App& command, const std::string& what, const std::string& folder) {
  const char* group = "With --full";
  train::TrainingArguments& arguments = run.arguments;
  command.add_flag("--full", full, what);
  command.add_option("--folder", arguments.output_dir, folder)->group(group);
  command
      .add_option("--epochs,--num_train_epochs", arguments.num_train_epochs, "Passes over the training data")
      ->group(group)
      ->capture_default_str();
  command.add_option("--learning-rate,--learning_rate", arguments.learning_rate, "Peak learning rate")
      ->group(group)
      ->capture_default_str();
  command
      .add_option("--batch-size,--per_device_train_batch_size", arguments.train_batch_size,
                  "Training examples per batch")
      ->group(group)
      ->capture_default_str();
  command.add_flag("--resume", arguments.resume, "Continue in --folder")->group(group);
  command.add_flag("--overwrite", run.overwrite, "Start over in --folder")->group(group);
}

void LabeledRows::add_rows_to(CLI::App& command, const std::string& seed_of, const std::string& json_is) {
  tasks::TrainingFiles& files = run.files;
  add_data_options(command, files.data);
  add_labels_file_option(command, files.data, "--train");
  add_correction_options(command, files);
  add_task_options(command, run.task, files.problem_type, tasks::task_names());
  command
      .add_option("--max-length,--max_length,--max_seq_length", files.max_length,
                  "Tokens per text; longer texts are truncated (default: 128)")
      ->group("Data");
  command.add_option("--seed", run.arguments.seed, seed_of)->capture_default_str();
  hub.add_to(command);
  add_threads_option(command, threads);
  command.add_flag("--json", json, json_is);
  screen.add_to(command);
}

const tasks::TaskEntry& LabeledRows::find(const std::function<void(const tasks::TaskEntry& task)>& require) {
  std::vector<std::string> notes = tasks::name_splits(run.files);
  const tasks::TaskGuess guess = runs::task_of(run);
  if (std::string note = task_note(guess); !note.empty()) notes.push_back(std::move(note));
  if (require) require(*guess.task);
  if (!hides_notes()) print_notes(notes);
  run.model = hub.find(run.model, hides_progress());
  run.base = hub.find_base(run.model, hides_progress());
  run.files.seed = run.arguments.seed;
  run.task = guess.task->name;  // it is not guessed again
  return *guess.task;
}

}  // namespace bertune::cli
