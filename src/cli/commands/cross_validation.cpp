#include "cli/commands/cross_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <vector>

#include "bertune/error.h"
#include "cli/commands/training_run.h"
#include "cli/interrupt.h"
#include "cli/screen/train_display.h"
#include "core/file.h"
#include "core/nearest.h"
#include "data/splits/given_folds.h"
#include "report/folds_report.h"
#include "report/metrics_report.h"
#include "report/results.h"
#include "report/terminal.h"
#include "train/evaluation.h"
#include "train/model_folder.h"
#include "train/run_state.h"
#include "train/trainer.h"

namespace bertune::cli {
namespace {

constexpr const char* kResultsFile = "cross_validation.json";
constexpr const char* kPredictionsFile = "out_of_fold.jsonl";
constexpr const char* kFoldResultsFile = "fold_results.json";  // is there when a fold is finished

// Names that are names of folders as well; "fold-" stands before them.
bool are_folder_names(const std::vector<std::string>& names) {
  constexpr std::string_view kOthers = "-_.";
  return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::all_of(name, [&](char letter) {
      const bool is_usual = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= '0' && letter <= '9');
      return is_usual || kOthers.find(letter) != kOthers.npos;
    });
  });
}

std::string_view flag_of(const data::Fold& fold) { return fold.given ? "--fold-column" : "--folds"; }

class CrossValidation {
 public:
  CrossValidation(const TrainOptions& options, const BertTokenizer& tokenizer,
                  const std::function<TrainingData(const TrainOptions&)>& prepare,
                  const std::function<BertPreTrainedModel(const tasks::Task&)>& new_model)
      : options_(options), tokenizer_(tokenizer), prepare_(prepare), new_model_(new_model) {
    options_.test.clear();
    named_folders_ = given() && are_folder_names(given()->names);
  }

  void run() {
    prepare_folders();
    for (std::int64_t i = 0; i < options_.fold.count; ++i) finish_fold(i);
    write_results();
    if (!options_.keep_folds)
      for (std::int64_t i = 0; i < options_.fold.count; ++i) remove_fold(folder(i));
    print();
  }

 private:
  const fs::path& output() const { return options_.arguments.output_dir; }
  const data::GivenFolds* given() const { return options_.fold.given.get(); }
  const std::string& given_name(std::int64_t fold) const {
    return given()->names[static_cast<std::size_t>(fold)];
  }
  fs::path folder(std::int64_t fold) const {
    return output() / ("fold-" + (named_folders_ ? given_name(fold) : std::to_string(fold + 1)));
  }
  // In result files, and for a person.
  Json name(std::int64_t fold) const { return given() ? given()->json_name(fold) : Json(fold + 1); }
  std::string title(std::int64_t fold) const {
    return given() ? report::printable(given_name(fold)) : std::to_string(fold + 1);
  }
  bool reports() const { return !options_.json && !options_.quiet; }

  // Of what this command writes; the folder goes when it held nothing else.
  static void remove_fold(const fs::path& path) {
    std::error_code ignored;
    train::remove_checkpoints_except(path, {});
    fs::remove(path / kFoldResultsFile, ignored), fs::remove(path / kPredictionsFile, ignored);
    fs::remove(path, ignored);
  }

  void prepare_folders() const {
    const std::vector<fs::path> there = folds_there();
    const bool finished = fs::exists(output() / kResultsFile),
               begun = !there.empty() || fs::exists(folder(0));
    if (options_.arguments.resume && finished) {
      throw UsageError(
          fmt::format("--output {}: this cross-validation has finished, see {}; --overwrite starts anew",
                      output().string(), kResultsFile));
    }
    if ((finished || begun) && !options_.arguments.resume && !options_.overwrite) {
      throw UsageError(fmt::format(
          "--output {}: already holds a cross-validation; add --resume to go on with it, --overwrite to "
          "start anew, or choose another folder",
          output().string()));
    }
    if (options_.arguments.resume && !options_.overwrite) require_own(there);
    if (!options_.overwrite) return;
    fs::remove(output() / kResultsFile), fs::remove(output() / kPredictionsFile);
    for (const fs::path& path : there) remove_fold(path);
  }

