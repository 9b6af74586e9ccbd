// Finds models by name: a folder, the cache of the Hugging Face Hub, or a download into it (docs/models.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "bertune/export.h"

namespace bertune {

struct DownloadProgress {
  std::string_view file;  // "model.safetensors"
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // bytes of the whole file; 0 where the server does not say
};

// Options of the Hugging Face Hub. Empty members take the values of the environment, from the variables of
// huggingface_hub. The callbacks are called on the calling thread.
struct HubOptions {
  std::string revision = {};  // a branch, tag or commit (default: that of "owner/name@revision", or main)
  std::filesystem::path cache_dir = {};  // HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub
  std::string token = {};                // HF_TOKEN, or what `hf auth login` left
  std::string endpoint = {};             // HF_ENDPOINT, or https://huggingface.co
  bool offline = false;                  // no network; HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE say so too
  bool weights = true;                   // false: configuration and tokenizer only

  std::function<void(const DownloadProgress&)> on_progress = {};
  // Receives a line for the person: what is downloaded, that another process is waited for, that the cache is
  // used because the Hub cannot be reached.
  std::function<void(std::string_view)> on_note = {};
  // Returns whether to stop; it is called several times a second, and true ends the download with Interrupted
  // and keeps what was downloaded so far.
  std::function<bool()> interrupted = {};
  std::chrono::milliseconds first_retry_wait{1000};  // doubled with each further attempt
};

// Returns the folder of a model: `name_or_path` if that is a folder, otherwise the snapshot of the Hub's
// model of that name ("bert-base-uncased", "owner/name", "owner/name@revision"), with config.json, the
// tokenizer's files and the weights that Bertune reads, downloaded if the cache lacks them. Layout and locks
// of the cache are those of Python's huggingface_hub: each finds what the other has downloaded. Threads: may
// be called from many threads and processes at once.
//
// Throws Error, saying what to do, when there is no such folder or model, access is denied, the network or
// the disk fails, or a file does not have the checksum that the Hub states; Interrupted on request.
BERTUNE_EXPORT std::filesystem::path resolve_model(std::string_view name_or_path,
                                                   const HubOptions& options = {});

}  // namespace bertune
