

#include "bertune/noise.h"
#include "data/files/text_file.h"
#include "insight/data/noise.h"
#include "insight/results/label_noise.h"
#include "insight/results/run_noise.h"
#include "runs/fine_tuning.h"

namespace bertune {

LabelNoise find_label_noise(const NoiseOptions& options) {
  const data::KeptPipes pipes;
  runs::TrainOptions run;
  run.task = options.task, run.model = options.model;
  tasks::TrainingFiles& files = run.files;
  files.train = options.train;
  files.data = tasks::FileOptions{options.data};
  files.problem_type = options.problem_type, files.max_length = options.max_length;
  files.seed = options.seed;
  files.exclude = options.exclude, files.relabel = options.relabel;
  tasks::name_splits(files);
  const insight::PredictionTable table =
      insight::judge_rows(run, *runs::task_of(run).task, options.folds, {.model = options.model});
  LabelNoise noise = insight::label_noise(table, table.sets.at(0), {.top = options.top});
  noise.set = "train";
  return noise;
}

LabelNoise find_label_noise(const std::filesystem::path& run, const std::string& set, std::int64_t top) {
  return insight::noise_of_run(run, set, top);
}

}  // namespace bertune
