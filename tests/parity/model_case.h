// The fixtures of make_model_fixtures.py: tiny checkpoints, batches, and what the peer computes with them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "bertune/batch.h"
#include "bertune/model.h"
#include "support/closeness.h"
#include "support/safetensors_file.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

inline std::filesystem::path parity_fixtures() {
  return std::filesystem::path(BERTUNE_SOURCE_DIR) / "tests" / "parity" / "fixtures";
}

// The names, without extension, of the .safetensors files in a folder of fixtures (or in one elsewhere, by
// its absolute path), in order.
inline std::vector<std::string> case_names(const std::filesystem::path& folder) {
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
  const auto read = [&](const char* name, std::vector<std::int32_t>& into) {
    if (file.contains(prefix + name)) into = file.integers(prefix + name);
  };
  read("labels", batch.labels), read("next_sentence_labels", batch.next_sentence_labels);
  read("start_positions", batch.start_positions), read("end_positions", batch.end_positions);
  if (file.contains(prefix + "targets")) batch.targets = file.floats(prefix + "targets");
  return batch;
}

// What the error of a gradient is measured on: its norm. Some biases move all numbers of a softmax alike
// (those of a key, of a choice, of the places of an answer): in exact arithmetic their gradient is zero, and
// its rounding is measured on the query's bias, or on the weight that the bias belongs to.
inline double gradient_scale(const SafetensorsFile& file, std::string name) {
  const auto norm_of = [&](const std::string& tensor) {
    const std::vector<double> gradient = file.numbers(tensor);
    return norm(std::span<const double>(gradient));
  };
  const std::string bias = ".bias";
  for (const auto& [key, query] : {std::pair<std::string, std::string>{"self.key.bias", "self.query.bias"},
                                   {"attention.k_lin.bias", "attention.q_lin.bias"}}) {
    if (name.ends_with(key)) name.replace(name.size() - key.size(), key.size(), query);
  }
  const double own = norm_of(name);
  if (own > 1e-12 || !name.ends_with(bias)) return own;
  return norm_of(name.replace(name.size() - bias.size(), bias.size(), ".weight"));
}

// The model's gradients against all "grad.<name>" of the file.
inline void expect_gradients(BertPreTrainedModel& model, const SafetensorsFile& file, double tolerance) {
  std::vector<std::string> names;
  for (const Parameter& parameter : model.parameters().layout()) {
    const std::string name = "grad." + parameter.name;
    names.push_back(name);
    ASSERT_TRUE(file.contains(name)) << name << " is no parameter of the peer's model";
    EXPECT_EQ(parameter.shape, file.shape(name)) << name;
    const std::vector<double> expected = file.numbers(name);
    const std::span<const float> actual = model.parameters().gradient(parameter.name);
    EXPECT_TRUE(
        norm_close(name, actual, std::span<const double>(expected), tolerance, gradient_scale(file, name)));
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(file.names("grad.")));
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
