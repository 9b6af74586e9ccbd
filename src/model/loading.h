// Loads a checkpoint folder into a configuration and parameters, and saves them.
#pragma once

#include <filesystem>
#include <memory>

#include "bertune/config.h"
#include "bertune/model.h"
#include "bertune/parameters.h"
#include "model/inference.h"

namespace bertune::model {

// The weights are not bound to the parameters yet.
struct LoadedModel {
  std::unique_ptr<Weights> weights;
  Parameters parameters;
};
LoadedModel load_model(const std::filesystem::path& directory, Architecture architecture,
                       const LoadOptions& options);

// The folder's config.json with the options applied, and what the head needs besides.
BertConfig configuration(const std::filesystem::path& directory, Architecture architecture,
                         const LoadOptions& options);

// Fills `parameters` from the folder's weights; the head may be missing and is then newly initialized, the
// encoder may not. Throws Error when a tensor has another shape (naming both) or the encoder is incomplete.
LoadReport load_parameters(const std::filesystem::path& directory, const BertConfig& config,
                           const LoadOptions& options, Parameters& parameters);

}  // namespace bertune::model
