#include "serve/http_server.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <thread>
#include <unordered_set>

#include "bertune/error.h"
#include "serve/tls.h"

namespace bertune::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;

// Later requests are buffered up to this size while one is answered; then the connection is not read.
constexpr std::size_t kReadAhead = 16384;
constexpr std::chrono::milliseconds kSweep{250}, kLinger{1000};

void set_limits(Parser& parser, const HttpLimits& limits) {
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  parser.eager(true);
}

HttpRequest request_of(Parser& parser) {
  HttpRequest request;
  const auto& message = parser.get();
  request.method = std::string(message.method_string());
  const std::string_view target(message.target().data(), message.target().size());
  request.path = std::string(target.substr(0, target.find('?')));
  if (request.path.size() < target.size())
    request.query = std::string(target.substr(request.path.size() + 1));
  for (const auto& field : message)
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return request;
}

// The answer to bytes that are no request.
HttpResponse refusal_of(const error_code& error, const HttpLimits& limits) {
  if (error == http::error::header_limit)
    return error_response(431, "Validation",
                          fmt::format("the header has more than {} bytes", limits.header_bytes));
  if (error == http::error::body_limit)
    return error_response(413, "Validation",
                          fmt::format("the body has more than {} bytes", limits.body_bytes));
  return error_response(400, "Validation", fmt::format("this is no HTTP request: {}", error.message()));
}

struct Core;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // States follow one another in this order; `continuing` has sent a part of an answer, and `closing` waits
  // until the client has read what was sent.
  enum class State { idle, header, body, answering, continuing, writing, closing, closed };

  Connection(Core& core, tcp::socket socket);

  void start() { wait_to_read(); }
  void answer(HttpResponse response);
  void check_time(Clock::time_point now);
  void close();
  State state() const { return state_; }

 private:
  class Answer;

  void wait_to_read();
  void read();
  void advance();
  void begin_request();
  bool open_request();
  void pass_on();
  void refuse(HttpResponse response);
  void queue_response(HttpResponse&& response, bool close);
  void queue_text(std::string_view text);
  void queue_part();
  void write();
  void written();
  void end_at(State state, Clock::duration time) { state_ = state, deadline_ = Clock::now() + time; }

  Core& core_;
  tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  State state_ = State::idle;
  Clock::time_point begin_, deadline_;  // of the request; of what is waited for
  std::optional<Parser> parser_;
  HttpRequest request_;  // its body comes last
  Opened opened_;
  std::string in_, out_;  // that was not parsed, that was not sent
  std::size_t sent_ = 0, read_ = 0;
  std::shared_ptr<Answer> exchange_;
  std::function<std::optional<std::string>()> more_;  // of an answer in parts
  bool waits_to_read_ = false, waits_to_write_ = false, closes_ = false, is_head_ = false;
};

class Connection::Answer : public Exchange {
 public:
  Answer(std::shared_ptr<asio::io_context> io, const std::shared_ptr<Connection>& connection)
      : io_(std::move(io)), connection_(connection) {}
  void send(HttpResponse response) override {
    if (sent_.exchange(true)) return;
    asio::post(*io_, [connection = connection_, response = std::move(response)]() mutable {
      if (const auto open = connection.lock()) open->answer(std::move(response));
    });
  }
  bool is_gone() const override { return gone_.load(std::memory_order_relaxed); }
  void leave() { gone_ = true; }

 private:
  std::shared_ptr<asio::io_context> io_;
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> sent_{false}, gone_{false};
};

// Connections share this; all but the atomics belongs to the I/O thread.
struct Core {
  HttpLimits limits;
  HttpServer::Open open_request;
  std::shared_ptr<asio::io_context> io = std::make_shared<asio::io_context>(1);
  std::optional<TlsContext> tls;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::array<char, 65536> scratch;
  std::atomic<std::size_t> open{0}, busy{0};
  std::atomic<bool> drains{false};
};

Connection::Connection(Core& core, tcp::socket socket)
    : core_(core), socket_(std::move(socket)), deadline_(Clock::now() + core.limits.header_time) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (core.tls) tls_ = core.tls->session();
}

void Connection::wait_to_read() {
  if (waits_to_read_ || state_ == State::closed) return;
  if (state_ >= State::answering && state_ < State::closing && in_.size() >= kReadAhead) return;
  waits_to_read_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->waits_to_read_ = false;
    if (error || self->state_ == State::closed) return;
    self->read();
  });
}

