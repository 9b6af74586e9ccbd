// An adapter's folder (bertune/lora.h): what of it reaches a model's parameters, and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bertune/lora.h"
#include "bertune/model.h"
#include "bertune/parameters.h"

namespace bertune::model {

// Returns the adapter's configuration, with targets that name what the file holds, whatever pattern they are
// in the folder's. Throws Error when the file holds low-rank matrices of parts that are not adapted here, and
// UsageError when options.lora asks for another adapter.
LoraConfig adapter_to_load(const std::filesystem::path& directory, const LoadOptions& options);

// Returns the adapter's base: `given`, or if it is empty, base_of_adapter (bertune/lora.h).
std::filesystem::path base_of_adapter_or(const std::filesystem::path& given,
                                         const std::filesystem::path& directory);

// The rows of the classifier that is saved with it, or nothing.
std::optional<std::int64_t> labels_of_adapter(const std::filesystem::path& directory);

// Fills what the adapter holds of the parameters, over what the base gave. Throws Error when a low-rank
// matrix is missing, or a shape is another.
void load_adapter(const std::filesystem::path& directory, const LoadOptions& options, Parameters& parameters,
                  LoadReport& report);

// adapter_config.json and adapter_model.safetensors, with all that is trainable.
void save_adapter(const std::filesystem::path& directory, const BertPreTrainedModel& model, SaveDtype dtype);

}  // namespace bertune::model
