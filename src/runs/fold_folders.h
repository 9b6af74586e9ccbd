// OUTPUT/fold-<i>/ of a cross-validation: what a fold leaves until all are finished.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/splits/split.h"
#include "runs/part_files.h"
#include "runs/train_options.h"
#include "tasks/training_data.h"

namespace bertune::insight {
struct PredictionTable;
}

namespace bertune::runs {

inline constexpr const char* kCrossValidationFile = "cross_validation.json";  // the metrics
inline constexpr const char* kOutOfFoldFile = "out_of_fold.jsonl";  // each row's prediction, in folds too

class FoldFolders {
 public:
  // <i> is a number from 1, or the name of a given fold where all names are names of folders as well.
  FoldFolders(std::filesystem::path output, data::Fold folds);

  std::int64_t count() const { return folds_.count; }
  std::filesystem::path folder(std::int64_t fold) const;
  std::string title(std::int64_t fold) const;  // for a person
  Json name(std::int64_t fold) const;          // for result files

  // Checks that OUTPUT may be written to. Throws UsageError where it holds another cross-validation, or none
  // to resume; with options.overwrite what there is goes.
  void prepare(const TrainOptions& options) const;

  // Saves what is left of a fold that is finished: its results with the run's identity, and its predictions.
  void save_results(std::int64_t fold, const Json& results, const Json& identity) const;
  // OUTPUT/cross_validation.json, which says that all folds are finished; then what they left goes, unless it
  // is to be kept.
  void save_statistics(Json statistics, const Json& identity, bool keep_folds) const;
  // Throws AlreadyDone where that is there, and UsageError where it is of another identity. Folds that were
  // to go and are there still, go.
  void require_unfinished(const Json& identity) const;
  // Null where the fold is not finished. Throws UsageError where the identity is another run's.
  Json finished_results(std::int64_t fold, const Json& identity) const;
  void save_predictions(std::int64_t fold, const std::vector<tasks::TestLine>& lines) const;
  // OUTPUT/out_of_fold.jsonl: all rows, in the order of the file.
  void join_predictions() const;
  // The same of the tables, in OUTPUT/predictions.json; of a fold that an older version has left there is
  // none, and then none of all.
  void save_table(std::int64_t fold, const insight::PredictionTable& table) const;
  void join_tables() const;

 private:
  // Removes what this run wrote into the folders of folds, and each folder that is then empty.
  void remove() const;
  std::vector<std::filesystem::path> folds_there() const;
  void require_own(const std::vector<std::filesystem::path>& there) const;

  std::filesystem::path output_;
  PartFiles files_;
  data::Fold folds_;
  bool named_ = false;
};

}  // namespace bertune::runs
