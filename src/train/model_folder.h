// A fine-tuned model as it lies on disk: weights, tokenizer, and bertune.json, the settings that predictions
// must share with training.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "bertune/model.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "tasks/trained_settings.h"

namespace bertune::train {

struct ModelFolder {
  BertTokenizer tokenizer;
  BertPreTrainedModel model;
  std::int64_t max_length = 0;
  Json settings;           // what bertune.json holds; an object
  double temperature = 1;  // that the weights were divided by when they were loaded; `settings` say so

  // Opens a folder with the head that config.json names ("architectures"), or that for sentence embeddings
  // where there are files of the sentence-transformers package. `max_length`: unset takes the one of these
  // files, or of training, or what the model can, up to 512. `base`: of an adapter, as LoadOptions has it.
  // Throws Error when the head has no weights.
  static ModelFolder open(const std::filesystem::path& directory, std::optional<std::int64_t> max_length,
                          const std::filesystem::path& base = {});
  // Opens a folder with this head instead; `how` tells the person where to get one.
  static ModelFolder open(const std::filesystem::path& directory, std::optional<std::int64_t> max_length,
                          Architecture architecture, std::string_view how,
                          const std::filesystem::path& base = {});
};

// The head that config.json names, if Bertune has it.
std::optional<Architecture> architecture_of(const BertConfig& config);
// The head that a folder's files name, adapters included: none of an encoder alone, a base to train on.
// `base`: of an adapter, as LoadOptions has it.
std::optional<Architecture> architecture_in(const std::filesystem::path& directory,
                                            const std::filesystem::path& base = {});

// Returns the bytes of the weights as save_model_folder writes them, in f32: of an adapter, what is trained.
std::uint64_t saved_bytes(const BertPreTrainedModel& model);

// bertune.json of an existing folder; an empty object where there is none.
Json read_settings(const std::filesystem::path& directory);
void save_settings(const std::filesystem::path& directory, const Json& settings);

// The whole folder, atomically: what save_pretrained writes and bertune.json with `settings`.
void save_model_folder(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                       const BertTokenizer& tokenizer, const Json& settings, SaveDtype dtype);

// The model of an adapter's folder, merged, as a folder of its own. Throws UsageError when `from` holds none.
void merge_model_folder(const std::filesystem::path& from, const std::filesystem::path& to, SaveDtype dtype,
                        const std::filesystem::path& base = {});

// Any model folder again, its numbers as `dtype`: every tensor, whatever the head, in model.safetensors, and
// config.json, tokenizer, bertune.json (with `more_settings`) and what says how embeddings are made with it.
// Throws Error when a number is beyond the range.
void convert_model_folder(const std::filesystem::path& from, const std::filesystem::path& to, SaveDtype dtype,
                          const Json& more_settings = Json::object());

}  // namespace bertune::train
