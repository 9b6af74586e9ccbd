#include "core/model_files.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/file.h"

namespace bertune {
namespace {

constexpr std::array kModelFiles = {"model.safetensors",  // the first four are weights
                                    "pytorch_model.bin",
                                    "adapter_config.json",
                                    "adapter_model.safetensors",
                                    "model.safetensors.index.json",
                                    "pytorch_model.bin.index.json",
                                    "bertune.json",
                                    "vocab.txt",
                                    "vocab.json",
                                    "merges.txt",
                                    "tokenizer.json",
                                    "tokenizer_config.json",
                                    "special_tokens_map.json",
                                    "added_tokens.json",
                                    "modules.json",
                                    "sentence_bert_config.json",
                                    "config_sentence_transformers.json",
                                    "predictions.json",  // what was measured of the model
                                    "predictions.safetensors",
                                    "report.json",
                                    "report.html"};
constexpr std::span kWeights = std::span(kModelFiles).first<4>();

}  // namespace

std::span<const char* const> model_files() { return kModelFiles; }

bool is_model_file(const fs::path& name) { return std::ranges::find(kModelFiles, name) != kModelFiles.end(); }

bool holds_weights(const fs::path& folder) {
  return std::ranges::any_of(kWeights, [&](const char* name) { return path_exists(folder / name); });
}

int order_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "manifest.json") return 4;
  if (name == "bertune.json") return 3;
  if (name == "config.json" || name == "adapter_config.json") return 2;
  return file.extension() == ".safetensors" ? 1 : 0;
}

}  // namespace bertune
