#include <utility>

#include "bertune/data_check.h"
#include "data/files/text_file.h"
#include "insight/data/check.h"

namespace bertune {

DataCheck check_data(const CheckDataOptions& options) {
  const data::KeptPipes pipes;
  runs::TrainOptions run;
  run.model = options.model, run.task = options.task;
  run.files.train = options.train, run.files.validation = options.validation, run.files.test = options.test;
  run.files.data = tasks::FileOptions{options.data};
  run.files.problem_type = options.problem_type;
  run.files.max_length = options.max_length;
  insight::Checked checked = insight::check_data(std::move(run));
  return {std::string(checked.task->name), std::move(checked.facts.check.findings),
          std::move(checked.facts.notes)};
}

}  // namespace bertune
