#include "insight/results/run_noise.h"

#include <fmt/format.h>

#include "bertune/error.h"
#include "core/file.h"
#include "core/model_files.h"
#include "insight/results/label_noise.h"
#include "tasks/trained_settings.h"

namespace bertune::insight {

double temperature_left(const Json& settings, const PredictionTable& table) {
  return settings.is_object() ? tasks::temperature_of(settings) / table.form.temperature : 1;
}

LabelNoise noise_of_run(const std::filesystem::path& run, const std::string& set, std::int64_t top) {
  const PredictionTable table = read_predictions(run);
  const PredictedSet* chosen = table.find(set);
  std::string known;
  for (const PredictedSet& one : table.sets) known += (known.empty() ? "" : ", ") + one.name;
  if (set.empty()) {
    for (const char* name : {kOutOfFoldSet, "test", "validation"})
      if (chosen == nullptr) chosen = table.find(name);
  }
  if (chosen == nullptr)
    throw UsageError("set", fmt::format("{}: has no predictions of a set \"{}\"; there are {} (`set`)",
                                        run.string(), set, known.empty() ? "none" : known));
  const std::filesystem::path path = run / kSettingsFile;
  const Json settings = path_exists(path) ? parse_json(read_file(path), path.string()) : Json();
  return label_noise(table, *chosen, {.top = top, .temperature = temperature_left(settings, table)});
}

}  // namespace bertune::insight
