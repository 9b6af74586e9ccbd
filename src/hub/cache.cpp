#include "hub/cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/file.h"
#include "core/file_error.h"
#include "core/writing.h"
#include "hub/file_lock.h"

namespace bertune::hub {
namespace {

constexpr std::string_view kModels = "models--";

std::string folder_of(std::string repository) {
  if (const std::size_t slash = repository.find('/'); slash != std::string::npos)
    repository.replace(slash, 1, "--");
  return kModels.data() + repository;
}

}  // namespace

std::string repository_of(std::string folder) {
  if (!folder.starts_with(kModels)) return "";
  folder.erase(0, kModels.size());
  if (const std::size_t at = folder.find("--"); at != std::string::npos) folder.replace(at, 2, "/");
  return folder;
}

Cache::Cache(fs::path cache_dir, const ModelName& name)
    : root_(cache_dir / folder_of(name.repository)),
      locks_(cache_dir / ".locks" / folder_of(name.repository)) {}

std::string Cache::commit_of(const std::string& revision) const {
  if (is_commit(revision)) return revision;
  const fs::path path = root_ / "refs" / revision;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  std::string commit = read_file(path, 4096);
  commit.erase(std::find_if(commit.begin(), commit.end(), [](char c) { return c == '\n' || c == '\r'; }),
               commit.end());
  return is_commit(commit) ? commit : std::string();
}

void Cache::remember_commit(const std::string& revision, const std::string& commit,
                            const std::function<bool()>& interrupted) const {
  if (commit_of(revision) == commit) return;
  const FileLock lock(locks_ / "refs.lock", {}, interrupted);
  const fs::path path = root_ / "refs" / revision;
  writing::make_folders(path.parent_path());
  write_file_atomically(path, commit);
}

fs::path Cache::snapshot(const std::string& commit) const { return root_ / "snapshots" / commit; }

fs::path Cache::file(const std::string& commit, const std::string& name) const {
  return snapshot(commit) / name;
}

bool Cache::has(const std::string& commit, const std::string& name) const {
  return path_exists(file(commit, name));
}

bool Cache::is_known_to_be_missing(const std::string& commit, const std::string& name) const {
  return path_exists(root_ / ".no_exist" / commit / name);
}

void Cache::remember_missing(const std::string& commit, const std::string& name) const {
  const fs::path path = root_ / ".no_exist" / commit / name;
  writing::make_folders(path.parent_path());
  const Descriptor file(writing::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) throw_file_error("write", path, errno);
}

fs::path Cache::blob(const std::string& etag) const { return root_ / "blobs" / etag; }

fs::path Cache::lock(const std::string& etag) const { return locks_ / (etag + ".lock"); }

void Cache::prepare(const std::string& commit, const std::string& name) const {
  writing::make_folders(root_ / "blobs");
  writing::make_folders(file(commit, name).parent_path());
}

void Cache::link(const std::string& commit, const std::string& name, const std::string& etag) const {
  const fs::path link = file(commit, name);
  if (path_exists(link)) return;
  writing::unlink(link);  // a link to a blob that has gone
  const fs::path target = blob(etag).lexically_relative(link.parent_path());
  if (writing::symlink(target, link) != 0) throw_file_error("make a symbolic link", link, errno);
}

bool is_file_name(std::string_view name) {
  const fs::path path(name);
  const auto is_plain = [](const fs::path& part) { return part != ".." && part != "." && !part.empty(); };
  return !name.empty() && name.size() <= 512 && !path.is_absolute() &&
         std::all_of(path.begin(), path.end(), is_plain) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c >= 0x20 && c != '\\' && c != 0x7F; });
}

}  // namespace bertune::hub
