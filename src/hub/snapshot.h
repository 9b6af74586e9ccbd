// Chooses the files of a model that Bertune reads, and brings them into a snapshot of the cache.
#pragma once

#include <string>

#include "bertune/hub.h"
#include "hub/cache.h"
#include "hub/remote.h"

namespace bertune::hub {

// Returns whether the cache holds what a command needs of this commit, without asking anyone. `certain`: also
// the files that a model may lack are there, or known to be missing.
bool is_usable(const Cache& cache, const std::string& commit, bool weights);
bool is_certain(const Cache& cache, const std::string& commit, bool weights);

// Brings a commit's files into the cache, those that are there excepted.
class Downloader {
 public:
  // `announcement` is noted before the first byte is downloaded.
  Downloader(const Cache& cache, Remote& remote, const HubOptions& options, const ModelName& name,
             std::string commit, std::string announcement);

  // The metadata of config.json are known already. Throws Error as resolve_model does.
  void fetch_all(const FileMetadata& config);

 private:
  bool fetch(const std::string& file);  // false where the commit has no such file
  void fetch(const std::string& file, const FileMetadata& metadata);
  void download(const std::string& file, const FileMetadata& metadata);
  void check(const std::string& file, const FileMetadata& metadata, PartialFile& partial) const;
  void fetch_weights();
  void fetch_shards(const std::string& index);
  void note(const std::string& line) const;

  const Cache& cache_;
  Remote& remote_;
  const HubOptions& options_;
  const ModelName& name_;
  std::string commit_, announcement_;
};

}  // namespace bertune::hub
