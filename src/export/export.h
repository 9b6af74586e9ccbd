// Exports a model folder to ONNX: a folder that ONNX Runtime, Optimum, sentence-transformers and
// transformers.js load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "export/model_file.h"

namespace bertune::onnx {

struct ExportOptions {
  std::filesystem::path base = {};  // of an adapter, as LoadOptions has it
  bool overwrite = false;
  bool external_data = false;  // the weights in a file of their own, as those above 2 GB are in any case
};

struct Exported {
  std::string model_class;     // Transformers' name: "BertForSequenceClassification"
  std::filesystem::path file;  // model.onnx
  std::uint64_t bytes = 0;     // of it and of model.onnx_data
};

// Writes onnx/model.onnx, config.json, the tokenizer and the files of sentence-transformers to `output`,
// atomically; where that is the model's own folder, onnx/ alone. Weights are read one at a time; of an
// adapter, and of a model with a temperature that is not folded, all at once. Throws Error where the model
// has no trained head, and UsageError where `output` holds another model or, without `overwrite`, an export.
Exported export_model(const std::filesystem::path& model, const std::filesystem::path& output,
                      const ExportOptions& options = {});

}  // namespace bertune::onnx
