#include "runs/results.h"

#include <cmath>

#include "bertune/error.h"

namespace bertune::runs {
namespace {

// Transformers' indent for these files.
constexpr int kIndent = 4;

bool written_bare(const std::string& key) { return key == "epoch" || key == "total_flos"; }

Json finite_or_null(const Json& value) {
  return value.is_number_float() && !std::isfinite(value.get<double>()) ? Json(nullptr) : value;
}

Json object_or_empty(std::string_view text) {
  if (text.empty()) return Json::object();
  try {
    Json value = parse_json(text, "all_results.json");
    return value.is_object() ? value : Json::object();
  } catch (const Error&) {
    return Json::object();
  }
}

}  // namespace

Json metric_values(const Metrics& metrics) {
  Json values = Json::object();
  for (const auto& [name, number] : metrics.values) values[name] = finite_or_null(number);
  return values;
}

Json evaluation_values(const Metrics& metrics, std::int64_t rows, double seconds) {
  Json values = metric_values(metrics);
  values["runtime"] = seconds;
  values["samples"] = rows;
  values["samples_per_second"] = static_cast<double>(rows) / seconds;
  return values;
}

Json with_prefix(const std::string& prefix, const Json& values) {
  Json result = Json::object();
  for (const auto& [key, value] : values.items()) {
    const bool keep = written_bare(key) || key.starts_with(prefix + "_");
    result[keep ? key : prefix + "_" + key] = finite_or_null(value);
  }
  return result;
}

std::map<std::string, std::string> result_files(const Results& results, std::string_view previous_all) {
  std::map<std::string, std::string> files;
  Json all = object_or_empty(previous_all);
  for (const auto& [prefix, values] : results) {
    const Json named = with_prefix(prefix, values);
    files[prefix + "_results.json"] = dump_json(named, kIndent);
    all.update(named);
  }
  files["all_results.json"] = dump_json(all, kIndent);
  return files;
}

void write_results(const fs::path& directory, const Results& results) {
  const fs::path all = directory / "all_results.json";
  const std::string previous = fs::exists(all) ? read_file(all) : std::string();
  for (const auto& [name, text] : result_files(results, previous))
    write_file_atomically(directory / name, text);
}

}  // namespace bertune::runs
