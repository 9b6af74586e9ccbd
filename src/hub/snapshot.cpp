#include "hub/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "core/model_files.h"
#include "hub/digest.h"
#include "hub/file_lock.h"

namespace bertune::hub {
namespace {

constexpr std::uint64_t kLargestIndex = std::uint64_t{64} << 20;
constexpr std::uint64_t kLargestText = std::uint64_t{512} << 20;  // what the readers take
constexpr std::size_t kMostShards = 1000;

// Files that a model may have or lack.
constexpr std::array kSmallFiles = {kTokenizerFiles[1], kTokenizerFiles[0], kWordFile,
                                    kTokenizerFiles[2], kTokenizerFiles[3], kSettingsFile};
// Weights that need a conversion first, named to those who find no others.
constexpr std::array kOtherWeights = {"tf_model.h5", "flax_model.msgpack", "adapter_model.safetensors"};

// "BertModel" and the like. Whatever is wrong with the file is for its reader to say.
bool is_encoder_alone(const fs::path& config) {
  const std::string text = read_file(config, kLargestIndex);
  require_shallow_json(text, config.string());
  const Json json = Json::parse(text, nullptr, false);
  const auto names = json.is_object() ? json.find("architectures") : json.end();
  return json.is_object() && names != json.end() && names->is_array() && names->size() == 1 &&
         names->front().is_string() && names->front().get<std::string>().ends_with("Model");
}

std::string index_of(const std::string& weights) { return weights + ".index.json"; }

// The files that an index names. Throws Error where it is none, or names a file outside of the folder.
std::vector<std::string> shards_of(const fs::path& index) {
  const std::string where = index.string();
  const Json json = parse_json(read_file(index, kLargestIndex), where);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (map == json.end() || !map->is_object() || map->empty())
    throw Error(fmt::format("{}: has no \"weight_map\" of tensor names to files", where));
  std::set<std::string> shards;
  for (const Json& shard : *map) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    if (!is_file_name(name)) {
      throw Error(
          fmt::format("{}: names {} as a file of weights, which cannot be one; the model cannot be trusted",
                      where, shard.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 100)));
    }
    shards.insert(name);
  }
  if (shards.size() > kMostShards)
    throw Error(fmt::format("{}: names {} files; a model has at most {}", where, shards.size(), kMostShards));
  return {shards.begin(), shards.end()};
}

bool has_weights(const Cache& cache, const std::string& commit) {
  return std::any_of(kWeightFiles.begin(), kWeightFiles.end(), [&](const std::string& weights) {
    if (cache.has(commit, weights)) return true;
    if (!cache.has(commit, index_of(weights))) return false;
    const auto shards = shards_of(cache.file(commit, index_of(weights)));
    return std::all_of(shards.begin(), shards.end(),
                       [&](const auto& shard) { return cache.has(commit, shard); });
  });
}

}  // namespace

bool is_usable(const Cache& cache, const std::string& commit, bool weights) {
  return !commit.empty() && cache.has(commit, "config.json") && (!weights || has_weights(cache, commit));
}

bool is_certain(const Cache& cache, const std::string& commit, bool weights) {
  const auto known = [&](const char* file) {
    return cache.has(commit, file) || cache.is_known_to_be_missing(commit, file);
  };
  return is_usable(cache, commit, weights) && std::all_of(kSmallFiles.begin(), kSmallFiles.end(), known) &&
         (cache.has(commit, kWordFile) || std::all_of(kPairFiles.begin(), kPairFiles.end(), known)) &&
         (!is_encoder_alone(cache.file(commit, "config.json")) ||
          std::all_of(kSentenceFiles.begin(), kSentenceFiles.end(), known));
}

Downloader::Downloader(const Cache& cache, Remote& remote, const HubOptions& options, const ModelName& name,
                       std::string commit, std::string announcement)
    : cache_(cache),
      remote_(remote),
      options_(options),
      name_(name),
      commit_(std::move(commit)),
      announcement_(std::move(announcement)) {}

void Downloader::note(const std::string& line) const {
  if (options_.on_note) options_.on_note(line);
}

