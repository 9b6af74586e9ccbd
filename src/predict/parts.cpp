#include "predict/parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/hash.h"
#include "core/model_files.h"
#include "core/writing.h"

namespace bertune::predict {
namespace {

constexpr std::string_view kList = "parts-of-";

fs::path list_in(const fs::path& folder, std::int64_t count) {
  return folder / fmt::format("{}{:05}.json", kList, count);
}

// A hash of the size, and of blocks all over the file.
std::string sampled_hash(const fs::path& path) {
  constexpr std::size_t kBlock = 4096, kBlocks = 64;
  const MappedFile file(path);
  const std::string_view text = file.text();
  std::uint64_t hash = text.size();
  for (std::size_t i = 0; i <= kBlocks; ++i) {
    const std::size_t most = text.size() - std::min(kBlock, text.size());
    const std::size_t at = most / kBlocks * i + (i == kBlocks ? most % kBlocks : 0);
    hash = mixed_hash(hash, quick_hash(text.substr(at, kBlock)));
  }
  return fmt::format("{} bytes, {:016x}", text.size(), hash);
}

// Returns what differs, in words; empty where nothing does.
std::string difference(const Json& before, const Json& now) {
  if (before.value("input", Json()) != now.at("input")) return "another input";
  if (before.value("model", Json()) != now.at("model")) return "another model";
  if (before.value("program", Json()) != now.at("program")) return "another version of the program";
  const Json options = before.value("options", Json::object());
  for (const auto& [name, value] : now.at("options").items()) {
    const Json old = options.value(name, Json());
    if (old == value) continue;
    std::string option = name;
    std::ranges::replace(option, '-', '_');
    return fmt::format("another `{}`", option);
  }
  return before == now ? "" : "other options";
}

}  // namespace

std::string part_name(const data::Shard& shard, std::string_view extension) {
  return fmt::format("part-{:05}-of-{:05}{}", shard.index, shard.count, extension);
}

Json made_of(const fs::path& input, const fs::path& model, const fs::path& base, Json options) {
  return {{"input", sampled_hash(input)},
          {"model", fmt::format("{:016x}", hash_of_model(model, base))},
          {"program", BERTUNE_VERSION},
          {"options", std::move(options)}};
}

Parts::Parts(fs::path folder, const data::Shard& shard, std::string extension, bool header)
    : folder_(std::move(folder)), shard_(shard), extension_(std::move(extension)), header_(header) {}

fs::path Parts::path() const { return folder_ / part_name(shard_, extension_); }

bool Parts::is_finished() const { return path_exists(path()); }

void Parts::claim(const Json& made_of) const {
  writing::make_folders(folder_);
  const fs::path list = list_in(folder_, shard_.count);
  if (!path_exists(list)) write_file_atomically(list, dump_json(as_listed(made_of)));
  require_own(made_of);
}

Json Parts::as_listed(const Json& made_of) const {
  return {{"parts", shard_.count}, {"extension", extension_}, {"header", header_}, {"of", made_of}};
}

void Parts::require_own(const Json& made_of) const {
  const fs::path list = list_in(folder_, shard_.count);
  if (!path_exists(list)) return;
  const Json now = as_listed(made_of);
  const Json before = parse_json(read_file(list, 1 << 20), list.string());
  if (before == now) return;
  const Json of = before.is_object() ? before.value("of", Json::object()) : Json::object();
  std::string what = of.is_object() ? difference(of, made_of) : "something else";
  if (what.empty()) what = "another format";
  throw UsageError("output",
                   fmt::format("{}: the parts in this folder were made with {}; choose another folder, or "
                               "remove them and this file",
                               list.string(), what));
}

void merge_parts(const fs::path& folder, const std::function<void(std::string_view)>& write) {
  std::vector<fs::path> lists;
  for (const fs::path& path : readable_entries_of(folder))
    if (path.filename().string().starts_with(kList) && path.extension() == ".json") lists.push_back(path);
  if (lists.empty())
    throw Error(
        fmt::format("{}: holds no parts of predictions: `predict(shard)` writes them", folder.string()));
  if (lists.size() > 1) {
    throw Error(fmt::format(
        "{}: holds parts of {} divisions ({} and {}); remove those that are not to be merged",
        folder.string(), lists.size(), lists[0].filename().string(), lists[1].filename().string()));
  }
  const Json list = parse_json(read_file(lists.front(), 1 << 20), lists.front().string());
  data::Shard shard;
  std::string extension;
  bool header = false;
  try {
    shard.count = list.at("parts");
    extension = list.at("extension");
    header = list.at("header");
  } catch (const Json::exception&) {
    throw Error(fmt::format("{}: is damaged", lists.front().string()));
  }
  std::vector<std::string> missing;
  for (shard.index = 0; shard.index < shard.count; ++shard.index) {
    std::string name = part_name(shard, extension);
    if (!path_exists(folder / name)) missing.push_back(std::move(name));
  }
  if (!missing.empty()) {
    constexpr std::size_t kNamed = 10;
    const std::string more =
        missing.size() > kNamed ? fmt::format(" and {} more", missing.size() - kNamed) : "";
    const std::size_t named = std::min(kNamed, missing.size()), all = missing.size();
    missing.resize(named);
    throw Error(fmt::format("{}: {} of {} parts are missing: {}{}; predict these shards, and merge again",
                            folder.string(), all, shard.count, fmt::join(missing, ", "), more));
  }
  constexpr std::size_t kBlock = std::size_t{16} << 20;
  for (shard.index = 0; shard.index < shard.count; ++shard.index) {
    const MappedFile part(folder / part_name(shard, extension));
    std::string_view text = part.text();
    if (header && shard.index > 0) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    for (; !text.empty(); text.remove_prefix(std::min(kBlock, text.size()))) {
      write(text.substr(0, kBlock));
      part.release_pages();
    }
  }
}

}  // namespace bertune::predict
