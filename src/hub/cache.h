// One model in the cache of the hub, as huggingface_hub lays it out:
//
//   CACHE/models--owner--name/blobs/ETAG                    contents
//                             refs/main                     the commit that the branch had last
//                             snapshots/COMMIT/config.json  -> ../../blobs/ETAG
//                             .no_exist/COMMIT/vocab.json   empty: the commit has no such file
//   CACHE/.locks/models--owner--name/ETAG.lock
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "hub/model_name.h"

namespace bertune::hub {

// Returns the repository of a folder "models--owner--name" of the cache; "" where it is no such folder.
std::string repository_of(std::string folder);

class Cache {
 public:
  Cache(std::filesystem::path cache_dir, const ModelName& name);

  // The commit of a revision, as it was when last asked for; "" where none is known.
  std::string commit_of(const std::string& revision) const;
  // Throws Error when it cannot be written. `interrupted`: as FileLock.
  void remember_commit(const std::string& revision, const std::string& commit,
                       const std::function<bool()>& interrupted) const;

  std::filesystem::path snapshot(const std::string& commit) const;
  // Returns where the file is or belongs.
  std::filesystem::path file(const std::string& commit, const std::string& name) const;
  bool has(const std::string& commit, const std::string& name) const;

  bool is_known_to_be_missing(const std::string& commit, const std::string& name) const;
  void remember_missing(const std::string& commit, const std::string& name) const;

  std::filesystem::path blob(const std::string& etag) const;
  std::filesystem::path lock(const std::string& etag) const;
  // Makes the folders that a blob and the file of a snapshot need.
  void prepare(const std::string& commit, const std::string& name) const;
  // Gives a blob its name in the snapshot, by a relative link. Whoever calls holds the lock of the blob.
  void link(const std::string& commit, const std::string& name, const std::string& etag) const;

 private:
  std::filesystem::path root_, locks_;
};

// A path below a folder of the model's files, as an index of shards may name one: relative, without "..".
bool is_file_name(std::string_view name);

}  // namespace bertune::hub