void Downloader::fetch_all(const FileMetadata& config) {
  if (!cache_.has(commit_, "config.json")) fetch("config.json", config);
  for (const char* file : kSmallFiles) fetch(file);
  if (!cache_.has(commit_, kWordFile)) {
    for (const char* file : kPairFiles) fetch(file);
  }
  if (is_encoder_alone(cache_.file(commit_, "config.json"))) {
    for (const char* file : kSentenceFiles) fetch(file);
  }
  if (options_.weights && !has_weights(cache_, commit_)) fetch_weights();
}

void Downloader::fetch_weights() {
  for (const std::string weights : kWeightFiles) {
    if (fetch(weights)) return;
    if (fetch(index_of(weights))) return fetch_shards(index_of(weights));
  }
  std::string others;
  for (const std::string file : kOtherWeights) {
    try {
      remote_.metadata(file, commit_);
      others += (others.empty() ? "; it has " : ", ") + file;
    } catch (const HubError&) {  // one file less to speak of
    }
  }
  throw Error(fmt::format(
      "{} has no weights that Bertune reads: neither model.safetensors nor pytorch_model.bin, nor "
      "their shards, at revision {}{}",
      name_.repository, name_.revision, others));
}

void Downloader::fetch_shards(const std::string& index) {
  for (const std::string& shard : shards_of(cache_.file(commit_, index))) {
    if (!fetch(shard)) {
      throw Error(fmt::format("{} is incomplete at revision {}: {} names {}, which is not there",
                              name_.repository, name_.revision, index, shard));
    }
  }
}

bool Downloader::fetch(const std::string& file) {
  if (cache_.has(commit_, file)) return true;
  if (cache_.is_known_to_be_missing(commit_, file)) return false;
  try {
    fetch(file, remote_.metadata(file, commit_));
    return true;
  } catch (const HubError& error) {
    if (error.failure() != Failure::no_file) throw;
    if (remote_.commit_of_missing() == commit_) cache_.remember_missing(commit_, file);
    return false;
  }
}

void Downloader::fetch(const std::string& file, const FileMetadata& metadata) {
  if (metadata.commit != commit_) {
    throw HubError(Failure::not_a_hub,
                   fmt::format("{}: asked for {} of commit {}, the hub answers of commit {}",
                               name_.repository, file, commit_, metadata.commit));
  }
  const bool is_text = file.ends_with(".json") || file.ends_with(".txt");
  if (is_text && metadata.size.value_or(0) > kLargestText) {
    throw Error(fmt::format("{}: its {} is said to have {} bytes; such a file has at most {}",
                            name_.repository, file, *metadata.size, kLargestText));
  }
  cache_.prepare(commit_, file);
  const auto waiting = [&] { note(fmt::format("another process is downloading {}: waiting for it", file)); };
  const FileLock lock(cache_.lock(metadata.etag), waiting, options_.interrupted);
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(cache_.blob(metadata.etag), error);
  if (error || bytes != metadata.size.value_or(bytes)) download(file, metadata);
  cache_.link(commit_, file, metadata.etag);
}

void Downloader::download(const std::string& file, const FileMetadata& metadata) {
  PartialFile partial(cache_.blob(metadata.etag));
  const std::uint64_t missing =
      metadata.size.value_or(0) - std::min(partial.size(), metadata.size.value_or(0));
  if (const std::uint64_t available = free_disk_bytes(partial.path()); missing > available) {
    throw Error(
        fmt::format("{}: {} needs {} MiB and the disk has {} MiB; free some space, or choose another place "
                    "for the cache (`cache_dir` or HF_HUB_CACHE)",
                    partial.path().parent_path().string(), file, (missing >> 20) + 1, available >> 20));
  }
  if (!announcement_.empty()) note(std::exchange(announcement_, {}));
  remote_.download(file, metadata, partial);
  check(file, metadata, partial);
  partial.finish();
}

// A file with wrong contents is of no use to anyone, and not kept.
void Downloader::check(const std::string& file, const FileMetadata& metadata, PartialFile& partial) const {
  const bool large = metadata.etag.size() == 64;
  const std::string digest = large ? sha256_of(partial.path(), options_.interrupted)
                                   : git_blob_of(partial.path(), options_.interrupted);
  if (digest == metadata.etag) return;
  partial.remove();
  throw Error(
      fmt::format("{}: {} arrived damaged: its {} is {}, and the hub states {}; it was removed, run the same "
                  "command again",
                  name_.repository, file, large ? "SHA-256" : "git SHA-1", digest, metadata.etag));
}

}  // namespace bertune::hub
