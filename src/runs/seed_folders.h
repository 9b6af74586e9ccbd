// OUTPUT/seed-<seed>/ of runs that differ in the seed alone: what each leaves, and which model is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/json.h"
#include "runs/part_files.h"
#include "runs/train_options.h"

namespace bertune::runs {

class SeedFolders {
 public:
  SeedFolders(std::filesystem::path output, KeptModels keep);

  std::filesystem::path folder(std::uint64_t seed) const;

  // Checks that OUTPUT may be written to. Throws UsageError where it holds such runs and neither resume nor
  // overwrite is given; with overwrite it removes their results and checkpoints.
  void prepare(const TrainOptions& options) const;
  // Throws AlreadyDone where all runs are finished, and UsageError where they are of another identity. Models
  // that were to go and are there still, go.
  void require_unfinished(const Json& identity) const;

  // Null where the run is not finished. Throws UsageError where the identity is another's.
  Json finished_results(std::uint64_t seed, const Json& identity) const;
  void save_results(std::uint64_t seed, const Json& results, const Json& identity) const;

  // Removes the model of a run that is not the best, unless all are kept; its results stay.
  void leave_results(std::uint64_t seed) const;
  // Makes OUTPUT the folder of this run as well, without its run.yaml.
  void place_best(std::uint64_t seed) const;
  // OUTPUT/seeds.json; the models that are not kept in the folders of their seeds go.
  void finish(Json results, const std::vector<std::uint64_t>& seeds, const Json& identity) const;

 private:
  std::filesystem::path output_;
  KeptModels keep_;
  PartFiles files_;
};

}  // namespace bertune::runs
