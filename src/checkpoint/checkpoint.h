// The weights of a model folder, whichever file format they are in: model.safetensors, its shards,
// pytorch_model.bin, or its shards, in this order of preference (as Transformers looks).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bertune/config.h"
#include "checkpoint/tensor_source.h"
#include "core/dtype.h"

namespace bertune::checkpoint {

namespace fs = std::filesystem;

struct TensorEntry {
  std::string name;  // canonical: "bert.embeddings.word_embeddings.weight", "classifier.weight"
  std::string
      stored_name;  // in the file: "embeddings.word_embeddings.weight", "module.bert....LayerNorm.gamma"
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 0;  // product of shape
  std::size_t file = 0;        // into Checkpoint::files()
  std::size_t index = 0;       // of the tensor in that file
};

struct CheckpointFile {
  fs::path path;
  std::uint64_t bytes = 0;
};

class Checkpoint {
 public:
  // Reads the headers only; the weights stay on disk until read_f32. Throws Error when the folder holds no
  // weights (naming what was looked for, and what to do with the formats that cannot be read) or when a file
  // is damaged. Names are canonical ones of `type`.
  static Checkpoint open(const fs::path& directory, ModelType type = ModelType::bert);

  const std::vector<TensorEntry>& tensors() const { return tensors_; }  // sorted by name
  const std::vector<TensorEntry>& ignored() const {
    return ignored_;
  }  // position_ids, copies of tied weights
  const std::vector<CheckpointFile>& files() const { return files_; }
  const TensorEntry* find(std::string_view canonical_name) const;  // nullptr when there is none

  // The tensor, row-major, as f32 (F16 and BF16 exactly, F64 to the nearest). Throws Error when out.size() is
  // not entry.elements, when it holds integers, or when the file is damaged.
  void read_f32(const TensorEntry& entry, std::span<float> out) const;
  // Gives back the memory that the files take where they are mapped: for whoever reads them once.
  void release_pages() const;

  // Returns the file's name for messages: "DIR/model.safetensors", or the index of the shards.
  std::string source() const { return source_.string(); }

 private:
  Checkpoint() = default;
  void add_file(const fs::path& path, const std::unordered_map<std::string, std::string>* weight_map);
  void open_shards(const fs::path& index);
  void settle(ModelType type);

  fs::path source_;
  std::vector<CheckpointFile> files_;
  std::vector<std::unique_ptr<TensorSource>> sources_;
  std::vector<TensorEntry> tensors_, ignored_;
};

}  // namespace bertune::checkpoint
