// The model card of a trained model: README.md with the metadata that the Hugging Face Hub reads.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"

namespace bertune::report {

// `facts` are those of insight::run_facts. The head is YAML: library_name, pipeline_tag, base_model where the
// run names one of the Hub, tags, metrics and model-index; then what the model is, its results and its
// settings. It holds labels and no texts.
std::string model_card(const OrderedJson& facts);

// Writes README.md into the folder, unless one is there that this function did not write.
void write_model_card(const std::filesystem::path& folder, const OrderedJson& facts);

}  // namespace bertune::report