  // One at least, where there are any.
  void require_own(const std::vector<fs::path>& there) const {
    for (std::int64_t i = 0; i < options_.fold.count; ++i)
      if (std::ranges::find(there, folder(i)) != there.end()) return;
    if (there.empty()) return;
    std::vector<std::string> names;
    for (const fs::path& path : there) names.push_back(path.filename().string());
    std::ranges::sort(names);
    throw UsageError(fmt::format(
        "--output {}: cannot resume, for its folds are those of another cross-validation: {}. Resume with "
        "the same, choose another folder, or start anew with --overwrite.",
        output().string(), quoted_list(names, 5)));
  }

  // Of an earlier run, with whatever folds. A model without a fold's predictions is another training's.
  std::vector<fs::path> folds_there() const {
    std::vector<fs::path> folds;
    for (const fs::directory_entry& entry : fs::directory_iterator(output())) {
      const fs::path& path = entry.path();
      const bool is_fold = entry.is_directory() && path.filename().string().starts_with("fold-");
      if (is_fold && (fs::exists(path / kPredictionsFile) || !fs::exists(path / "config.json")))
        folds.push_back(path);
    }
    return folds;
  }

  // The training of a fold is that of a run of its own, in a folder of its own.
  TrainOptions options_of(std::int64_t fold) const {
    TrainOptions options = options_;
    options.fold.number = fold;
    options.arguments.output_dir = folder(fold);
    options.arguments.resume = options_.arguments.resume && !train::newest_checkpoint(folder(fold)).empty();
    options.quiet = options.quiet || fold > 0;  // the data are the same
    return options;
  }

  void finish_fold(std::int64_t fold) {
    TrainingData data = prepare_(options_of(fold));
    options_.arguments.settle(*data.task);
    const TrainOptions options = options_of(fold);
    if (fold == 0) write_run_config(options_, data);
    const Json identity = {{"arguments", options_.arguments.to_json()},
                           {"folds", options_.fold.count},
                           {"test", data.test->fingerprint()},
                           {"train", data.train->fingerprint()}};
    if (reports()) {
      const std::int64_t count = options_.fold.count;
      const std::string place =
          given() ? fmt::format(" ({} of {})", fold + 1, count) : fmt::format(" of {}", count);
      fmt::print(stderr, "\nFold {}{}: trained on {} rows, measured on {}\n", title(fold), place,
                 data.train->rows(), data.test->rows());
    }
    if (!options_.arguments.resume || !take_over(fold, identity)) train_fold(fold, options, data, identity);
  }

  // What an interrupted run has finished.
  bool take_over(std::int64_t fold, const Json& identity) {
    const fs::path path = folder(fold) / kFoldResultsFile;
    if (!fs::exists(path)) return false;
    Json results = parse_json(read_file(path), path.string());
    if (!results.is_object() || results.value("identity", Json()) != identity ||
        !results.contains("metrics")) {
      throw UsageError(fmt::format(
          "{}: cannot resume, for settings or data are not as they were. Resume with the same, or start "
          "anew with --overwrite.",
          path.string()));
    }
    results.erase("identity");
    folds_.push_back(std::move(results));
    if (reports()) fmt::print(stderr, "done before\n");
    return true;
  }

  void train_fold(std::int64_t fold, const TrainOptions& options, TrainingData& data, const Json& identity) {
    BertPreTrainedModel model = new_model_(*data.task);
    set_up_fine_tuning(options, data, model);
    TrainDisplay display(std::cerr, !reports());
    train::Trainer trainer(model, tokenizer_, options.arguments, display, *data.task, data.row_name);
    fs::create_directories(folder(fold));  // what is refused before leaves none
    require_disk(options, model, trainer);
    const train::TrainingResult trained =
        trainer.train(*data.train, data.validation.get(), interrupt_token());
    display.finish();
    const std::int64_t batch_size = options.arguments.eval_batch_size;
    const tasks::Metrics metrics =
        train::evaluate(model, *data.task, *data.test, batch_size, {}, interrupt_token());
    if (reports()) fmt::print(stderr, "fold {}: {}\n", title(fold), report::metrics_line(metrics));
    Json results = {{"fold", name(fold)},
                    {"metrics", report::metric_values(metrics)},
                    {"rows", data.test->rows()},
                    {"runtime", trained.runtime},
                    {"train_loss", trained.train_loss},
                    {"train_rows", data.train->rows()}};
    write_predictions(fold, data.predict_test(model, batch_size));
    if (options_.keep_folds) save_trained_model(folder(fold), options, data, tokenizer_, model);
    Json file = results;
    file["identity"] = identity;
    write_file_atomically(folder(fold) / kFoldResultsFile, dump_json(file));
    if (!options_.arguments.keep_checkpoints) train::remove_checkpoints_except(folder(fold), {});
    folds_.push_back(std::move(results));
  }

