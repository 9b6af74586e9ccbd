// A run of several trainings leaves files by which it can be resumed: one of results in the folder of each
// part that is finished, and one in OUTPUT when all parts are.
#pragma once

#include <filesystem>

#include "core/json.h"

namespace bertune::runs {

struct PartFiles {
  std::filesystem::path output;
  const char* all_name;   // of the file in OUTPUT
  const char* part_name;  // of the file in the folder of a part
  const char* what;       // what all parts together are, for messages: "cross-validation"

  // Saves the results of a part with the identity of the run: the settings and the data that decide them.
  void save_part(const std::filesystem::path& folder, Json results, const Json& identity) const;
  // Null where the part is not finished. Throws UsageError where the identity is another run's.
  Json finished_part(const std::filesystem::path& folder, const Json& identity) const;

  // Saves the results of all parts; `own` ("identity" and more) goes under "bertune".
  void save_all(Json results, Json own) const;
  // Returns what save_all was given as `own`; null where not all parts are finished. Throws UsageError where
  // the identity is another run's.
  Json finished_all(const Json& identity) const;
};

}  // namespace bertune::runs