void Connection::read() {
  error_code error;
  const std::size_t got = socket_.read_some(asio::buffer(core_.scratch), error);
  if (error == asio::error::would_block) return wait_to_read();
  if (error) return close();
  const std::string_view bytes(core_.scratch.data(), got);
  if (state_ == State::closing) return wait_to_read();  // what comes after a refusal is not looked at
  if (!tls_) {
    in_.append(bytes);
  } else {
    const bool goes_on = tls_->receive(bytes, in_, out_);
    write();
    if (!goes_on && in_.empty()) return close();
  }
  advance();
  wait_to_read();
}

void Connection::begin_request() {
  parser_.emplace();
  set_limits(*parser_, core_.limits);
  begin_ = Clock::now();
  read_ = 0;
  end_at(State::header, core_.limits.header_time);
}

// Parses what there is, until a request is whole.
void Connection::advance() {
  while (!in_.empty() && (state_ == State::idle || state_ == State::header || state_ == State::body)) {
    if (state_ == State::idle) begin_request();
    error_code error;
    const std::size_t used = parser_->put(asio::buffer(in_), error);
    in_.erase(0, used);
    read_ += used;
    if (error && error != http::error::need_more) return refuse(refusal_of(error, core_.limits));
    if (state_ == State::header && parser_->is_header_done() && !open_request()) return;
    if (state_ == State::body)
      deadline_ = begin_ + core_.limits.header_time + std::chrono::seconds(read_ / core_.limits.body_rate);
    if (!parser_->is_done()) {
      if (error == http::error::need_more) return;
      continue;
    }
    pass_on();
  }
}

// The head has come. Returns whether the rest is wanted.
bool Connection::open_request() {
  state_ = State::body;
  request_ = request_of(*parser_);
  is_head_ = request_.method == "HEAD";
  opened_ = core_.open_request(request_);
  if (auto refusal = std::exchange(opened_.refusal, {})) {
    const bool close = refusal->close || !parser_->is_done() || !parser_->keep_alive();
    queue_response(std::move(*refusal), close);
    return false;
  }
  if (!parser_->is_done() && request_.header("Expect") == "100-continue") {
    queue_text("HTTP/1.1 100 Continue\r\n\r\n");
    write();
  }
  return true;
}

// The request is whole.
void Connection::pass_on() {
  closes_ = !parser_->keep_alive();
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  state_ = State::answering;
  ++core_.busy;
  exchange_ = std::make_shared<Answer>(core_.io, shared_from_this());
  try {
    std::exchange(opened_, {}).answer(std::exchange(request_, {}), exchange_);
  } catch (const std::exception&) {
    exchange_->send(error_response(503, "Overloaded", "there is too little memory for the request now"));
  }
}

void Connection::answer(HttpResponse response) {
  if (state_ != State::answering) return;
  exchange_.reset();
  const bool close = closes_ || response.close || core_.drains;
  queue_response(std::move(response), close);
  --core_.busy;  // which counted the answer, as the queue now does: it is never less than what is to be sent
}

void Connection::refuse(HttpResponse response) { queue_response(std::move(response), true); }

void Connection::queue_response(HttpResponse&& response, bool close) {
  parser_.reset();
  closes_ = close || response.more;
  ++core_.busy;
  const bool has_body = response.status != 204;
  queue_text(head_of(response, closes_, has_body));
  if (has_body && !is_head_) more_ = std::move(response.more);
  end_at(more_ ? State::continuing : State::writing, core_.limits.idle_time);
  if (has_body && !is_head_) queue_text(response.body);
  is_head_ = false;
  write();
}

// Queues the next part of the answer, where there is one yet: all before was sent.
void Connection::queue_part() {
  try {
    const std::optional<std::string> part = more_();
    if (!part) {
      state_ = State::writing;
    } else if (!part->empty()) {
      queue_text(*part);
    }
  } catch (const std::exception&) {
    return close();
  }
}

void Connection::queue_text(std::string_view text) {
  if (!tls_) {
    out_.append(text);
  } else if (!tls_->send(text, out_)) {
    closes_ = true;
  }
}

void Connection::write() {
  if (waits_to_write_ || state_ == State::closed) return;
  while (sent_ < out_.size() || state_ == State::continuing) {
    if (sent_ == out_.size()) {
      out_.clear();
      sent_ = 0;
      queue_part();
      if (state_ == State::closed || out_.empty()) break;
    }
    error_code error;
    sent_ += socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
    if (error == asio::error::would_block) {
      waits_to_write_ = true;
      socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const error_code& failed) {
        self->waits_to_write_ = false;
        if (failed) return self->close();
        self->deadline_ = std::max(self->deadline_, Clock::now() + self->core_.limits.idle_time);
        self->write();
      });
      return;
    }
    if (error) return close();
  }
  out_ = {};
  sent_ = 0;
  if (state_ == State::continuing) end_at(state_, core_.limits.idle_time);
  if (state_ == State::writing) written();
}

