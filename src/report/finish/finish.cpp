#include "report/finish/finish.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "core/file.h"
#include "insight/data/baselines.h"
#include "insight/explain/find_words.h"
#include "insight/results/seed_group.h"
#include "report/baseline_report.h"
#include "report/html/beside.h"

namespace bertune::report {
namespace {

void note(const FinishOptions& options, const std::string& text) {
  if (options.on_note) options.on_note(text);
}

std::string write_baselines(const std::filesystem::path& folder, const Baselines& baselines,
                            const Json& results) {
  const std::optional<insight::BesideModel> model = insight::write_beside(folder, baselines, results);
  return model ? beside_line(baselines, *model) : "";
}

OrderedJson write_page(const std::filesystem::path& folder, const html::FindWords& find_words,
                       const FinishOptions& options) try {
  return html::write_beside(folder, find_words);
} catch (const Error& error) {
  note(options, fmt::format("report.html could not be written: {}", error.what()));
  return {};
}

}  // namespace

std::string finish_baselines(const runs::TrainOptions& run, const tasks::TaskEntry& task, const Json& results,
                             const FinishOptions& options) try {
  if (!options.baselines || !results.contains("test_loss")) return "";
  return write_baselines(run.arguments.output_dir, insight::measure_baselines(run, task), results);
} catch (const std::exception& error) {
  note(options, fmt::format("no baselines: {}", error.what()));
  return "";
}

OrderedJson finish_page(const runs::TrainOptions& run, const FinishOptions& options) {
  const std::filesystem::path& folder = run.arguments.output_dir;
  std::optional<insight::ExplainedModel> model;
  if (options.explanations) {
    model.emplace(insight::ExplainedModel{.folder = folder});
    if (is_adapter(folder)) model->base = run.base.empty() ? run.model : run.base;
  }
  return write_page(folder,
                    insight::finder_of_words(
                        folder, model, [&](const std::string& text) { note(options, text); }, options.stop),
                    options);
}

std::string finish_seeds(const runs::TrainOptions& run, const tasks::TaskEntry& task,
                         const runs::SeedRuns& done, const FinishOptions& options) {
  const std::filesystem::path& output = run.arguments.output_dir;
  std::string line;
  try {
    std::optional<Baselines> baselines;
    if (options.baselines && done.runs[0].at("metrics").contains("test_loss"))
      baselines = insight::measure_baselines(run, task);
    for (std::size_t i = 0; baselines && i < done.seeds.size(); ++i) {
      const Json& metrics = done.runs[i].at("metrics");
      write_baselines(insight::folder_of_seed(output, done.seeds[i]), *baselines, metrics);
      if (done.best == done.seeds[i]) line = write_baselines(output, *baselines, metrics);
    }
  } catch (const std::exception& error) {
    note(options, fmt::format("no baselines: {}", error.what()));
  }
  for (const std::uint64_t seed : done.seeds) write_page(insight::folder_of_seed(output, seed), {}, options);
  if (done.best) finish_page(run, options);
  return line;
}

}  // namespace bertune::report
