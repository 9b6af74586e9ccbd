#include "runs/fold_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/nearest.h"
#include "core/writing.h"
#include "data/splits/given_folds.h"
#include "insight/results/prediction_table.h"
#include "train/checkpoints.h"

namespace bertune::runs {
namespace {

constexpr const char* kResultsFile = "fold_results.json";  // is there when a fold is finished

// Names that are names of folders as well; "fold-" stands before them.
bool are_folder_names(const std::vector<std::string>& names) {
  constexpr std::string_view kOthers = "-_.";
  return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::all_of(name, [&](char letter) {
      const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= '0' && letter <= '9');
      return is_plain || kOthers.find(letter) != kOthers.npos;
    });
  });
}

// Adds the rows of a fold, behind those of others.
void append(const insight::PredictedSet& set, insight::PredictedSet& whole) {
  whole.name = set.name, whole.path = set.path;
  whole.in_all += set.in_all;
  const std::int64_t before = whole.begins.back();
  whole.rows.insert(whole.rows.end(), set.rows.begin(), set.rows.end());
  for (std::size_t i = 1; i < set.begins.size(); ++i) whole.begins.push_back(before + set.begins[i]);
  whole.logits.insert(whole.logits.end(), set.logits.begin(), set.logits.end());
  whole.truth.insert(whole.truth.end(), set.truth.begin(), set.truth.end());
}

// Returns the set with its rows in the order of the file.
insight::PredictedSet in_order(const insight::PredictionTable& table, const insight::PredictedSet& set) {
  std::vector<std::size_t> order(set.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t row) { return set.rows[row].row; });
  insight::PredictedSet sorted{.name = set.name, .path = set.path, .in_all = set.in_all};
  const auto copy = [](const std::vector<float>& from, std::int64_t begin, std::int64_t end,
                       std::int64_t width, std::vector<float>& to) {
    if (!from.empty()) to.insert(to.end(), from.begin() + begin * width, from.begin() + end * width);
  };
  for (const std::size_t row : order) {
    const std::int64_t begin = set.begins[row], end = set.begins[row + 1];
    sorted.rows.push_back(set.rows[row]);
    sorted.begins.push_back(sorted.begins.back() + end - begin);
    copy(set.logits, begin, end, table.form.width, sorted.logits);
    copy(set.truth, begin, end, table.truth_width(), sorted.truth);
  }
  return sorted;
}

// Removes what a cross-validation writes into a fold's folder, and the folder itself if it is then empty.
void remove_fold(const fs::path& path) {
  train::remove_checkpoints_except(path, {});
  for (const char* name : {kResultsFile, kOutOfFoldFile}) writing::unlink(path / name);
  insight::write_predictions(path, {});
  writing::rmdir(path);
}

}  // namespace

FoldFolders::FoldFolders(fs::path output, data::Fold folds)
    : output_(std::move(output)),
      files_{output_, kCrossValidationFile, kResultsFile, "cross-validation"},
      folds_(std::move(folds)),
      named_(folds_.given && are_folder_names(folds_.given->names)) {}

std::string FoldFolders::title(std::int64_t fold) const {
  return folds_.given ? folds_.given->names[static_cast<std::size_t>(fold)] : std::to_string(fold + 1);
}

Json FoldFolders::name(std::int64_t fold) const {
  return folds_.given ? folds_.given->json_name(fold) : Json(fold + 1);
}

fs::path FoldFolders::folder(std::int64_t fold) const {
  return output_ / ("fold-" + (named_ ? title(fold) : std::to_string(fold + 1)));
}

void FoldFolders::prepare(const TrainOptions& options) const {
  const bool resume = options.arguments.resume;
  const std::vector<fs::path> there = folds_there();
  const bool finished = fs::exists(output_ / kCrossValidationFile),
             begun = !there.empty() || fs::exists(folder(0));
  if ((finished || begun) && !resume && !options.overwrite) {
    throw UsageError(
        "output",
        fmt::format(
            "`output={}`: already holds a cross-validation; add `resume` to continue it, `overwrite` to "
            "start over, or choose another folder",
            output_.string()));
  }
  if (resume && !options.overwrite) require_own(there);
  if (!options.overwrite) return;
  writing::unlink(output_ / kCrossValidationFile), writing::unlink(output_ / kOutOfFoldFile);
  insight::write_predictions(output_, {});
  for (const fs::path& path : there) remove_fold(path);
}

