// A server under load from several sides, for ThreadSanitizer above all: it loads its models again, and ends,
// while clients ask.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "serve/connection.h"
#include "serve/served.h"
#include "serve/server.h"

namespace bertune {
namespace {

using testing::Connection;
using namespace std::chrono_literals;

struct Answered {
  std::atomic<int> good{0}, refused{0}, wrong{0};
};

// Asks one thing after the other, until the server closes the connection.
void ask_on(std::uint16_t port, const std::vector<std::string>& requests, Answered& answered) {
  const Connection connection(port);
  for (std::size_t i = 0;; ++i) {
    connection.send(requests[i % requests.size()]);
    std::string answer;
    while (answer.find("\r\n\r\n") == answer.npos) {  // small answers come whole
      const std::string part = connection.receive();
      if (part.empty()) return;
      answer += part;
    }
    const std::string status = answer.substr(9, 3);
    ++(status == "200"                      ? answered.good
       : status == "503" || status == "429" ? answered.refused
                                            : answered.wrong);
    EXPECT_THAT(status, ::testing::AnyOf("200", "503", "429")) << answer;
    if (answer.find("Connection: close") != answer.npos) return;
  }
}

TEST(ServerUnderLoad, LoadsAgainAndEndsWhileClientsAsk) {
  const testing::TemporaryDirectory files;
  std::vector<serve::ModelSource> models;
  for (const char* head : {"classes", "entities", "embeddings"})
    models.push_back({head, testing::write_model(files.path() / head, testing::head_named(head))});
  serve::ServiceOptions options{.scheduler = {.max_queue_tokens = 600}};
  options.log = [](const std::string&) {};
  options.protection.admin_keys = {"chief"};
  serve::Server server({.port = 0}, models, std::move(options));
  server.load();
  const auto port = static_cast<std::uint16_t>(std::stoi(server.url().substr(server.url().rfind(':') + 1)));

  const std::vector<std::string> requests = {
      testing::http_post("/v1/predict", R"({"inputs": "the film was good"})"),
      testing::http_post("/v1/predict",
                         R"({"inputs": ["good", "bad", "very good food"], "model": "entities"})"),
      "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
      testing::http_post(
          "/v2/models/embeddings/infer",
          R"({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}]})"),
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
      testing::http_post("/", R"({"inputs": "not good"})"),
      "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
      testing::http_post("/v1/tokenize", R"({"inputs": "not good"})")};
  Answered answered;
  std::vector<std::jthread> clients;
  for (std::size_t client = 0; client < 4; ++client) {
    std::vector<std::string> mine = requests;
    std::rotate(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(client), mine.end());
    clients.emplace_back([port, mine, &answered] { ask_on(port, mine, answered); });
  }
  const auto wait_for = [&](int more) {
    const int before = answered.good;
    for (int i = 0; i < 10000 && answered.good < before + more; ++i) std::this_thread::sleep_for(1ms);
  };
  for (int i = 0; i < 2; ++i) {
    wait_for(20);
    server.load();
    const Connection admin(port);
    admin.send(testing::http_post("/admin/reload", "", "X-Api-Key: chief\r\n"));
    EXPECT_THAT(admin.receive(), ::testing::StartsWith("HTTP/1.1 200 "));
    {
      const Connection leaves(port);  // without waiting for its answer
      leaves.send(requests[1]);
    }
  }
  wait_for(20);
  EXPECT_TRUE(server.drain(10s, [] { return false; }));
  clients.clear();
  EXPECT_GE(answered.good, 60);
  EXPECT_EQ(answered.wrong, 0);
}

}  // namespace
}  // namespace bertune
