#include "train/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// The hash is compiled in: there is nothing to link.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/json.h"

namespace bertune::train {
namespace {

constexpr const char* kManifest = "manifest.json";
constexpr std::size_t kBlock = std::size_t{64} << 20;  // bytes of a large file in memory at a time

// As `xxhsum -H2` prints it.
std::string text_of(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// XXH3 of 128 bits.
std::string hash_of(const MappedFile& file) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (std::span<const std::byte> rest = file.bytes(); !rest.empty();) {
    const std::span<const std::byte> block = rest.first(std::min(kBlock, rest.size()));
    XXH3_128bits_update(&state, block.data(), block.size());
    file.release_pages();
    rest = rest.subspan(block.size());
  }
  return text_of(XXH3_128bits_digest(&state));
}

std::string damage_of_file(const fs::path& path, const Json& entry) {
  const std::string name = path.filename().string();
  if (!path_exists(path)) return fmt::format("{} is missing", name);
  const MappedFile file(path);
  const std::uint64_t size = entry.at("size");
  if (file.bytes().size() != size)
    return fmt::format("{} has {} bytes and had {}", name, file.bytes().size(), size);
  return hash_of(file) == entry.at("xxh128").get<std::string>() ? "" : name + " is not as it was written";
}

}  // namespace

std::string hash_of(std::span<const float> values) {
  return text_of(XXH3_128bits(values.data(), values.size_bytes()));
}

void write_manifest(const fs::path& folder) {
  Json files = Json::object();
  for (const fs::path& path : files_below(folder)) {
    const MappedFile file(path);
    files[path.lexically_relative(folder).string()] = {{"size", file.bytes().size()},
                                                       {"xxh128", hash_of(file)}};
  }
  write_file_atomically(folder / kManifest, dump_json({{"files", files}}));
}

std::string damage_of(const fs::path& folder) {
  const fs::path path = folder / kManifest;
  if (!path_exists(path))
    return fmt::format("there is no {}: it was not finished, or is of an earlier version", kManifest);
  try {
    const Json manifest = parse_json(read_file(path, 1 << 20), path.string());
    for (const auto& [name, entry] : manifest.at("files").items())
      if (std::string damage = damage_of_file(folder / name, entry); !damage.empty()) return damage;
  } catch (const Json::exception&) {
    return fmt::format("{} is damaged", kManifest);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace bertune::train
