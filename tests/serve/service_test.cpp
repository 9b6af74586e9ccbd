// Who may ask, in which order there are answers, and the server on a port.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <future>
#include <thread>

#include "serve/connection.h"
#include "serve/http_server.h"
#include "serve/scheduled.h"
#include "serve/served.h"
#include "support/program.h"

namespace bertune {
namespace {

using testing::Connection;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::Served;
using ::testing::StartsWith;
using testing::Value;
using namespace std::chrono_literals;

TEST(Protection, OnlyNamesOfThisMachineAndThoseAllowedCount) {
  Served served({"classes"}, {.protection = {.allowed_hosts = {"bert.example"}}});
  const auto status = [&](const std::string& host) { return served.status(get("/info", {{"Host", host}})); };
  EXPECT_EQ(status("localhost:8080"), 200);
  EXPECT_EQ(status("127.0.0.1"), 200);
  EXPECT_EQ(status("[::1]:1"), 200);
  EXPECT_EQ(status("BERT.example:80"), 200);
  EXPECT_EQ(status("evil.example"), 421);
  EXPECT_EQ(status("127.0.0.1.evil.example"), 421);
  EXPECT_EQ(status("10.0.0.1"), 421);
}

TEST(Protection, PagesOfOtherSitesMayNotAsk) {
  Served closed({"classes"}), open({"classes"}, {.protection = {.cors_origins = {"https://site.example"}}});
  const auto ask = [](Served& served, const std::string& method, const std::string& origin) {
    serve::HttpRequest request = post("/v1/predict", {{"inputs", "good"}}, {{"Origin", origin}});
    request.method = method;
    request.headers.emplace_back("Host", "localhost:8080");
    return served.ask(request);
  };
  EXPECT_EQ(ask(closed, "POST", "https://site.example").status, 403);
  EXPECT_EQ(ask(closed, "OPTIONS", "https://site.example").status, 403);
  EXPECT_EQ(ask(closed, "POST", "http://localhost:8080").status, 200);
  EXPECT_EQ(ask(open, "OPTIONS", "https://site.example").status, 204);
  const serve::HttpResponse answer = ask(open, "POST", "https://site.example");
  EXPECT_THAT(answer.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                  "Access-Control-Allow-Origin", "https://site.example")));
  EXPECT_EQ(ask(open, "POST", "https://other.example").status, 403);
}

TEST(Protection, KeysOpenWhatIsNotForAll) {
  Served served({"classes"}, {.protection = {.keys = {"one", "two"}, .admin_keys = {"chief"}}});
  const Value body = {{"inputs", "good"}};
  EXPECT_EQ(served.status(post("/v1/predict", body)), 401);
  EXPECT_EQ(served.status(post("/v1/predict", body, {{"Authorization", "Bearer twо"}})), 401);
  EXPECT_EQ(served.status(post("/v1/predict", body, {{"Authorization", "Bearer two"}})), 200);
  EXPECT_EQ(served.status(post("/v1/predict", body, {{"x-api-key", "one"}})), 200);
  EXPECT_EQ(served.status(get("/metrics")), 401);
  EXPECT_EQ(served.status(get("/health/live")), 200);
  EXPECT_EQ(served.status(get("/", {{"Accept", "text/html"}})), 200);
  EXPECT_EQ(served.status(get("/")), 401);
  EXPECT_EQ(served.status(post("/admin/reload", "", {{"X-Api-Key", "one"}})), 401);
  EXPECT_EQ(served.status(post("/admin/reload", "", {{"X-Api-Key", "chief"}})), 200);
}

TEST(Protection, KeysAreComparedWhole) {
  EXPECT_TRUE(serve::equal_keys("secret", "secret"));
  EXPECT_FALSE(serve::equal_keys("secret", "secreT"));
  EXPECT_FALSE(serve::equal_keys("secretsecret", "secret"));
  EXPECT_FALSE(serve::equal_keys("", "secret"));
  EXPECT_FALSE(serve::equal_keys("secret", ""));
}

// It computes a row at a time.
class Scheduling : public testing::Scheduled {
 protected:
  Scheduling() : Scheduled({.max_batch = 0ms, .max_queue_tokens = 1000}) {}
};

TEST_F(Scheduling, ASingleTextOvertakesALargeCall) {
  hold();
  const auto large = call(100), single = call(1);
  EXPECT_TRUE(scheduler.offer(large));
  EXPECT_TRUE(scheduler.offer(single));
  let_go();
  wait_for(2);
  EXPECT_EQ(finished.at(0), single);
  EXPECT_EQ(finished.at(1), large);
  for (const serve::Row& row : large->rows) EXPECT_TRUE(row.prediction.has_value());
  EXPECT_EQ(scheduler.queued_tokens(), 0);
}

