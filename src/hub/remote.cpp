#include "hub/remote.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace bertune::hub {
namespace {

constexpr int kMostRedirects = 10, kAttempts = 5;
constexpr std::uint64_t kProgressBytes = std::uint64_t{1} << 20;  // that make up for a broken connection
constexpr std::uint64_t kLargestUnannounced = std::uint64_t{512} << 20;

bool may_pass(long status) { return status == 408 || status == 429 || status >= 500; }

// "W/"abc"" is the same file as ""abc"".
std::string normalized_etag(std::string etag) {
  if (etag.starts_with("W/")) etag.erase(0, 2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

bool is_checksum(const std::string& etag) {
  return (etag.size() == 40 || etag.size() == 64) &&
         etag.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string quoted_path(std::string_view path) {
  std::string quoted;
  for (;;) {
    const std::size_t slash = path.find('/');
    quoted += url_quoted(path.substr(0, slash));
    if (slash == std::string_view::npos) return quoted;
    quoted += '/';
    path.remove_prefix(slash + 1);
  }
}

// "bytes 100-199/200" begins at `first`.
bool begins_at(const std::string& content_range, std::uint64_t first) {
  return content_range.starts_with(fmt::format("bytes {}-", first));
}

}  // namespace

// Some attempts, with longer and longer pauses between them.
class Remote::Retries {
 public:
  explicit Retries(const HubOptions& options) : options_(options), pause_(options.first_retry_wait) {}

  // Waits before another attempt; throws `failure` when there have been enough. `answer`: what the server
  // said, if it did.
  void pause_or_throw(const HubError& failure, const HttpAnswer* answer) {
    constexpr std::uint64_t kLongestWait = 60;  // seconds, whatever the server asks for
    if (--left_ == 0)
      throw HubError(failure.failure(), fmt::format("{} (after {} attempts)", failure.what(), kAttempts));
    auto wait = std::exchange(pause_, 2 * pause_);
    if (answer != nullptr) {
      if (const auto seconds = answer->number("retry-after"))
        wait =
            std::max<std::chrono::milliseconds>(wait, std::chrono::seconds(std::min(*seconds, kLongestWait)));
    }
    const auto end = std::chrono::steady_clock::now() + wait;
    while (std::chrono::steady_clock::now() < end) {
      if (options_.interrupted && options_.interrupted()) throw Interrupted("interrupted");
      std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(wait, std::chrono::milliseconds(50)));
    }
  }

  void start_over() { left_ = kAttempts, pause_ = options_.first_retry_wait; }

 private:
  const HubOptions& options_;
  std::chrono::milliseconds pause_;
  int left_ = kAttempts;
};

Remote::Remote(const Settings& settings, const HubOptions& options, ModelName name)
    : settings_(settings), options_(options), name_(std::move(name)), client_(options.interrupted) {}

Asked Remote::asked(const std::string& file) const {
  return {name_, file, settings_.endpoint, !settings_.token.empty()};
}

std::string Remote::url_of(const std::string& file, const std::string& revision) const {
  return fmt::format("{}/{}/resolve/{}/{}", settings_.endpoint, name_.repository, url_quoted(revision),
                     quoted_path(file));
}

// The token goes to the endpoint and to nobody else: from the first redirect to another host on, it stays
// here. A redirect that answers a question for metadata itself is not followed off the endpoint.
HttpAnswer Remote::follow(HttpRequest request, const HttpClient::Body& body) {
  request.token = settings_.token;
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    HttpAnswer answer = client_.send(request, body);
    if (!answer.redirects()) return answer;
    request.url = redirect_target(request.url, answer.header("location"));
    if (same_origin(request.url, settings_.endpoint)) continue;
    if (request.head && !answer.header("x-repo-commit").empty()) return answer;
    request.token.clear();
  }
  throw HubError(Failure::not_a_hub,
                 fmt::format("{} redirects in circles ({} times) when asked for {}",
                             host_of(settings_.endpoint), kMostRedirects, name_.repository));
}

FileMetadata Remote::metadata(const std::string& file, const std::string& revision, bool patient) {
  const HttpRequest request{.url = url_of(file, revision), .head = true};
  commit_of_missing_.clear();
  HttpAnswer answer;
  for (Retries retries(options_);;) {
    try {
      answer = follow(request);
      if (!may_pass(answer.status)) break;
      if (!patient) throw explain(answer, asked(file));
      retries.pause_or_throw(explain(answer, asked(file)), &answer);
    } catch (const ConnectionError& error) {
      if (!patient || !error.may_pass()) throw;
      retries.pause_or_throw(error, nullptr);
    }
  }
  const std::string commit = answer.header("x-repo-commit");
  if (answer.status == 404 && is_commit(commit)) commit_of_missing_ = commit;
  if (!answer.succeeded() && !answer.redirects()) throw explain(answer, asked(file));
  const std::string linked = answer.header("x-linked-etag");
  FileMetadata metadata{commit, normalized_etag(linked.empty() ? answer.header("etag") : linked),
                        answer.number("x-linked-size")};
  if (!metadata.size && !answer.redirects()) metadata.size = answer.number("content-length");
  if (!is_commit(metadata.commit)) throw not_a_hub(answer, "names no commit (X-Repo-Commit) of " + file);
  if (!is_checksum(metadata.etag)) throw not_a_hub(answer, "gives no checksum (ETag) of " + file);
  return metadata;
}

HttpAnswer Remote::attempt_download(const std::string& file, const FileMetadata& metadata,
                                    PartialFile& partial) {
  const std::uint64_t from = partial.size();
  bool begun = false;
  const auto take = [&](const HttpAnswer& answer, std::string_view bytes) {
    if (!std::exchange(begun, true) && from > 0) {
      if (answer.status != 206) {
        partial.restart();  // the server sends all of it again
      } else if (!begins_at(answer.header("content-range"), from)) {
        throw not_a_hub(answer, "sends another part of " + file + " than was asked for");
      }
    }
    const std::uint64_t announced = answer.number("content-length").value_or(kLargestUnannounced);
    const std::uint64_t most = metadata.size.value_or(announced + (answer.status == 206 ? from : 0));
    if (partial.size() + bytes.size() > most)
      throw not_a_hub(answer, fmt::format("sends more of {} than the {} bytes that it has", file, most));
    partial.append(bytes);
    if (options_.on_progress) options_.on_progress({file, partial.size(), metadata.size.value_or(0)});
  };
  return follow({.url = url_of(file, metadata.commit), .from = from}, take);
}

void Remote::download(const std::string& file, const FileMetadata& metadata, PartialFile& partial) {
  if (metadata.size && partial.size() > *metadata.size) partial.restart();
  for (Retries retries(options_);;) {
    if (metadata.size && partial.size() == *metadata.size && partial.size() > 0) return;
    const std::uint64_t before = partial.size();
    const auto broken = [&](const std::string& what) {
      if (partial.size() >= before + kProgressBytes) retries.start_over();
      return HubError(Failure::unreachable,
                      fmt::format("{}; {} bytes of {} are kept, and the same command continues from there",
                                  what, partial.size(), file));
    };
    try {
      const HttpAnswer answer = attempt_download(file, metadata, partial);
      if (answer.succeeded()) {
        if (partial.size() == metadata.size.value_or(partial.size())) return;
        retries.pause_or_throw(broken(host_of(answer.url) + " ended the connection too early"), nullptr);
      } else if (answer.status == 416) {
        partial.restart();
        retries.pause_or_throw(explain(answer, asked(file)), nullptr);
      } else if (may_pass(answer.status)) {
        retries.pause_or_throw(explain(answer, asked(file)), &answer);
      } else {
        throw explain(answer, asked(file));
      }
    } catch (const ConnectionError& error) {
      if (!error.may_pass()) throw;
      retries.pause_or_throw(broken(error.what()), nullptr);
    }
  }
}

}  // namespace bertune::hub
