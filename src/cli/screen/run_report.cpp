#include "cli/screen/run_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cli/screen/flag_words.h"
#include "core/counted.h"
#include "core/file.h"
#include "core/json.h"
#include "report/folds_report.h"
#include "report/metrics_report.h"
#include "report/progress.h"
#include "report/seeds_report.h"
#include "report/table.h"
#include "report/terminal.h"
#include "runs/fold_folders.h"

namespace bertune::cli {

void print_run_json(const runs::FinishedRun& run) {
  Json all = Json::object();
  for (const auto& [prefix, values] : run.results) all.update(runs::with_prefix(prefix, values));
  fmt::print("{}", dump_json(all));
}

void print_run(const runs::TrainOptions& options, const runs::FinishedRun& run, std::string_view try_it,
               std::string_view beside_test, std::string_view on_labels) {
  const train::TrainingResult& result = run.training;
  const double seconds = std::max(result.runtime, 1e-9);
  fmt::print("\nTrained {} in {} ({} tokens/s, peak memory {:.0f} MiB); mean training loss {:.4f}\n",
             counted(result.state.global_step, "step"), report::format_duration(result.runtime),
             report::grouped(static_cast<long long>(static_cast<double>(result.state.tokens) / seconds)),
             run.results.at("train").at("peak_rss_mib").get<double>(), result.train_loss);
  if (!result.stopped_early.empty()) fmt::print("Training {}\n", with_flags(result.stopped_early));
  if (result.kept_best) {
    fmt::print("Kept the weights of step {}, where validation was best{}\n", result.state.best_step,
               result.state.best_metric ? fmt::format(" ({:.4f})", *result.state.best_metric) : "");
  }
  const report::Terminal terminal = report::terminal_of(STDOUT_FILENO);
  if (run.test_metrics) {
    fmt::print("\nTest on {}:\n{}", options.files.test.string(),
               report::metrics_report(*run.test_metrics,
                                      {.style = report::Style(terminal.colors), .width = terminal.width}));
    if (!beside_test.empty()) fmt::print("{}\n", beside_test);
  }
  const std::string folder = options.arguments.output_dir.string();
  fmt::print("{}", on_labels);
  fmt::print(
      "\nWrote to {}:\n"
      "{}"
      "  its tokenizer          tokenizer.json, tokenizer_config.json, the vocabulary, "
      "special_tokens_map.json\n"
      "  results and log        all_results.json, trainer_state.json\n"
      "{}"
      "  all settings           run.yaml, with which --config repeats the run\n"
      "Use it:\n  {}\n",
      folder,
      run.adapter
          ? fmt::format(
                "  the adapter            adapter_config.json, adapter_model.safetensors (PEFT loads this "
                "folder)\n  of the model           {}\n",
                run.adapter->base_model_name_or_path)
          : "  the model              config.json, model.safetensors (Transformers loads this folder)\n",
      path_exists(options.arguments.output_dir / "report.html")
          ? "  the report             report.html, with where it is right and wrong\n"
          : "",
      fmt::format(fmt::runtime(try_it), folder));
}

void print_seeds(const runs::TrainOptions& options, const runs::SeedRuns& done, std::string_view try_it,
                 std::string_view beside_test) {
  const std::string folder = options.arguments.output_dir.string();
  fmt::print("\n{} runs, seeds {} to {}\n{}", done.seeds.size(), done.seeds.front(), done.seeds.back(),
             report::seeds_report(done.results));
  if (!beside_test.empty()) fmt::print("\n{}\n", beside_test);
  fmt::print("\nWrote to {}:\n", folder);
  if (done.best) {
    fmt::print(
        "  the model              that of seed {}, which is best on the validation rows\n"
        "{}",
        *done.best,
        path_exists(options.arguments.output_dir / "report.html")
            ? "  the report             report.html, of this model and of all seeds\n"
            : "");
  }
  fmt::print(
      "  the metrics            {}\n"
      "  each run               seed-{}, seed-{}{}: {}\n"
      "  all settings           run.yaml\n",
      done.file.filename().string(), done.seeds[0], done.seeds[1], done.seeds.size() > 2 ? ", ..." : "",
      options.keep == runs::KeptModels::all ? "its model, results and predictions"
                                            : "its results and predictions");
  if (!try_it.empty()) fmt::print("Use it:\n  {}\n", fmt::format(fmt::runtime(try_it), folder));
}

void print_folds(const runs::TrainOptions& options, const runs::CrossValidated& done) {
  const std::size_t count = done.folds.size();
  fmt::print("\nCross-validation, {} folds\n{}", count, report::folds_report(done.folds));
  fmt::print(
      "\nWrote to {}:\n"
      "  the metrics            {}\n"
      "  each row's prediction  {}, by the model that had not seen it\n"
      "  all settings           run.yaml\n",
      options.arguments.output_dir.string(), runs::kCrossValidationFile, runs::kOutOfFoldFile);
  if (!done.folders.empty()) {
    fmt::print("  the models             {}, {}{}\n", done.folders[0].filename().string(),
               done.folders[1].filename().string(), count > 2 ? ", ..." : "");
  }
  fmt::print("For a model of all rows, train without {} (and with --validation-split 0, to hold out none).\n",
             options.files.fold_column.empty() ? "--folds" : "--fold-column");
}

}  // namespace bertune::cli