  static std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  void write_predictions(std::int64_t fold, const std::vector<TestLine>& lines) const {
    AtomicFile file(folder(fold) / kPredictionsFile);
    for (const TestLine& line : lines) {
      Json json = line.json;
      json["fold"] = name(fold);
      json["row"] = line.row;
      file.write(line_of(json));
    }
    file.commit();
  }

  // All rows, in the order of the file.
  void write_predictions() const {
    std::vector<std::pair<std::int64_t, std::string>> lines;
    for (std::int64_t i = 0; i < options_.fold.count; ++i) {
      const fs::path path = folder(i) / kPredictionsFile;
      const std::string text = read_file(path);
      for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
        end = std::min(text.find('\n', begin), text.size());
        Json json = parse_json(std::string_view(text).substr(begin, end - begin), path.string());
        const std::int64_t row = json.at("row");
        json.erase("row");
        lines.emplace_back(row, line_of(json));
      }
    }
    std::ranges::sort(lines, {}, &std::pair<std::int64_t, std::string>::first);
    AtomicFile file(output() / kPredictionsFile);
    for (const auto& [row, line] : lines) file.write(line);
    file.commit();
  }

  void write_results() {
    write_predictions();
    results_ = report::fold_statistics(folds_);
    results_["folds"] = options_.fold.count;
    if (given()) results_["fold_column"] = given()->column;
    results_["fold_results"] = folds_;
    results_["seed"] = options_.arguments.seed;
    results_["bertune_version"] = BERTUNE_VERSION;
    write_file_atomically(output() / kResultsFile, dump_json(results_));
  }

  void print() const {
    if (options_.json) {
      fmt::print("{}", dump_json(results_));
      return;
    }
    fmt::print("\nCross-validation, {} folds\n{}", options_.fold.count, report::folds_report(folds_));
    fmt::print(
        "\nWrote to {}:\n"
        "  the metrics            {}\n"
        "  each row's prediction  {}, by the model that had not seen it\n"
        "  all settings           run.yaml\n",
        output().string(), kResultsFile, kPredictionsFile);
    if (options_.keep_folds) {
      fmt::print("  the models             {}, {}{}\n", folder(0).filename().string(),
                 folder(1).filename().string(), options_.fold.count > 2 ? ", ..." : "");
    }
    fmt::print(
        "For a model of all rows, train without {} (and with --validation-split 0, to hold out none).\n",
        flag_of(options_.fold));
  }

  TrainOptions options_;
  const BertTokenizer& tokenizer_;
  const std::function<TrainingData(const TrainOptions&)>& prepare_;
  const std::function<BertPreTrainedModel(const tasks::Task&)>& new_model_;
  bool named_folders_ = false;
  std::vector<Json> folds_;  // results of those that are finished
  Json results_;
};

}  // namespace

void cross_validate(const TrainOptions& options, const BertTokenizer& tokenizer,
                    const std::function<TrainingData(const TrainOptions&)>& prepare,
                    const std::function<BertPreTrainedModel(const tasks::Task&)>& new_model) {
  if (options.fold.count < 2)
    throw UsageError(fmt::format("--folds is {}; it must be at least 2", options.fold.count));
  if (options.profile)
    throw UsageError(fmt::format("--profile measures one training; leave out {}", flag_of(options.fold)));
  if (!options.test.empty()) {
    print_notes(
        {fmt::format("--test is not looked at with {}: each fold is a test set", flag_of(options.fold))});
  }
  try {
    CrossValidation(options, tokenizer, prepare, new_model).run();
  } catch (const Interrupted& interrupted) {
    throw Interrupted(fmt::format("{}; the same command with --resume goes on with {}", interrupted.what(),
                                  options.arguments.output_dir.string()));
  }
}

}  // namespace bertune::cli
