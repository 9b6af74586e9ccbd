#include "runs/text_cache.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <optional>
#include <system_error>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "data/files/packing.h"
#include "train/manifest.h"

namespace bertune::runs {
namespace {

// Less text than this is tokenized into memory, of which it takes half as much.
constexpr std::uintmax_t kMuchText = std::uintmax_t{1} << 30;
constexpr std::uintmax_t kPackedTimes = 4;

constexpr const char* kHashesFile = "files.json";

std::uintmax_t size_of(const std::vector<fs::path>& paths) {
  std::uintmax_t size = 0;
  for (const fs::path& path : files_named(paths)) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    if (!error) size += bytes * (data::is_packed(path) ? kPackedTimes : 1);
  }
  return size;
}

std::uint64_t hash_of_contents(const fs::path& path) {
  constexpr std::size_t kBlock = std::size_t{64} << 20;
  const MappedFile file(path);
  std::uint64_t hash = file.text().size();
  for (std::string_view rest = file.text(); !rest.empty();
       rest.remove_prefix(std::min(kBlock, rest.size()))) {
    hash = mixed_hash(hash, quick_hash(rest.substr(0, kBlock)));
    file.release_pages();
  }
  return hash;
}

// The hashes of the contents of files. Those that a cache knows are not computed again while the files have
// the same size and time.
class ContentHashes {
 public:
  explicit ContentHashes(const fs::path& folder) : path_(folder / kHashesFile) {
    if (!path_exists(path_)) return;
    try {
      known_ = parse_json(read_file(path_), path_.string());
      if (!known_.is_object()) known_ = Json::object();
    } catch (const Error&) {  // they are computed again
    }
  }

  std::uint64_t of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      throw UsageError(
          "text_cache",
          fmt::format("{}: is no file that can be read twice, as `text_cache` needs it", path.string()));
    }
    const std::string state =
        fmt::format("{} {} {}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    const std::string name = fs::absolute(path).string();
    if (const auto found = known_.find(name); found != known_.end() && found->is_object() &&
                                              found->value("state", "") == state && found->contains("hash"))
      return found->at("hash").get<std::uint64_t>();
    const std::uint64_t hash = hash_of_contents(path);
    known_[name] = {{"state", state}, {"hash", hash}};
    changed_ = true;
    return hash;
  }
  void save() const {
    if (changed_) write_file_atomically(path_, dump_json(known_));
  }

 private:
  fs::path path_;
  Json known_ = Json::object();
  bool changed_ = false;
};

std::uint64_t hash_of_tokenizer(const fs::path& folder) {
  std::uint64_t hash = 0;
  const auto add = [&](const char* name) {
    if (path_exists(folder / name)) hash = mixed_hash(hash, quick_hash(MappedFile(folder / name).text()));
  };
  for (const char* name : kTokenizerFiles) add(name);
  add(kWordFile);
  for (const char* name : kPairFiles) add(name);
  return hash;
}

// Returns what is in the folder and whole.
std::optional<data::TokenizedDocuments> opened(const fs::path& folder, train::Observer& observer) {
  if (!path_exists(folder / data::kCorpusFile)) return std::nullopt;
  if (const std::string damage = train::damage_of(folder); !damage.empty()) {
    observer.on(Note{fmt::format("{}: {}; the text is tokenized again", folder.string(), damage)});
    return std::nullopt;
  }
  return data::TokenizedDocuments::open(folder);
}

}  // namespace

std::vector<fs::path> files_named(const std::vector<fs::path>& names) {
  std::vector<fs::path> paths;
  for (const fs::path& name : names) {
    if (name.native().find_first_of("*?[") == std::string::npos || path_exists(name)) {
      paths.push_back(name);
      continue;
    }
    glob_t found{};
    const int code = ::glob(name.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; code == 0 && i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    if (code != 0) throw UsageError(fmt::format("{}: there is no file of such a name", name.string()));
  }
  return paths;
}

TextCache::TextCache(const PretrainOptions& options) : options_(options), folder_(options.text_cache) {
  if (folder_.empty() && size_of(options.train) + size_of(options.validation) > kMuchText)
    folder_ = options.run.arguments.output_dir / kTextCache;
}

std::string TextCache::key_of(const std::vector<fs::path>& paths, const BertTokenizer& tokenizer,
                              std::int64_t max_sentence_tokens) const {
  const data::DocumentOptions& documents = options_.documents;
  std::uint64_t hash = hash_of_tokenizer(options_.from_nothing() ? options_.vocabulary : options_.run.model);
  const std::string settings =
      fmt::format("{} {} {} {} {}", tokenizer.vocab_size(), max_sentence_tokens,
                  documents.format ? to_string(*documents.format) : "", documents.text_column,
                  documents.document_per ? to_string(*documents.document_per) : "");
  hash = mixed_hash(hash, quick_hash(settings));
  ContentHashes hashes(folder_);
  for (const fs::path& path : paths) {
    hash = mixed_hash(hash, hashes.of(path));
    hash = mixed_hash(hash, quick_hash(path.extension().string()));  // which says the format
  }
  hashes.save();
  return fmt::format("{:016x}", hash);
}

data::TokenizedDocuments TextCache::read(const std::vector<fs::path>& paths, const BertTokenizer& tokenizer,
                                         std::int64_t max_sentence_tokens, train::Observer& observer) const {
  const auto tokenize = [&](const fs::path& folder) {
    return data::tokenize_documents(paths, tokenizer, options_.documents, max_sentence_tokens, folder,
                                    options_.run.stop);
  };
  if (folder_.empty()) return tokenize({});
  writing::make_folders(folder_);
  const fs::path folder = folder_ / ("text-" + key_of(paths, tokenizer, max_sentence_tokens));
  const FolderLock lock = FolderLock::wait_for(folder, options_.run.stop, [&] {
    observer.on(Note{fmt::format("{}: another process tokenizes the text; waiting for it", folder.string())});
  });
  recover_folder(folder);
  if (std::optional<data::TokenizedDocuments> documents = opened(folder, observer)) {
    observer.on(Note{fmt::format("{}: the text is tokenized already", folder.string())});
    return std::move(*documents);
  }
  AtomicDirectory made(folder);
  tokenize(made.path());
  train::write_manifest(made.path());
  made.commit();
  observer.on(Note{fmt::format("{}: holds the tokenized text", folder.string())});
  return data::TokenizedDocuments::open(folder);
}

void TextCache::finish() const {
  if (options_.text_cache.empty() && !folder_.empty() && !options_.run.arguments.keep_checkpoints)
    writing::remove_tree(folder_);
}

}  // namespace bertune::runs
