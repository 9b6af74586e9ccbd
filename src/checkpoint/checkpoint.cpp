#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <utility>

#include "bertune/error.h"
#include "checkpoint/names.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/torch_stream.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"

namespace bertune::checkpoint {
namespace {

// The loop has no branch, so that it takes no longer than reading the values.
bool all_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t any = 0;
  for (const float value : values)
    any |= (std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent ? 1U : 0U;
  return any == 0;
}

constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{64} << 20;

std::string missing_weights_message(const fs::path& directory) {
  const std::string where = directory.string();
  if (!path_exists(directory)) return fmt::format("{}: no such folder; give the folder of a model", where);
  if (!fs::is_directory(directory)) {
    return fmt::format("{}: is a file; give the folder that holds it and config.json", where);
  }
  std::string message = fmt::format(
      "{}: no weights found; looked for model.safetensors, model.safetensors.index.json, pytorch_model.bin "
      "and "
      "pytorch_model.bin.index.json",
      where);
  if (path_exists(directory / "adapter_config.json")) return message + ". " + std::string(kMergeAdapter);
  if (path_exists(directory / "bert_model.ckpt.index") || path_exists(directory / "bert_model.ckpt.meta")) {
    return message + ". " + std::string(kConvertGoogle);
  }
  if (path_exists(directory / "tf_model.h5")) {
    return message +
           ". It holds TensorFlow weights (tf_model.h5); convert them once, in Python, with Transformers 4 "
           "and "
           "TensorFlow installed: BertModel.from_pretrained(folder, from_tf=True).save_pretrained(folder)";
  }
  if (path_exists(directory / "flax_model.msgpack")) {
    return message +
           ". It holds Flax weights (flax_model.msgpack); convert them once, in Python, with Transformers 4 "
           "and Flax installed: BertModel.from_pretrained(folder, from_flax=True).save_pretrained(folder)";
  }
  return message;
}

// An index is as untrusted as any other file: its shards are plain relative paths that stay below the folder.
fs::path shard_path(const fs::path& index, const std::string& name) {
  const fs::path relative(name);
  const bool climbs =
      std::any_of(relative.begin(), relative.end(), [](const fs::path& part) { return part == ".."; });
  if (name.empty() || name.size() > 1024 || name.find('\0') != std::string::npos || relative.is_absolute() ||
      climbs) {
    throw Error(
        fmt::format("{}: names the shard {}, which is not a file in this folder; the index cannot be trusted",
                    index.string(), in_quotes(name)));
  }
  return index.parent_path() / relative;
}

std::unique_ptr<TensorSource> open_source(const fs::path& path) {
  if (path.extension() == ".safetensors") return std::make_unique<SafetensorsFile>(path);
  return open_torch_file(path);
}

}  // namespace

Checkpoint Checkpoint::open(const fs::path& directory, ModelType type) {
  Checkpoint checkpoint;
  for (const char* stem : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path single = directory / stem, index = directory / (std::string(stem) + ".index.json");
    if (path_exists(single)) {
      checkpoint.source_ = single;
      checkpoint.add_file(single, nullptr);
    } else if (path_exists(index)) {
      checkpoint.source_ = index;
      checkpoint.open_shards(index);
    } else {
      continue;
    }
    checkpoint.settle(type);
    return checkpoint;
  }
  throw Error(missing_weights_message(directory));
}

void Checkpoint::add_file(const fs::path& path,
                          const std::unordered_map<std::string, std::string>* weight_map) {
  std::unique_ptr<TensorSource> source = open_source(path);
  const std::vector<StoredTensor>& stored = source->tensors();
  for (std::size_t index = 0; index < stored.size(); ++index) {
    const StoredTensor& tensor = stored[index];
    if (weight_map != nullptr) {
      const auto listed = weight_map->find(tensor.name);
      if (listed == weight_map->end() || source_.parent_path() / listed->second != path) continue;
    }
    tensors_.push_back({"", tensor.name, tensor.dtype, tensor.shape, tensor.elements, files_.size(), index});
  }
  files_.push_back({path, fs::file_size(path)});
  sources_.push_back(std::move(source));
}

void Checkpoint::open_shards(const fs::path& index) {
  const Json json = parse_json_object(read_file(index, kMaxIndexBytes), index.string(), {.depth = 16});
  const auto found = json.find("weight_map");
  if (found == json.end() || !found->is_object() || found->empty()) {
    throw Error(fmt::format("{}: has no \"weight_map\" of tensor names to files; {}", index.string(),
                            repair_hint(index.string())));
  }
  std::unordered_map<std::string, std::string> weight_map;
  std::map<fs::path, std::size_t> shards;  // and how many tensors each should hold
  for (const auto& [name, file] : found->items()) {
    if (!file.is_string()) {
      throw Error(fmt::format("{}: the file of tensor {} is not a text", index.string(), in_quotes(name)));
    }
    weight_map[name] = file.get<std::string>();
    ++shards[shard_path(index, weight_map[name])];
  }
  for (const auto& [path, expected] : shards) {
    if (!path_exists(path)) {
      throw Error(fmt::format("{}: names the shard {}, which is missing; fetch it too", index.string(),
                              in_quotes(path.filename().string())));
    }
    const std::size_t before = tensors_.size();
    add_file(path, &weight_map);
    if (tensors_.size() - before != expected) {
      throw Error(fmt::format("{}: holds {} of the {} tensors that {} says; fetch both again", path.string(),
                              tensors_.size() - before, expected, index.filename().string()));
    }
  }
}

namespace {

// Returns what a program has put in front of the names of its model ("net." of
// "net.bert.embeddings.word_embeddings.weight"); empty where nothing is, or there are two models.
std::string prefix_of(const std::vector<TensorEntry>& entries, ModelType type) {
  const std::string words = own_name(type, "bert.embeddings.word_embeddings.weight");
  std::string prefix;
  for (const TensorEntry& entry : entries) {
    if (canonical_name(entry.stored_name, type).name == words) return "";
    if (!entry.stored_name.ends_with("." + words)) continue;
    if (!prefix.empty()) return "";
    prefix = entry.stored_name.substr(0, entry.stored_name.size() - words.size());
  }
  return prefix;
}

}  // namespace

// Gives every tensor its canonical name and sets aside what the model does not need.
void Checkpoint::settle(ModelType type) {
  std::vector<TensorEntry> weights, copies;
  const std::string prefix = prefix_of(tensors_, type);
  for (TensorEntry& entry : tensors_) {
    std::string_view stored = entry.stored_name;
    if (stored.starts_with(prefix)) stored.remove_prefix(prefix.size());
    CanonicalName canonical = canonical_name(stored, type);
    entry.name = std::move(canonical.name);
    auto& target = canonical.kind == NameKind::weight   ? weights
                   : canonical.kind == NameKind::buffer ? ignored_
                                                        : copies;
    target.push_back(std::move(entry));
  }
  const auto by_name = [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; };
  std::sort(weights.begin(), weights.end(), by_name);
  // A file may hold the copy alone: then it is the weight.
  const std::size_t originals = weights.size();
  for (TensorEntry& copy : copies) {
    const auto end = weights.begin() + static_cast<std::ptrdiff_t>(originals);
    (std::binary_search(weights.begin(), end, copy, by_name) ? ignored_ : weights).push_back(std::move(copy));
  }
  std::sort(weights.begin(), weights.end(), by_name);
  const auto twice =
      std::adjacent_find(weights.begin(), weights.end(),
                         [](const TensorEntry& a, const TensorEntry& b) { return a.name == b.name; });
  if (twice != weights.end()) {
    throw Error(fmt::format(
        "{}: holds {} and {}, which are both the tensor {}; save the model again with one of them", source(),
        in_quotes(twice->stored_name), in_quotes(std::next(twice)->stored_name), twice->name));
  }
  tensors_ = std::move(weights);
}

const TensorEntry* Checkpoint::find(std::string_view canonical_name) const {
  const auto found =
      std::lower_bound(tensors_.begin(), tensors_.end(), canonical_name,
                       [](const TensorEntry& entry, std::string_view name) { return entry.name < name; });
  return found == tensors_.end() || found->name != canonical_name ? nullptr : &*found;
}

void Checkpoint::release_pages() const {
  for (const std::unique_ptr<TensorSource>& source : sources_) source->release_pages();
}

void Checkpoint::read_f32(const TensorEntry& entry, std::span<float> out) const {
  sources_.at(entry.file)->read_f32(entry.index, out);
  if (!all_finite(out)) {
    throw Error(fmt::format(
        "{}: tensor {} holds values that are not finite (NaN or infinity): the file is damaged, or "
        "the training that wrote it had diverged",
        source(), in_quotes(entry.name)));
  }
}

}  // namespace bertune::checkpoint
