// Describes the contents of a model folder for a person: from headers, without reading a weight.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "checkpoint/checkpoint.h"
#include "core/json.h"

namespace bertune::checkpoint {

struct ParameterCounts {
  std::uint64_t embeddings = 0;
  std::map<std::int64_t, std::uint64_t> layers;  // by their number
  std::uint64_t pooler = 0;
  std::uint64_t head = 0;   // everything outside of the encoder's prefix ("bert.")
  std::uint64_t other = 0;  // below it, but no part of the encoder
  std::uint64_t total = 0;
};

ParameterCounts count_parameters(const Checkpoint& checkpoint, ModelType type);

// Aligned text for a terminal. Throws Error when the folder holds no BERT model.
std::string describe(const std::filesystem::path& directory);

// The same for programs: {"directory", "source", "files": [{"name", "bytes"}], "config": {...},
// "parameters": {"embeddings", "layers": [...], "pooler", "head", "other", "total"},
// "tensors": [{"name", "stored_name", "dtype", "shape", "file"}], "ignored": [the same]}.
Json describe_json(const std::filesystem::path& directory);

}  // namespace bertune::checkpoint
