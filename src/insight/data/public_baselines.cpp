#include "bertune/baseline.h"
#include "data/files/text_file.h"
#include "insight/data/baselines.h"
#include "runs/fine_tuning.h"

namespace bertune {

Baselines measure_baselines(const BaselineOptions& options) {
  const data::KeptPipes pipes;
  runs::TrainOptions run;
  run.task = options.task;
  tasks::TrainingFiles& files = run.files;
  files.train = options.train, files.validation = options.validation, files.test = options.test;
  files.data = tasks::FileOptions{options.data};
  files.problem_type = options.problem_type;
  files.seed = options.seed;
  tasks::name_splits(files);
  return insight::measure_baselines(run, *runs::task_of(run).task);
}

}  // namespace bertune