void Connection::written() {
  --core_.busy;
  more_ = {};
  if (closes_) {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    end_at(State::closing, kLinger);
    in_ = {};
    return wait_to_read();
  }
  end_at(State::idle, core_.limits.idle_time);
  if (in_.empty()) in_ = {};
  // Bytes that arrived meanwhile are the next request; not from within the last one's answer.
  asio::post(*core_.io, [self = shared_from_this()] {
    if (self->state_ == State::closed) return;
    self->advance();
    self->wait_to_read();
  });
}

void Connection::check_time(Clock::time_point now) {
  if (state_ == State::continuing && out_.empty()) return write();
  if (state_ == State::answering || now < deadline_) return;
  const bool asks = state_ == State::header || state_ == State::body;
  if (!asks) return close();
  refuse(error_response(408, "Validation", "the request came too slowly"));
}

void Connection::close() {
  if (state_ == State::closed) return;
  // The exchange keeps what waits for the network alive, which keeps this connection.
  if (const auto left = std::exchange(exchange_, {})) left->leave();
  if (state_ >= State::answering && state_ <= State::writing) --core_.busy;
  state_ = State::closed;
  more_ = {};
  error_code ignored;
  socket_.close(ignored);
  const auto self = shared_from_this();
  core_.connections.erase(self);
  core_.open = core_.connections.size();
}

asio::ip::address address_of(const std::string& host) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) return address;
  asio::io_context io;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, "", error);
  if (error || found.empty())
    throw Error(fmt::format("`host` is \"{}\", which is no address of this machine", host));
  return found.begin()->endpoint().address();
}

}  // namespace

class HttpServer::Implementation {
 public:
  Implementation(const HttpOptions& options, Open open)
      : acceptor_(*core_.io), sweep_(*core_.io), pause_(*core_.io) {
    core_.limits = options.limits;
    core_.open_request = std::move(open);
    if (!options.certificate.empty()) core_.tls.emplace(options.certificate, options.private_key);
    listen(options);
    accept();
    sweep();
    thread_ = std::thread([this] { run(); });
  }
  ~Implementation() {
    asio::post(*core_.io, [this] {
      const auto open = core_.connections;
      for (const auto& connection : open) connection->close();
      core_.io->stop();
    });
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  Core& core() { return core_; }

 private:
  void run() {
    while (!core_.io->stopped()) {
      try {
        core_.io->run();
      } catch (const std::exception&) {  // of one connection, such as want of memory: the others go on
      }
    }
  }

  void listen(const HttpOptions& options) {
    const tcp::endpoint endpoint(address_of(options.host), options.port);
    try {
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(endpoint);
      acceptor_.listen(1024);
    } catch (const boost::system::system_error& error) {
      throw Error(fmt::format("{}:{} cannot be listened on: {}; `port=0` takes one that is free",
                              options.host, options.port, error.code().message()));
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // no descriptor is left: it waits, and does not spin
        pause_.expires_after(kSweep);
        pause_.async_wait([this](const error_code&) { accept(); });
        return;
      }
      if (core_.connections.size() < core_.limits.connections || close_an_idle_one()) {
        const auto connection = std::make_shared<Connection>(core_, std::move(socket));
        core_.connections.insert(connection);
        core_.open = core_.connections.size();
        connection->start();
      }
      accept();
    });
  }

  bool close_an_idle_one() {
    for (const auto& connection : core_.connections) {
      if (connection->state() != Connection::State::idle) continue;
      const auto idle = connection;
      idle->close();
      return true;
    }
    return false;
  }

  void sweep() {
    sweep_.expires_after(kSweep);
    sweep_.async_wait([this](const error_code& error) {
      if (error) return;
      const auto open = core_.connections;
      for (const auto& connection : open) connection->check_time(Clock::now());
      sweep();
    });
  }

  Core core_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweep_, pause_;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpOptions& options, Open open)
    : implementation_(std::make_unique<Implementation>(options, std::move(open))) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return implementation_->port(); }
std::size_t HttpServer::connections() const { return implementation_->core().open; }
void HttpServer::drain() { implementation_->core().drains = true; }
bool HttpServer::is_quiet() const { return implementation_->core().busy == 0; }

bool is_loopback(const std::string& host) { return address_of(host).is_loopback(); }

std::optional<HttpRequest> parse_http(std::string_view bytes, const HttpLimits& limits) {
  Parser parser;
  set_limits(parser, limits);
  while (!bytes.empty() && !parser.is_done()) {
    error_code error;
    const std::size_t used = parser.put(asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error || used == 0) return std::nullopt;
  }
  if (!parser.is_done()) return std::nullopt;
  HttpRequest request = request_of(parser);
  request.body = std::move(parser.get().body());
  return request;
}

}  // namespace bertune::serve
