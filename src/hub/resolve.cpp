#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "bertune/error.h"
#include "bertune/hub.h"
#include "core/file.h"
#include "core/folder.h"
#include "core/nearest.h"
#include "hub/cache.h"
#include "hub/remote.h"
#include "hub/settings.h"
#include "hub/snapshot.h"

namespace bertune {
namespace {

using hub::Cache, hub::Failure, hub::HubError, hub::ModelName, hub::Settings;

// "; is the folder X meant?", where there is one of nearly that name.
std::string nearest_folder_hint(std::string_view name_or_path) {
  const fs::path path(name_or_path);
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<std::string> folders;
  std::error_code error;
  for (const fs::path& entry : readable_entries_of(parent))
    if (fs::is_directory(entry, error)) folders.push_back(entry.filename().string());
  std::sort(folders.begin(), folders.end());
  const std::string_view found = nearest(path.filename().string(), folders);
  if (found.empty()) return {};
  return fmt::format("; is the folder {} meant?", (path.parent_path() / found).string());
}

ModelName name_of(std::string_view text, const HubOptions& options) {
  std::optional<ModelName> name = hub::parse_model_name(text);
  if (!name) {
    throw Error(
        fmt::format("{}: no such folder, and no name that a model on the hub can have (\"name\", "
                    "\"owner/name\" or \"owner/name@revision\"){}",
                    text, nearest_folder_hint(text)));
  }
  if (options.revision.empty()) return *name;
  if (!hub::is_revision(options.revision))
    throw UsageError("revision",
                     fmt::format("the revision \"{}\" can be no branch, tag or commit", options.revision));
  if (text.find('@') != std::string_view::npos && name->revision != options.revision) {
    throw UsageError("revision", fmt::format("{} names a revision, and \"{}\" is asked for: leave one out",
                                             text, options.revision));
  }
  name->revision = options.revision;
  return *name;
}

class Resolver {
 public:
  Resolver(std::string_view text, const HubOptions& options)
      : text_(text),
        options_(options),
        name_(name_of(text, options)),
        settings_(hub::settings_of(options)),
        cache_(settings_.cache_dir, name_) {}

  fs::path resolve() {
    const std::string cached = cache_.commit_of(name_.revision);
    const bool usable = hub::is_usable(cache_, cached, options_.weights);
    // A commit never changes; of a branch or tag the hub says which commit it means now.
    const bool settled = cached == name_.revision && hub::is_certain(cache_, cached, options_.weights);
    if (settled || (usable && settings_.offline)) return cache_.snapshot(cached);
    if (settings_.offline) throw Error(offline_message(cached));
    std::optional<hub::Remote> remote;
    hub::FileMetadata config;
    try {
      remote.emplace(settings_, options_, name_);
      config = remote->metadata("config.json", name_.revision, !usable);
    } catch (const HubError& error) {
      const bool gone = error.failure() == Failure::no_revision || error.failure() == Failure::no_file;
      if (gone || !usable) throw_explained(error);
      note(fmt::format("{}; using {} as the cache has it (commit {})", error.what(), name_.repository,
                       cached));
      return cache_.snapshot(cached);
    }
    if (!hub::is_certain(cache_, config.commit, options_.weights)) {
      const std::string announcement =
          fmt::format("{}: downloading revision {} from {} into {}", name_.repository, name_.revision,
                      settings_.endpoint, settings_.cache_dir.string());
      hub::Downloader(cache_, *remote, options_, name_, config.commit, announcement).fetch_all(config);
    }
    remember(config.commit);
    return cache_.snapshot(config.commit);
  }

 private:
  void note(const std::string& line) const {
    if (options_.on_note) options_.on_note(line);
  }

  // Remembers the commit, which comes last, so that a branch means a whole snapshot to those who are offline
  // later. A cache that cannot be written to still serves.
  void remember(const std::string& commit) const {
    if (hub::is_commit(name_.revision)) return;
    try {
      cache_.remember_commit(name_.revision, commit, options_.interrupted);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      note(error.what());
    }
  }

  std::string offline_message(const std::string& cached) const {
    const std::string lacks = cached.empty() || !cache_.has(cached, "config.json")
                                  ? "the cache does not have it"
                                  : "the cache has no complete weights of it";
    return fmt::format(
        "{}: no such folder, {} at revision {} ({}), and downloading is switched off (`offline`, "
        "HF_HUB_OFFLINE or "
        "TRANSFORMERS_OFFLINE): run once with the network, or give a folder{}",
        text_, lacks, name_.revision, settings_.cache_dir.string(), nearest_folder_hint(text_));
  }

  [[noreturn]] void throw_explained(const HubError& error) const {
    switch (error.failure()) {
      case Failure::no_file:
        throw HubError(error.failure(), fmt::format("{}: it is no model that Transformers could load{}",
                                                    error.what(), nearest_folder_hint(text_)));
      case Failure::no_repository:
        throw HubError(error.failure(), error.what() + nearest_folder_hint(text_));
      case Failure::unreachable:
      case Failure::not_a_hub:
      case Failure::server:
        throw HubError(
            error.failure(),
            fmt::format("{}: no such folder, not in the cache ({}), and cannot be downloaded: {}{}", text_,
                        settings_.cache_dir.string(), error.what(), nearest_folder_hint(text_)));
      default:
        throw error;
    }
  }

  std::string text_;
  const HubOptions& options_;
  ModelName name_;
  Settings settings_;
  Cache cache_;
};

}  // namespace

fs::path resolve_model(std::string_view name_or_path, const HubOptions& options) {
  const fs::path path(name_or_path);
  std::error_code error;
  if (fs::exists(path, error)) return path;  // a file too: who reads it says best what is wrong with it
  try {
    return Resolver(name_or_path, options).resolve();
  } catch (const Interrupted&) {
    throw Interrupted(fmt::format(
        "interrupted; what has arrived of {} is kept: the same command continues from there", name_or_path));
  }
}

}  // namespace bertune
