#include "runs/identity.h"

#include <fmt/format.h>

#include "core/model_files.h"

namespace bertune::runs {

Json model_identity(const std::filesystem::path& folder) {
  return folder.empty() ? Json() : Json(fmt::format("{:016x}", hash_of_model(folder)));
}

Json rows_identity(const tasks::Examples* examples) {
  return examples == nullptr ? Json() : Json(examples->fingerprint());
}

}  // namespace bertune::runs