TEST_F(Scheduling, AFullQueueTakesNoMore) {
  hold();
  EXPECT_TRUE(scheduler.offer(call(300)));
  EXPECT_FALSE(scheduler.offer(call(40)));
  EXPECT_TRUE(scheduler.offer(call(10)));
  EXPECT_EQ(scheduler.queued_tokens(), 930);
  EXPECT_FALSE(scheduler.could_take(*call(200)));  // of the 1000 that may wait
  EXPECT_TRUE(scheduler.could_take(*call(100)));
  let_go();
}

TEST_F(Scheduling, ReservesRoomForRequestsThatAreBeingRead) {
  constexpr std::size_t kBytes = 2400;
  const auto seen = call(100);  // 300 of the 1000 tokens
  EXPECT_TRUE(scheduler.reserve(*seen, kBytes));
  EXPECT_TRUE(scheduler.offer(seen));
  wait_for(1);
  std::vector<std::shared_ptr<serve::Call>> read;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(scheduler.reserve(*read.emplace_back(call(1)), kBytes));
  const auto next = call(1);
  EXPECT_FALSE(scheduler.has_room(kBytes, next->deadline));
  EXPECT_FALSE(scheduler.reserve(*next, kBytes));
  EXPECT_TRUE(scheduler.has_room(100, next->deadline));
  scheduler.release(*read[0]);
  scheduler.release(*read[0]);
  EXPECT_TRUE(scheduler.reserve(*next, kBytes));
  EXPECT_FALSE(scheduler.has_room(kBytes, next->deadline));
  EXPECT_TRUE(scheduler.offer(next));  // which tells how much it is
  EXPECT_TRUE(scheduler.has_room(kBytes, next->deadline));
}

TEST_F(Scheduling, WhoHasLeftCostsNothingMore) {
  hold();
  const auto gone = call(50), late = call(50);
  scheduler.offer(gone);
  scheduler.offer(late);
  client(gone).gone = true;
  late->deadline = serve::Clock::now();
  let_go();
  wait_for(2);
  EXPECT_EQ(gone->next, 0U);
  EXPECT_EQ(late->next, 0U);
  EXPECT_EQ(late->refusal->status, 504);
  EXPECT_EQ(scheduler.queued_tokens(), 0);
}

TEST(Service, IsNotReadyBeforeItsModelsAreAndWhenItEnds) {
  const testing::TemporaryDirectory files;
  serve::Service service(
      {{"classes", testing::write_model(files.path() / "m", testing::head_named("classes"))}}, {});
  const auto status = [&](const serve::HttpRequest& request) {
    return serve::answer_and_wait(service, request).status;
  };
  EXPECT_EQ(status(get("/health/live")), 200);
  EXPECT_EQ(status(get("/health/ready")), 503);
  EXPECT_EQ(status(post("/v1/predict", {{"inputs", "good"}})), 503);
  service.load();
  EXPECT_EQ(status(get("/health")), 200);
  service.drain();
  EXPECT_EQ(status(post("/v1/predict", {{"inputs", "good"}})), 503);
  EXPECT_EQ(status(get("/health/ready")), 503);
}

TEST(Service, LoadsModelsAgainOrKeepsThem) {
  Served served({"classes"});
  const std::string before = served.service.models().find("")->version();
  testing::AskedHead head = testing::head_named("classes");
  std::swap(head.labels[0], head.labels[2]);
  testing::write_model(served.files.path() / "classes", head);
  served.service.load();
  EXPECT_NE(served.service.models().find("")->version(), before);
  std::filesystem::remove(served.files.path() / "classes/config.json");
  EXPECT_THROW(served.service.load(), std::exception);
  EXPECT_EQ(served.status(post("/v1/predict", {{"inputs", "good"}})), 200);
}

