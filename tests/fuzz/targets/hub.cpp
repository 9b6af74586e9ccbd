// What a server says that may be no hub: its answers, and the index of a model in the cache.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "bertune/error.h"
#include "bertune/hub.h"
#include "fuzz/target.h"
#include "hub/cache.h"
#include "hub/http.h"
#include "hub/model_name.h"
#include "hub/snapshot.h"

namespace bertune::fuzz {
namespace {

const Target kNames("hub_names", [](std::string_view bytes) {
  const std::vector<std::string_view> texts = parts(bytes, 2);
  if (const auto name = hub::parse_model_name(texts[0])) {
    require(name->repository.find("..") == std::string::npos, "a name stays below the cache");
    require(hub::is_revision(name->revision), "a revision is one");
  }
  if (hub::is_file_name(texts[0]))
    require((std::filesystem::path("/a") / texts[0]).lexically_normal().string().starts_with("/a/"),
            "a file stays below its folder");
  require(hub::url_quoted(texts[0]).find_first_of(" /?#\r\n") == std::string::npos, "a part of a URL");
  hub::same_origin(std::string(texts[0]), std::string(texts[1]));
  const std::string next = hub::redirect_target("https://hub.example/a/b?c", std::string(texts[0]));
  require(next.starts_with("https://"), "no redirect leads away from https");
});

// In the cache, where another program may have put it.
const Target kCache("hub_cache", [](std::string_view bytes) {
  const std::string commit(40, 'a');
  const std::string snapshot = "cache/models--o--n/snapshots/" + commit + "/";
  const std::vector<std::string_view> files = parts(bytes, 3);
  folder().write("cache/models--o--n/refs/main", files[0]);
  folder().write(snapshot + "config.json", files[1]);
  folder().write(snapshot + "model.safetensors.index.json", files[2]);
  const hub::Cache cache(folder().path() / "cache", {.repository = "o/n"});
  require(cache.commit_of("main").empty() || hub::is_commit(cache.commit_of("main")), "a commit");
  hub::is_usable(cache, commit, true);
  hub::is_certain(cache, commit, true);
});

// Gives each connection the next of some answers, byte for byte.
class AnyAnswers {
 public:
  AnyAnswers() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::logic_error("no port to listen on");
    endpoint_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { answer_all(); });
  }
  ~AnyAnswers() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  const std::string& endpoint() const { return endpoint_; }
  void set(std::string_view answers) {
    const std::lock_guard lock(mutex_);
    answers_ = answers;
    rest_ = answers_;
  }

 private:
  std::string next() {
    const std::lock_guard lock(mutex_);
    if (rest_.empty()) rest_ = answers_;
    const std::string_view answer = rest_.substr(0, rest_.find(kSeparator));
    rest_.remove_prefix(std::min(rest_.size(), answer.size() + 1));
    return std::string(answer);
  }
  void answer_all() {
    for (int connection; (connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      char request[4096];
      if (::recv(connection, request, sizeof request, 0) > 0) {
        const std::string answer = next();
        ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::shutdown(connection, SHUT_WR);
      while (::recv(connection, request, sizeof request, 0) > 0) {
      }
      ::close(connection);
    }
  }

  int listener_;
  std::string endpoint_;
  std::mutex mutex_;
  std::string answers_;
  std::string_view rest_;
  std::thread thread_;
};

const Target kAnswers("hub_answers", [](std::string_view bytes) {
  static AnyAnswers server;
  server.set(bytes);
  const std::filesystem::path place = folder().path() / "answers", cache = place / "cache";
  std::filesystem::remove_all(cache);
  HubOptions options{.cache_dir = cache, .token = "hf_secret", .endpoint = server.endpoint()};
  options.first_retry_wait = std::chrono::milliseconds(0);
  const auto begin = std::chrono::steady_clock::now();
  options.interrupted = [&] {
    return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(200);
  };
  try {
    resolve_model("o/n", options);
  } catch (...) {
    if (std::filesystem::exists(place))
      for (const auto& entry : std::filesystem::directory_iterator(place))
        require(entry.path() == cache, "nothing is written beside the cache");
    throw;
  }
});

}  // namespace
}  // namespace bertune::fuzz
