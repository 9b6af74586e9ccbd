// The folders of a search: which models and checkpoints stay, and the winner's place.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "bertune/metrics.h"
#include "runs/train_options.h"
#include "runs/tuning/trial.h"
#include "tasks/training_data.h"
#include "train/observer.h"

namespace bertune::runs {

class SearchFolder {
 public:
  explicit SearchFolder(const TrainOptions& options);

  // Throws UsageError where OUTPUT holds a search and neither resume nor overwrite is given; with overwrite
  // it removes the trials.
  void prepare() const;

  std::filesystem::path of(std::size_t trial) const { return folder_of_trial(output_, trial); }

  // Removes the checkpoints of all but the best trials that were stopped, and the models of all finished ones
  // but the default settings' and the best, unless everything is kept. A trial without its checkpoint begins
  // anew, with the same results.
  void make_room(std::vector<Trial>& trials) const;
  // Removes what nobody needs once the search is over, unless everything is kept.
  void tidy(std::vector<Trial>& trials) const;

  // Makes OUTPUT the folder of the trial as well.
  void place(std::size_t trial) const;
  // Tests the model in OUTPUT, and adds what it found to the results and predictions there.
  Metrics test(tasks::TrainingData& data, const tasks::Examples& rows, train::Observer& observer) const;

 private:
  const TrainOptions& options_;
  std::filesystem::path output_;
};

}  // namespace bertune::runs
