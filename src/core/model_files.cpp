#include "core/model_files.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "core/writing.h"

namespace bertune {
namespace {

constexpr std::array kModelFiles = {kWeightFiles[0],  // the first four are weights
                                    kWeightFiles[1],
                                    kAdapterFiles[0],
                                    kAdapterFiles[1],
                                    "model.safetensors.index.json",
                                    "pytorch_model.bin.index.json",
                                    kSettingsFile,
                                    kWordFile,
                                    kPairFiles[0],
                                    kPairFiles[1],
                                    kTokenizerFiles[0],
                                    kTokenizerFiles[1],
                                    kTokenizerFiles[2],
                                    kTokenizerFiles[3],
                                    kSentenceFiles[0],
                                    kSentenceFiles[1],
                                    kSentenceFiles[2],
                                    kResultFiles[0],
                                    kResultFiles[1],
                                    kResultFiles[2],
                                    kResultFiles[3]};
constexpr std::span kWeights = std::span(kModelFiles).first<4>();

}  // namespace

std::span<const char* const> model_files() { return kModelFiles; }

bool is_model_file(const fs::path& name) { return std::ranges::find(kModelFiles, name) != kModelFiles.end(); }

void remove_model(const fs::path& folder) {
  writing::unlink(folder / "config.json");  // without it the folder is no model
  for (const char* name : kModelFiles)
    if (decides_predictions(name)) writing::unlink(folder / name);
  const fs::path pooling = folder / kSentenceFiles[3];
  writing::unlink(pooling), writing::rmdir(pooling.parent_path());
}

bool holds_weights(const fs::path& folder) {
  return std::ranges::any_of(kWeights, [&](const char* name) { return path_exists(folder / name); });
}

bool decides_predictions(const fs::path& file) {
  const std::string name = file.filename().string();
  if (std::ranges::find(kResultFiles, name) != kResultFiles.end()) return false;
  return name == "config.json" || is_model_file(name) || name.ends_with(".safetensors") ||
         (name.starts_with("pytorch_model") && name.ends_with(".bin"));
}

std::uint64_t hash_of_model(const fs::path& folder, const fs::path& base) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && decides_predictions(entry.path())) files.push_back(entry.path());
  const fs::path pooling = folder / kSentenceFiles.back();
  if (fs::is_regular_file(pooling)) files.push_back(pooling);
  std::ranges::sort(files);
  std::uint64_t hash = 0;
  for (const fs::path& file : files) {
    hash = hash * 0x9E3779B97F4A7C15ULL + quick_hash(file.filename().string());
    if (fs::file_size(file) > 0) hash ^= quick_hash(MappedFile(file).text());
  }
  return base.empty() ? hash : hash * 31 + hash_of_model(base);
}

int order_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "manifest.json") return 4;
  if (name == "bertune.json") return 3;
  if (name == "config.json" || name == "adapter_config.json") return 2;
  return file.extension() == ".safetensors" ? 1 : 0;
}

}  // namespace bertune
