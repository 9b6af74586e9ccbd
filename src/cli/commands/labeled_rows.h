// The options of commands that look at labeled rows with a model: as it is, or fine-tuned with --full.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/options/hub_flags.h"
#include "cli/options/shared_options.h"
#include "runs/fine_tuning.h"

namespace bertune::cli {

struct LabeledRows {
  runs::TrainOptions run;
  HubFlags hub;
  ThreadOptions threads;
  ScreenOptions screen;
  bool full = false, json = false;

  bool hides_progress() const { return json || screen.hides_progress(); }
  bool hides_notes() const { return json || screen.silent; }

  // --full, and the options of its trainings. `what` and `folder` say what --full and --folder do.
  void add_trainings_to(CLI::App& command, const std::string& what, const std::string& folder);
  // The options of the rows and of the model, and those of every command. `json_is` says what --json prints.
  void add_rows_to(CLI::App& command, const std::string& seed_of, const std::string& json_is);
  // Finds the task, then the model. Throws what `require` throws of the task, before anything is printed.
  const tasks::TaskEntry& find(const std::function<void(const tasks::TaskEntry& task)>& require);
};

}  // namespace bertune::cli
