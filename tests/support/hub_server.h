// A hub on this machine: /REPOSITORY/resolve/REVISION/FILE as huggingface.co answers it, with large files on
// a second host. The checksums are those of the project (hub/digest.h), which tests of their own check.
#pragma once

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "hub/digest.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

class HubServer {
 public:
  struct File {
    std::string content;
    bool large = false;  // kept on the second host, named by its SHA-256 (Git LFS)
  };
  struct Repository {
    std::string commit = "0123456789012345678901234567890123456789";
    std::set<std::string> revisions = {"main"};  // that mean the commit
    std::map<std::string, File> files = {};
    std::string token = {};  // that it wants
    bool gated = false;
  };
  // Looks at each request first; a reply of its own goes out instead of the hub's.
  using Intercept = std::function<std::optional<HttpReply>(const HttpRequestSeen&)>;

  explicit HubServer(int port = 0)
      : storage_([this](const HttpRequestSeen& request) { return stored(request); }),
        hub_([this](const HttpRequestSeen& request) { return answer(request); }, port) {}

  Repository& repository(const std::string& name) { return repositories_[name]; }
  // What was put into repositories so far is there for requests of another process, which ThreadSanitizer
  // does not see to come after.
  void publish() { const std::lock_guard lock(mutex_); }
  void intercept(Intercept hub, Intercept storage = {}) {
    const std::lock_guard lock(mutex_);
    at_hub_ = std::move(hub), at_storage_ = std::move(storage);
  }

  HttpServer& hub() { return hub_; }
  HttpServer& storage() { return storage_; }
  std::string url() const { return hub_.url(); }
  void stop() { hub_.stop(), storage_.stop(); }

  // Every request that either host got for a file: its name, and "HEAD" or "GET".
  std::size_t count(const std::string& method, const std::string& file) const {
    std::size_t found = 0;
    for (const HttpRequestSeen& request : hub_.requests())
      found += request.method == method && request.target.ends_with("/" + file) ? 1 : 0;
    return found;
  }

  static std::string etag_of(const File& file) {
    static std::mutex mutex;
    static std::map<std::pair<std::string, bool>, std::string> known;
    const std::lock_guard lock(mutex);
    std::string& etag = known[{file.content, file.large}];
    if (etag.empty()) {
      const TemporaryDirectory directory;
      const auto path = directory.write("content", file.content);
      etag = file.large ? hub::sha256_of(path) : hub::git_blob_of(path);
    }
    return etag;
  }

  // The contents of a file, or of the part that the request wants.
  static HttpReply content(const HttpRequestSeen& request, const std::string& content) {
    HttpReply reply{.body = content};
    const std::string range = request.header("range");
    if (!range.starts_with("bytes=")) return reply;
    std::size_t from = 0;
    std::from_chars(range.data() + 6, range.data() + range.size(), from);
    if (from >= content.size()) return {.status = 416};
    reply.status = 206;
    reply.body = content.substr(from);
    reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(from) + "-" +
                                                    std::to_string(content.size() - 1) + "/" +
                                                    std::to_string(content.size()));
    return reply;
  }

 private:
  std::optional<HttpReply> intercepted(const Intercept HubServer::*which, const HttpRequestSeen& request) {
    Intercept intercept;
    {
      const std::lock_guard lock(mutex_);
      intercept = this->*which;
    }
    return intercept ? intercept(request) : std::nullopt;
  }

  static HttpReply refusal(int status, const std::string& code) {
    return {.status = status, .headers = {{"X-Error-Code", code}, {"X-Error-Message", code + " it is"}}};
  }

  HttpReply answer(const HttpRequestSeen& request) {
    if (auto reply = intercepted(&HubServer::at_hub_, request)) return *reply;
    const std::size_t resolve = request.target.find("/resolve/");
    if (resolve == std::string::npos) return {.status = 404};
    const std::string rest = request.target.substr(resolve + 9);
    const auto found = repositories_.find(request.target.substr(1, resolve - 1));
    // So the hub answers those who are not logged in, whether the name is private or nobody's.
    if (found == repositories_.end()) return refusal(401, "RepoNotFound");
    const Repository& repository = found->second;
    if (!repository.token.empty() && request.header("authorization") != "Bearer " + repository.token)
      return refusal(repository.gated ? 403 : 401, repository.gated ? "GatedRepo" : "RepoNotFound");
    const std::string revision = rest.substr(0, rest.find('/')), name = rest.substr(rest.find('/') + 1);
    if (revision != repository.commit && !repository.revisions.contains(revision))
      return refusal(404, "RevisionNotFound");
    const auto file = repository.files.find(name);
    if (file == repository.files.end()) {
      HttpReply reply = refusal(404, "EntryNotFound");
      reply.headers.emplace_back("X-Repo-Commit", repository.commit);
      return reply;
    }
    return resolved(request, repository, file->second);
  }

  HttpReply resolved(const HttpRequestSeen& request, const Repository& repository, const File& file) {
    const std::string etag = etag_of(file);
    HttpReply reply;
    if (file.large) {
      const std::lock_guard lock(mutex_);
      stored_[etag] = file.content;
      reply = {.status = 302, .body = "Found. Redirecting"};
      reply.headers = {{"Location", storage_.url("localhost") + "/blobs/" + etag + "?signature=abc"},
                       {"X-Linked-Etag", "\"" + etag + "\""},
                       {"X-Linked-Size", std::to_string(file.content.size())},
                       {"ETag", "\"of-the-answer\""}};
    } else {
      reply = content(request, file.content);
      reply.headers.emplace_back("ETag", "\"" + etag + "\"");
    }
    reply.headers.emplace_back("X-Repo-Commit", repository.commit);
    return reply;
  }

  HttpReply stored(const HttpRequestSeen& request) {
    if (auto reply = intercepted(&HubServer::at_storage_, request)) return *reply;
    const std::string etag = request.target.substr(7, request.target.find('?') - 7);
    const std::lock_guard lock(mutex_);
    const auto found = stored_.find(etag);
    if (found == stored_.end()) return {.status = 404};
    return content(request, found->second);
  }

  std::mutex mutex_;
  Intercept at_hub_, at_storage_;
  std::map<std::string, Repository> repositories_;
  std::map<std::string, std::string> stored_;  // by SHA-256
  HttpServer storage_, hub_;                   // last: their threads use what is above
};

}  // namespace bertune::testing
