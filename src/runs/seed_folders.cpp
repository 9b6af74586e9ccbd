#include "runs/seed_folders.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "insight/results/seed_group.h"
#include "runs/method_choice.h"
#include "runs/placed_run.h"
#include "train/checkpoints.h"

namespace bertune::runs {
namespace {

constexpr const char* kResultsFile = "seed_results.json";  // is there when the run is finished

// The folders of an earlier run: those with results or checkpoints.
std::vector<fs::path> runs_there(const fs::path& output) {
  std::vector<fs::path> found;
  for (const fs::path& path : readable_entries_of(output)) {
    const bool named = path.filename().string().starts_with("seed-") && !is_temporary(path);
    if (named && fs::is_directory(path) &&
        (path_exists(path / kResultsFile) || !train::checkpoints(path).empty()))
      found.push_back(path);
  }
  return found;
}

}  // namespace

SeedFolders::SeedFolders(fs::path output, KeptModels keep)
    : output_(std::move(output)),
      keep_(keep),
      files_{output_, insight::kSeedsFile, kResultsFile, "group of seeds"} {}

fs::path SeedFolders::folder(std::uint64_t seed) const { return insight::folder_of_seed(output_, seed); }

void SeedFolders::prepare(const TrainOptions& options) const {
  const std::vector<fs::path> there = runs_there(output_);
  const bool begun = !there.empty() || path_exists(output_ / insight::kSeedsFile);
  if (begun && !options.arguments.resume && !options.overwrite) {
    throw UsageError(
        "output",
        fmt::format("`output={}`: already holds runs of several seeds; add `resume` to continue them, "
                    "`overwrite` to start over, or choose another folder",
                    output_.string()));
  }
  if (!options.overwrite) return;
  writing::unlink(output_ / insight::kSeedsFile);
  for (const fs::path& path : there) {
    writing::unlink(path / kResultsFile);
    train::remove_checkpoints_except(path, {});
    remove_model(path);
    writing::unlink(path / kMethodFile);
    for (const char* name : kResultFiles) writing::unlink(path / name);
  }
}

void SeedFolders::require_unfinished(const Json& identity) const {
  const Json own = files_.finished_all(identity);
  if (own.is_null()) return;
  const auto group = insight::read_seed_group(output_);
  if (group && own.value("keep", Json()) == "best")
    for (const std::uint64_t seed : group->seeds) remove_model(folder(seed));
  throw AlreadyDone(fmt::format("{}: all seeds are trained, see {}; there is nothing to resume",
                                output_.string(), insight::kSeedsFile));
}

Json SeedFolders::finished_results(std::uint64_t seed, const Json& identity) const {
  return files_.finished_part(folder(seed), identity);
}

void SeedFolders::save_results(std::uint64_t seed, const Json& results, const Json& identity) const {
  files_.save_part(folder(seed), results, identity);
}

void SeedFolders::leave_results(std::uint64_t seed) const {
  if (keep_ == KeptModels::best) remove_model(folder(seed));
}

void SeedFolders::place_best(std::uint64_t seed) const {
  place_run(folder(seed), output_, {kResultsFile, "run.yaml", "runs"});
}

void SeedFolders::finish(Json results, const std::vector<std::uint64_t>& seeds, const Json& identity) const {
  const char* kept = keep_ == KeptModels::best ? "best" : "all";
  files_.save_all(std::move(results), {{"identity", identity}, {"keep", kept}});
  for (const std::uint64_t seed : seeds) leave_results(seed);
}

}  // namespace bertune::runs
