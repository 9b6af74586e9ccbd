// A small HTTP server on a port of 127.0.0.1, for tests of what goes over a network. A connection is one
// request.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bertune::testing {

struct HttpRequestSeen {
  std::string method, target;
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct HttpReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string first_lines = {};                 // before all headers, as they are
  std::optional<std::size_t> cut_after = {};    // bytes of the body after which the connection is closed
  bool hang_up = false;                         // closes the connection without an answer
  std::optional<std::size_t> stall_after = {};  // bytes of the body after which it waits for stalled_until
  std::function<bool()> stalled_until = {};
  bool without_length = false;  // no Content-Length: the end of the connection ends the body
};

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequestSeen&)>;

  // Port 0: any that is free.
  explicit HttpServer(Handler handler, int port = 0) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() { stop(); }

  // Closes the port: whoever connects later is refused.
  void stop() {
    if (stopping_.exchange(true)) return;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    for (std::thread& thread : answering_) thread.join();
  }

  // `host`: "localhost" is the same machine by another name.
  std::string url(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_);
  }
  std::vector<HttpRequestSeen> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
  }

 private:
  void accept_all() {
    while (!stopping_) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      answering_.emplace_back([this, connection] {
        answer(connection);
        ::close(connection);
      });
    }
  }

  static std::optional<HttpRequestSeen> read_request(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return std::nullopt;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    HttpRequestSeen request;
    std::size_t line = text.find("\r\n");
    const std::string first = text.substr(0, line);
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
    while (text.compare(line, 4, "\r\n\r\n") != 0) {
      const std::size_t end = text.find("\r\n", line + 2), colon = text.find(':', line + 2);
      std::string name = text.substr(line + 2, colon - line - 2);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers[name] = text.substr(colon + 2, end - colon - 2);
      line = end;
    }
    return request;
  }

  static void send_all(int connection, const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  void answer(int connection) {
    const std::optional<HttpRequestSeen> request = read_request(connection);
    if (!request) return;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    const HttpReply reply = handler_(*request);
    if (reply.hang_up) return;
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Reason\r\n" + reply.first_lines +
                       "Connection: close\r\n";
    bool has_length = reply.without_length;
    for (const auto& [name, value] : reply.headers) {
      text += name + ": " + value + "\r\n";
      has_length = has_length || name == "Content-Length";
    }
    if (!has_length) text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    text += "\r\n";
    const std::string body = reply.body.substr(0, reply.cut_after.value_or(reply.body.size()));
    const std::size_t first = std::min(body.size(), reply.stall_after.value_or(body.size()));
    const bool head = request->method == "HEAD";
    send_all(connection, head ? text : text + body.substr(0, first));
    while (!head && first < body.size() && !stopping_ && !reply.stalled_until())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (!head) send_all(connection, body.substr(first));
    ::shutdown(connection, SHUT_WR);
    char rest[256];
    while (::recv(connection, rest, sizeof rest, 0) >
           0) {  // a close with unread bytes would reset the connection
    }
  }

  Handler handler_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread accepting_;
  std::vector<std::thread> answering_;
  mutable std::mutex mutex_;
  std::vector<HttpRequestSeen> requests_;
};

}  // namespace bertune::testing
