// The fixtures of make_model_fixtures.py: tiny checkpoints, batches, and what the peer computes with them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "support/safetensors_file.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

inline std::filesystem::path parity_fixtures() {
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "tests" / "parity" / "fixtures";
}

// The names, without extension, of the .safetensors files in a folder of fixtures, in order.
inline std::vector<std::string> case_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(parity_fixtures() / folder)) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The packed batch whose tensors are named `prefix` + "input_ids" and so on.
inline Batch read_batch(const SafetensorsFile& file, const std::string& prefix = "") {
  Batch batch;
  batch.input_ids = file.integers(prefix + "input_ids");
  batch.token_type_ids = file.integers(prefix + "token_type_ids");
  batch.cu_seqlens = file.integers(prefix + "cu_seqlens");
  if (file.contains(prefix + "labels")) batch.labels = file.integers(prefix + "labels");
  if (file.contains(prefix + "targets")) batch.targets = file.floats(prefix + "targets");
  return batch;
}

// Sequence `index` of a batch, as a batch of its own.
inline Batch one_sequence(const Batch& batch, std::size_t index) {
  const auto begin = batch.cu_seqlens[index], end = batch.cu_seqlens[index + 1];
  Batch one;
  one.input_ids.assign(batch.input_ids.begin() + begin, batch.input_ids.begin() + end);
  one.token_type_ids.assign(batch.token_type_ids.begin() + begin, batch.token_type_ids.begin() + end);
  one.cu_seqlens = {0, end - begin};
  if (!batch.labels.empty()) one.labels = {batch.labels[index]};
  const auto width = static_cast<std::ptrdiff_t>(batch.targets.size()) / batch.sequences();
  const auto row = batch.targets.begin() + static_cast<std::ptrdiff_t>(index) * width;
  one.targets.assign(row, row + width);
  return one;
}

// The checkpoint that a fixture was made with, its configuration overridden as there; dropout is 0 in all of
// them.
inline BertForSequenceClassification load_checkpoint(const SafetensorsFile& file) {
  const nlohmann::json about = file.about();
  const auto folder = parity_fixtures() / "model" / about.at("checkpoint").get<std::string>();
  const nlohmann::json overrides = about.value("config", nlohmann::json::object());
  if (overrides.empty()) return BertForSequenceClassification::from_pretrained(folder);
  std::ifstream original(folder / "config.json");
  nlohmann::json config = nlohmann::json::parse(original);
  config.update(overrides);
  const TemporaryDirectory changed;
  changed.write("config.json", config.dump());
  std::filesystem::copy(folder / "model.safetensors", changed.path());
  return BertForSequenceClassification::from_pretrained(changed.path());
}

}  // namespace bertune::testing