TEST(Service, CountsWhatItDoesAndLogsNoTexts) {
  std::mutex mutex;
  std::string log;
  Served served({"classes"}, {.log = [&](const std::string& line) {
                  const std::lock_guard lock(mutex);
                  log += line;
                }});
  served.json("/v1/predict", {{"inputs", "very good food"}});
  const std::string metrics = served.ask(get("/metrics")).body;
  EXPECT_THAT(metrics, HasSubstr("bertune_requests_total{route=\"/v1/predict\",code=\"200\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("te_request_count{method=\"single\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("bertune_model_info{model=\"classes\""));
  EXPECT_EQ(Value::parse(log.substr(0, log.find('\n'))).at("rows"), 1);
  EXPECT_THAT(log, Not(HasSubstr("food")));
}

TEST(Service, BytesThatAreNoRequestAreRefused) {
  Served served({"classes"});
  EXPECT_EQ(serve::handle(served.service, "GET / HT").status, 400);
  EXPECT_EQ(serve::handle(served.service, "\x16\x03\x01 hello\r\n\r\n").status, 400);
  const std::string body = R"({"inputs": "good"})";
  EXPECT_EQ(serve::handle(served.service, "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                                              std::to_string(body.size()) + "\r\n\r\n" + body)
                .status,
            200);
}

std::string predict_request(const std::string& body = R"({"inputs": "good"})", const std::string& more = "") {
  return testing::http_post("/v1/predict", body, more);
}

class OnAPort : public ::testing::Test {
 protected:
  explicit OnAPort(serve::HttpLimits limits = {})
      : http({.port = 0, .limits = limits},
             [this](const serve::HttpRequest& head) { return served.service.open(head); }) {}
  Served served{{"classes"}};
  serve::HttpServer http;
};

TEST_F(OnAPort, AnswersOneRequestAfterTheOther) {
  const Connection connection(http.port());
  connection.send(predict_request());
  EXPECT_THAT(connection.receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
  connection.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" + predict_request() +
                  "HEAD /info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string all = connection.receive_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(std::count(all.begin(), all.end(), '{'), 1 + 5) << all;  // of health and one prediction
  EXPECT_THAT(all, ::testing::EndsWith("Connection: close\r\n\r\n"));
}

TEST_F(OnAPort, TakesARequestInPiecesAndInChunks) {
  const Connection connection(http.port());
  const std::string request = predict_request("{\"inputs\": \"good\"}", "Expect: 100-continue\r\n");
  const std::size_t body = request.find("\r\n\r\n") + 4;
  for (const char byte : request.substr(0, body)) connection.send({byte});
  EXPECT_EQ(connection.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  for (const char byte : request.substr(body)) connection.send({byte});
  EXPECT_THAT(connection.receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
  connection.send(
      "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "a\r\n{\"inputs\":\r\n8\r\n \"good\"}\r\n0\r\n\r\n");
  EXPECT_THAT(connection.receive(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(OnAPort, RefusesWhatIsTooLargeBeforeItCame) {
  const Connection header(http.port());
  header.send("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'));
  EXPECT_THAT(header.receive_all(), StartsWith("HTTP/1.1 431 "));
  const Connection body(http.port());
  body.send("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n{");
  EXPECT_THAT(body.receive_all(), StartsWith("HTTP/1.1 413 "));
  const Connection stranger(http.port());
  stranger.send("POST /v1/predict HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_THAT(stranger.receive_all(), StartsWith("HTTP/1.1 421 "));
  const Connection noise(http.port());
  noise.send("hello\r\n\r\n");
  EXPECT_THAT(noise.receive_all(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(OnAPort, ClosesEachConnectionAfterItsAnswerWhenItEnds) {
  const Connection connection(http.port());
  http.drain();
  connection.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(connection.receive_all(), HasSubstr("Connection: close\r\n"));
  for (int i = 0; i < 1000 && !http.is_quiet(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(http.is_quiet());
}

TEST(HttpServer, LeavesNothingBehindThatWaitsForAnAnswer) {
  std::promise<std::weak_ptr<serve::Exchange>> asked;
  std::weak_ptr<serve::Exchange> waits;
  {
    serve::HttpServer http({.port = 0}, [&](const serve::HttpRequest&) {
      return serve::Opened{.answer = [&](serve::HttpRequest, std::shared_ptr<serve::Exchange> exchange) {
        asked.set_value(exchange);
      }};
    });
    const Connection connection(http.port());
    connection.send("GET / HTTP/1.1\r\n\r\n");
    waits = asked.get_future().get();
    EXPECT_FALSE(waits.expired());
  }
  EXPECT_TRUE(waits.expired());
}

serve::HttpServer server_of(const std::function<serve::HttpResponse()>& answer) {
  return {{.port = 0}, [answer](const serve::HttpRequest&) {
            return serve::Opened{
                .answer = [answer](serve::HttpRequest, std::shared_ptr<serve::Exchange> exchange) {
                  exchange->send(answer());
                }};
          }};
}

TEST(HttpServer, SendsAnAnswerInPartsAsTheyCome) {
  const serve::HttpServer http = server_of([] {
    serve::HttpResponse response{.body = "one ", .type = "text/event-stream"};
    response.more = [calls = 0]() mutable -> std::optional<std::string> {
      ++calls;
      if (calls == 1) return "two ";
      if (calls < 4) return "";  // nothing yet: it is asked again in a quarter of a second
      if (calls == 4) return "three";
      return std::nullopt;
    };
    return response;
  });
  const Connection connection(http.port());
  connection.send("GET / HTTP/1.1\r\n\r\n");
  std::string first = connection.receive();
  for (std::string part; !first.ends_with("two ") && !(part = connection.receive()).empty();) first += part;
  EXPECT_THAT(first, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(first, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(first, ::testing::EndsWith("one two "));
  EXPECT_EQ(connection.receive_all(), "three");
  for (int i = 0; i < 1000 && !http.is_quiet(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(http.is_quiet());
}

TEST(HttpServer, SendsMoreThanFitsIntoMemoryAtOnce) {
  constexpr std::size_t kParts = 64, kPart = 1 << 20;
  const serve::HttpServer http = server_of([] {
    serve::HttpResponse response{.type = "application/x-tar"};
    response.length = kParts * kPart;
    response.more = [sent = std::size_t{0}]() mutable -> std::optional<std::string> {
      if (sent++ == kParts) return std::nullopt;
      return std::string(kPart, 'x');
    };
    return response;
  });
  const Connection connection(http.port());
  connection.send("GET / HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(20ms);  // a client that does not read yet
  const std::string all = connection.receive_all();
  EXPECT_THAT(all.substr(0, 1000), HasSubstr("Content-Length: 67108864\r\n"));
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, kParts * kPart);
}

TEST(HttpServer, ClosesWherePartsFailOrNobodyIsThere) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  const serve::HttpServer http = server_of([gone] {
    serve::HttpResponse response;
    const std::shared_ptr<void> left(nullptr, [gone](void*) { *gone = true; });
    response.more = [left, calls = 0]() mutable -> std::optional<std::string> {
      if (++calls == 2) throw std::runtime_error("the file has changed");
      return "part";
    };
    return response;
  });
  const Connection connection(http.port());
  connection.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(connection.receive_all(), ::testing::EndsWith("part"));
  for (int i = 0; i < 1000 && !(*gone && http.connections() == 0); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(*gone);
  EXPECT_TRUE(http.is_quiet());
}

class OnAnImpatientPort : public OnAPort {
 protected:
  OnAnImpatientPort() : OnAPort({.header_time = 0s, .idle_time = 0s, .connections = 2}) {}
};

TEST_F(OnAnImpatientPort, LetsGoOfWhoIsSlow) {
  const Connection slow(http.port()), silent(http.port());
  slow.send("POST /v1/pre");
  EXPECT_THAT(slow.receive_all(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(silent.receive_all(), "");
}

TEST(ServeProgram, SaysWhenItIsReadyLoadsAgainAndEndsWhenAllIsAnswered) {
  const testing::TemporaryDirectory files;
  const std::string model = testing::write_model(files.path() / "m", testing::head_named("classes")).string();
  const std::string name = (files.path() / "notify").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
  const int notified = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(notified, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  testing::Program program({"serve", "mine=" + model, "--port", "0", "--access-log"}, "",
                           [&] { ::setenv("NOTIFY_SOCKET", name.c_str(), 1); });
  ASSERT_TRUE(program.wait_until([&] { return program.out().find('\n') != std::string::npos; }))
      << program.err();
  EXPECT_THAT(program.out(), StartsWith("READY http://127.0.0.1:"));
  char word[64] = {};
  EXPECT_GT(::recv(notified, word, sizeof word, 0), 0);
  EXPECT_STREQ(word, "READY=1");
  ::close(notified);
  const auto port = static_cast<std::uint16_t>(std::stoi(program.out().substr(program.out().rfind(':') + 1)));
  const Connection connection(port);
  connection.send(predict_request());
  EXPECT_THAT(connection.receive(), HasSubstr(R"("model":{"name":"mine")"));
  program.signal(SIGHUP);
  EXPECT_TRUE(program.wait_until([&] { return program.err().find("loaded again") != std::string::npos; }));
  program.signal(SIGTERM);
  const testing::ProgramResult result = program.wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(R"("route":"/v1/predict","status":200)"));
}

TEST(ServeProgram, IsForThisMachineUnlessKeysSayOtherwise) {
  const testing::TemporaryDirectory files;
  const std::string model = testing::write_model(files.path() / "m", testing::head_named("classes")).string();
  const testing::ProgramResult open = testing::run({"serve", model, "--host", "0.0.0.0", "--port", "0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("give --api-key-file, or --allow-anonymous"));
  EXPECT_THAT(testing::run({"serve", model, model}).err, HasSubstr("two models are named m"));
  EXPECT_THAT(testing::run({"serve", model, "--ssl-cert-file", "x"}).err, HasSubstr("go together"));
  for (const char* time : {"nan", "1e20", "-1"})
    EXPECT_THAT(testing::run({"serve", model, "--deadline", time}).err, HasSubstr("the times at most 1000"));
}

}  // namespace
}  // namespace bertune
