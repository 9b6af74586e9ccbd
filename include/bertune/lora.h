// Low-rank adaptation (Hu et al. 2021), as the PEFT library has it: a frozen weight W [out,in] is changed by
// scale · B · A, with B [out,r] and A [r,in] trained in its stead. A model folder then holds the adapter
// alone (adapter_config.json, adapter_model.safetensors), which PEFT loads, and names its base: a folder, or
// a model of the Hub.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bertune/export.h"
#include "bertune/hub.h"

namespace bertune {

struct BERTUNE_EXPORT LoraConfig {  // PEFT's names
  std::int64_t r = 8;
  double lora_alpha = 16;
  bool use_rslora = false;
  // Linear layers of the encoder, by the end of their names ("query", "attention.output.dense"), or
  // "all-linear".
  std::vector<std::string> target_modules = {"query", "value"};
  // Modules that are trained and saved whole. The task head on the pooler or on the encoder (classifier,
  // qa_outputs) is always one of them, and so is the pooler if the base has none.
  std::vector<std::string> modules_to_save = {};
  double lora_dropout = 0;  // as an adapter says it; training takes 0 alone
  std::string task_type =
      {};  // of an adapter: SEQ_CLS, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION, or empty
  // The base: a folder, or a name on the Hub with its revision (empty: main). A new adapter without one gets
  // the folder that its base is loaded from.
  std::string base_model_name_or_path = {}, revision = {};

  double scale() const;  // lora_alpha / r, or lora_alpha / sqrt(r) with use_rslora
};

// Returns whether the folder contains an adapter instead of a model.
BERTUNE_EXPORT bool is_adapter(const std::filesystem::path& directory);
// Reads DIR/adapter_config.json. Throws Error, naming the key, if it is not a LoRA adapter or is of a kind
// that Bertune does not compute (DoRA, ranks by pattern, ...).
BERTUNE_EXPORT LoraConfig lora_config_from_pretrained(const std::filesystem::path& directory);
// Returns the folder of an adapter's base: the folder that the adapter names (also one beside the adapter),
// otherwise the Hub's model of that name and revision, as resolve_model finds it. Throws Error if it is
// neither, and Interrupted.
BERTUNE_EXPORT std::filesystem::path base_of_adapter(const std::filesystem::path& directory,
                                                     const HubOptions& hub = {});
// Return where the configuration and the tokenizer of a model folder are: in the folder, or in the base of an
// adapter that came without them. `base` is the result of base_of_adapter, if it is known already; empty: it
// is looked up. Throw as base_of_adapter does.
BERTUNE_EXPORT std::filesystem::path config_folder(const std::filesystem::path& directory,
                                                   const std::filesystem::path& base = {});
BERTUNE_EXPORT std::filesystem::path tokenizer_folder(const std::filesystem::path& directory,
                                                      const std::filesystem::path& base = {});

}  // namespace bertune
