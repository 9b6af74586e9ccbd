#include "runs/part_files.h"

#include <fmt/format.h>

#include <utility>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune::runs {

void PartFiles::save_part(const fs::path& folder, Json results, const Json& identity) const {
  results["identity"] = identity;
  write_file_atomically(folder / part_name, dump_json(results));
}

Json PartFiles::finished_part(const fs::path& folder, const Json& identity) const {
  const fs::path path = folder / part_name;
  if (!fs::exists(path)) return {};
  Json results = parse_json(read_file(path), path.string());
  if (!results.is_object() || results.value("identity", Json()) != identity || !results.contains("metrics")) {
    throw UsageError(
        fmt::format("{}: cannot resume, for settings or data are not as they were. Resume with the same, or "
                    "start over with `overwrite`.",
                    path.string()));
  }
  results.erase("identity");
  return results;
}

void PartFiles::save_all(Json results, Json own) const {
  results["bertune"] = std::move(own);
  write_file_atomically(output / all_name, dump_json(results));
}

Json PartFiles::finished_all(const Json& identity) const {
  const fs::path path = output / all_name;
  if (!fs::exists(path)) return {};
  const Json file = parse_json(read_file(path), path.string());
  Json own = file.is_object() ? file.value("bertune", Json::object()) : Json::object();
  if (!own.is_object() || own.value("identity", Json()) != identity) {
    throw UsageError("output", fmt::format("`output={}`: cannot resume, for another {} has finished there, "
                                           "see {}; `overwrite` starts over",
                                           output.string(), what, all_name));
  }
  return own;
}

}  // namespace bertune::runs