// One at least, where there are any.
void FoldFolders::require_own(const std::vector<fs::path>& there) const {
  for (std::int64_t i = 0; i < count(); ++i)
    if (std::ranges::find(there, folder(i)) != there.end()) return;
  if (there.empty()) return;
  std::vector<std::string> names;
  for (const fs::path& path : there) names.push_back(path.filename().string());
  std::ranges::sort(names);
  throw UsageError(
      "output",
      fmt::format("`output={}`: cannot resume, for its folds are those of another cross-validation: {}. "
                  "Resume with the same, choose another folder, or start over with `overwrite`.",
                  output_.string(), quoted_list(names, 5)));
}

// Returns the folders of an earlier run, with whatever folds. A model without a fold's predictions is another
// training's.
std::vector<fs::path> FoldFolders::folds_there() const {
  std::vector<fs::path> folds;
  for (const fs::path& path : entries_of(output_)) {
    const bool is_fold =
        fs::is_directory(path) && path.filename().string().starts_with("fold-") && !is_temporary(path);
    if (is_fold && (fs::exists(path / kOutOfFoldFile) || !fs::exists(path / "config.json")))
      folds.push_back(path);
  }
  return folds;
}

void FoldFolders::save_results(std::int64_t fold, const Json& results, const Json& identity) const {
  files_.save_part(folder(fold), results, identity);
}

void FoldFolders::save_statistics(Json statistics, const Json& identity, bool keep_folds) const {
  files_.save_all(std::move(statistics), {{"identity", identity}, {"keep_folds", keep_folds}});
  if (!keep_folds) remove();
}

void FoldFolders::require_unfinished(const Json& identity) const {
  const Json own = files_.finished_all(identity);
  if (own.is_null()) return;
  if (own.value("keep_folds", Json()) == false) remove();
  throw AlreadyDone(fmt::format("{}: the cross-validation is finished, see {}; there is nothing to resume",
                                output_.string(), kCrossValidationFile));
}

Json FoldFolders::finished_results(std::int64_t fold, const Json& identity) const {
  return files_.finished_part(folder(fold), identity);
}

void FoldFolders::save_predictions(std::int64_t fold, const std::vector<tasks::TestLine>& lines) const {
  AtomicFile file(folder(fold) / kOutOfFoldFile);
  for (const tasks::TestLine& line : lines) {
    Json json = line.json;
    json["fold"] = name(fold);
    json["row"] = line.row;
    file.write(dump_json(json, -1));
  }
  file.commit();
}

void FoldFolders::join_predictions() const {
  std::vector<std::pair<std::int64_t, std::string>> lines;
  for (std::int64_t i = 0; i < count(); ++i) {
    const fs::path path = folder(i) / kOutOfFoldFile;
    const std::string text = read_file(path);
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
      end = std::min(text.find('\n', begin), text.size());
      Json json = parse_json(std::string_view(text).substr(begin, end - begin), path.string());
      const std::int64_t row = json.at("row");
      json.erase("row");
      lines.emplace_back(row, dump_json(json, -1));
    }
  }
  std::ranges::sort(lines, {}, &std::pair<std::int64_t, std::string>::first);
  AtomicFile file(output_ / kOutOfFoldFile);
  for (const auto& [row, line] : lines) file.write(line);
  file.commit();
}

void FoldFolders::save_table(std::int64_t fold, const insight::PredictionTable& table) const {
  insight::write_predictions(folder(fold), table);
}

void FoldFolders::join_tables() const {
  insight::PredictionTable all;
  insight::PredictedSet whole;
  for (std::int64_t i = 0; i < count(); ++i) {
    if (!insight::has_predictions(folder(i))) return insight::write_predictions(output_, {});
    insight::PredictionTable table = insight::read_predictions(folder(i));
    all.task = table.task, all.form = table.form;
    for (const insight::PredictedSet& set : table.sets) append(set, whole);
  }
  all.sets.push_back(in_order(all, whole));
  insight::write_predictions(output_, all);
}

void FoldFolders::remove() const {
  for (std::int64_t i = 0; i < count(); ++i) remove_fold(folder(i));
}

}  // namespace bertune::runs
