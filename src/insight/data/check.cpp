#include "insight/data/check.h"

#include <utility>
#include <variant>

#include "runs/fine_tuning.h"
#include "tasks/corrections.h"

namespace bertune::insight {
namespace {

class Notes : public train::Observer {
 public:
  void on(const Event& event) override {
    if (const Note* note = std::get_if<Note>(&event)) all.push_back(note->text);
  }
  std::vector<std::string> all;
};

}  // namespace

Checked check_data(runs::TrainOptions options) {
  tasks::TrainingFiles& files = options.files;
  files.validation_split = 0, files.checks_data = files.checks_all = true;
  Notes notes;
  notes.all = tasks::name_splits(files);
  const tasks::TaskGuess guess = runs::task_of(options);
  tasks::require_corrections_fit(files, guess.task->architecture);
  Checked checked{guess.task, guess.reason, {}};
  if (options.model.empty()) {
    checked.facts = guess.task->read_facts(files);
    data::rank_findings(checked.facts.check.findings);
  } else {
    const runs::BaseModel base = runs::open_base_model(options);
    checked.facts = std::move(runs::read_training(options, base, *guess.task, notes).facts);
  }
  for (std::string& note : checked.facts.notes) notes.all.push_back(std::move(note));
  checked.facts.notes = std::move(notes.all);
  return checked;
}

}  // namespace bertune::insight
