// What can happen to a download: broken connections, partial files, wrong contents, redirects, tokens, full
// disks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>

#include "hub_fixture.h"

namespace bertune {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::HttpReply, testing::HttpRequestSeen, testing::HubServer;
using ::testing::IsEmpty;
using ::testing::Not;

class DownloadTest : public testing::HubTest {
 protected:
  fs::path blob() const { return model() / "blobs" / HubServer::etag_of({kWeights, true}); }
  fs::path partial() const { return blob().string() + ".incomplete"; }
  void write_partial(const std::string& content) const {
    directory.write(partial().lexically_relative(directory.path()).string(), content);
  }
  std::string weights() { return read(resolve_model("owner/name", options()) / "model.safetensors"); }
  const std::string& kWeights = testing::kWeights;
};

TEST_F(DownloadTest, GoesOnWithWhatAnEarlierRunLeft) {
  write_partial(kWeights.substr(0, 123'456));
  EXPECT_EQ(weights(), kWeights);
  const auto requests = server.storage().requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].header("range"), "bytes=123456-");
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(DownloadTest, AWholePartialFileIsOnlyChecked) {
  write_partial(kWeights);
  EXPECT_EQ(weights(), kWeights);
  EXPECT_THAT(server.storage().requests(), IsEmpty());
}

TEST_F(DownloadTest, APartialFileThatIsTooLongIsBegunAnew) {
  write_partial(kWeights + "and more");
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, ServersWithoutRangesSendItAllAgain) {
  write_partial("something else");
  server.intercept({}, [&](const HttpRequestSeen&) { return HttpReply{.body = kWeights}; });
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, AnotherRangeThanAskedForIsRefused) {
  write_partial("0123456789");
  server.intercept({}, [&](const HttpRequestSeen&) {
    return HttpReply{
        .status = 206, .headers = {{"Content-Range", "bytes 0-300006/300007"}}, .body = kWeights};
  });
  EXPECT_THAT(error_of(), HasSubstr("another part of model.safetensors"));
}

TEST_F(DownloadTest, BrokenConnectionsAreTakenUpWhereTheyBroke) {
  std::atomic<int> calls = 0;
  server.intercept({}, [&](const HttpRequestSeen& request) {
    HttpReply reply = HubServer::content(request, kWeights);
    if (++calls < 4) reply.cut_after = 100'000;
    return reply;
  });
  EXPECT_EQ(weights(), kWeights);
  const auto requests = server.storage().requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_EQ(requests[0].header("range"), "");
  EXPECT_EQ(requests[1].header("range"), "bytes=100000-");
  EXPECT_EQ(requests[3].header("range"), "bytes=300000-");
}

TEST_F(DownloadTest, EnoughIsEnoughAndWhatArrivedIsKept) {
  for (const bool without_length : {false, true}) {
    server.intercept({}, [&](const HttpRequestSeen& request) {
      HttpReply reply = HubServer::content(request, kWeights);
      reply.cut_after = 10, reply.without_length = without_length;
      return reply;
    });
    const std::string message = error_of();
    EXPECT_THAT(message, HasSubstr("after 5 attempts"));
    EXPECT_THAT(message, HasSubstr("bytes of model.safetensors are kept"));
    EXPECT_EQ(read(partial()), kWeights.substr(0, without_length ? 100 : 50));
  }
  server.intercept({});
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, ServersInTroubleAreAskedAgain) {
  std::map<int, std::string> seen;
  for (const int status : {429, 500, 502, 503, 504, 0}) {
    fs::remove_all(cache());
    std::atomic<int> at_hub = 0, at_storage = 0;
    const auto trouble = [status](std::atomic<int>& calls) -> std::optional<HttpReply> {
      if (++calls > 3) return std::nullopt;
      return HttpReply{.status = status, .headers = {{"Retry-After", "0"}}, .hang_up = status == 0};
    };
    server.intercept([&](const auto&) { return trouble(at_hub); },
                     [&](const auto&) { return trouble(at_storage); });
    EXPECT_EQ(weights(), kWeights) << status;
    EXPECT_EQ(at_storage, 4) << status;
  }
}

TEST_F(DownloadTest, TheServerSaysHowLongToWait) {
  std::atomic<int> calls = 0;
  server.intercept([&](const auto&) -> std::optional<HttpReply> {
    if (++calls > 1) return std::nullopt;
    return HttpReply{.status = 429, .headers = {{"Retry-After", "1"}}};
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(weights(), kWeights);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(DownloadTest, WrongContentsAreAnErrorAndRemoved) {
  std::string wrong = kWeights;
  wrong[1000] = 'x';
  server.intercept({}, [&](const HttpRequestSeen& request) { return HubServer::content(request, wrong); });
  const std::string message = error_of();
  EXPECT_THAT(message, HasSubstr("model.safetensors arrived damaged: its SHA-256 is"));
  EXPECT_THAT(message, HasSubstr(HubServer::etag_of({kWeights, true})));
  EXPECT_FALSE(fs::exists(partial()));
  EXPECT_FALSE(fs::exists(blob()));
  EXPECT_FALSE(fs::exists(model() / "refs" / "main"));
  server.intercept({});
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, WrongContentsOfSmallFilesToo) {
  server.intercept([&](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    if (request.method != "GET" || !request.target.ends_with("vocab.txt")) return std::nullopt;
    return HttpReply{.body = "[UNK]\n[PAD]\n"};
  });
  EXPECT_THAT(error_of(), HasSubstr("vocab.txt arrived damaged: its git SHA-1 is"));
}

TEST_F(DownloadTest, APartialFileOfOtherContentsIsFoundOut) {
  write_partial("not its beginning");
  EXPECT_THAT(error_of(), HasSubstr("arrived damaged"));
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, MoreThanWasAnnouncedIsRefused) {
  server.intercept({}, [&](const HttpRequestSeen&) { return HttpReply{.body = kWeights + kWeights}; });
  EXPECT_THAT(error_of(), HasSubstr("sends more of model.safetensors than the 300007 bytes"));
}

TEST_F(DownloadTest, WeakTagsAndAbsoluteRedirectsOfTheSameHost) {
  server.intercept([&](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    const std::string cached = "/api/resolve-cache/config.json";
    if (request.target.ends_with("/resolve/main/config.json"))
      return HttpReply{.status = 307, .headers = {{"Location", cached + "?x=1"}}};
    if (request.target != cached + "?x=1") return std::nullopt;
    HttpReply reply = HubServer::content(request, testing::kConfig);
    reply.headers.emplace_back("ETag", "W/\"" + HubServer::etag_of({testing::kConfig}) + "\"");
    reply.headers.emplace_back("X-Repo-Commit", std::string(40, '0'));
    return reply;
  });
  server.repository("owner/name").commit = std::string(40, '0');
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, RedirectLoopsEnd) {
  server.intercept([&](const HttpRequestSeen& request) {
    return HttpReply{.status = 302, .headers = {{"Location", request.target}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("redirects in circles"));
  EXPECT_LE(server.hub().requests().size(), 11U);
  server.intercept({}, [&](const HttpRequestSeen& request) {
    return HttpReply{.status = 302, .headers = {{"Location", request.target}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("redirects in circles"));
}

TEST_F(DownloadTest, RedirectsLeadNowhereButToTheWeb) {
  const auto secret = directory.write("secret", "secret");
  server.intercept([&](const HttpRequestSeen&) {
    return HttpReply{.status = 302, .headers = {{"Location", "file://" + secret.string()}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("only http and https"));
}

TEST_F(DownloadTest, TheTokenGoesToTheHubAlone) {
  server.repository("owner/name").token = "hf_secret";
  HubOptions with_token = options();
  with_token.token = "hf_secret";
  EXPECT_EQ(read(resolve_model("owner/name", with_token) / "model.safetensors"), kWeights);
  for (const HttpRequestSeen& request : server.hub().requests())
    EXPECT_EQ(request.header("authorization"), "Bearer hf_secret");
  ASSERT_FALSE(server.storage().requests().empty());
  for (const HttpRequestSeen& request : server.storage().requests())
    EXPECT_EQ(request.header("authorization"), "");
}

TEST_F(DownloadTest, TheTokenDoesNotComeBackFromAnotherHost) {
  HubOptions with_token = options();
  with_token.token = "hf_secret";
  server.intercept({}, [&](const HttpRequestSeen&) {
    return HttpReply{.status = 302, .headers = {{"Location", server.url() + "/elsewhere"}}};
  });
  EXPECT_NE(error_of([&] { resolve_model("owner/name", with_token); }), "");
  bool reached = false;
  for (const HttpRequestSeen& request : server.hub().requests()) {
    if (request.target != "/elsewhere") continue;
    reached = true;
    EXPECT_EQ(request.header("authorization"), "");
  }
  EXPECT_TRUE(reached);
}

TEST_F(DownloadTest, ProgressEndsAtTheWhole) {
  HubOptions watched = options();
  std::uint64_t last = 0, total = 0;
  watched.on_progress = [&](const DownloadProgress& progress) {
    if (progress.file != "model.safetensors") return;
    EXPECT_GT(progress.done, last);
    last = progress.done, total = progress.total;
  };
  resolve_model("owner/name", watched);
  EXPECT_EQ(last, kWeights.size());
  EXPECT_EQ(total, kWeights.size());
}

TEST_F(DownloadTest, AnInterruptionKeepsWhatArrived) {
  HubOptions stopped = options();
  bool stop = false;
  stopped.on_progress = [&](const DownloadProgress& progress) {
    stop = progress.file == "model.safetensors";
  };
  stopped.interrupted = [&] { return stop; };
  try {
    resolve_model("owner/name", stopped);
    FAIL() << "it went on";
  } catch (const Interrupted& interrupted) {
    EXPECT_THAT(interrupted.what(), HasSubstr("the same command continues from there"));
  }
  const std::string arrived = read(partial());
  EXPECT_FALSE(arrived.empty());
  EXPECT_EQ(weights(), kWeights);
}

TEST_F(DownloadTest, AnInterruptionEndsTheWaitingBetweenAttempts) {
  server.intercept([](const auto&) { return HttpReply{.status = 503}; });
  HubOptions stopped = options();
  stopped.first_retry_wait = std::chrono::hours(1);
  stopped.interrupted = [&] { return !server.hub().requests().empty(); };
  EXPECT_THROW(resolve_model("owner/name", stopped), Interrupted);
}

TEST_F(DownloadTest, TextsOfUnbelievableSizeAreRefused) {
  server.intercept([&](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    if (!request.target.ends_with("vocab.txt")) return std::nullopt;
    return HttpReply{.headers = {{"X-Repo-Commit", server.repository("owner/name").commit},
                                 {"ETag", std::string(40, 'a')},
                                 {"X-Linked-Size", "536870913"}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("vocab.txt is said to have 536870913 bytes"));
  EXPECT_EQ(server.count("GET", "vocab.txt"), 0U);
}

TEST_F(DownloadTest, ADiskThatIsTooSmallIsSaidBefore) {
  server.intercept([&](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    if (!request.target.ends_with("model.safetensors")) return std::nullopt;
    return HttpReply{.status = 302,
                     .headers = {{"Location", server.storage().url() + "/x"},
                                 {"X-Repo-Commit", server.repository("owner/name").commit},
                                 {"X-Linked-Etag", HubServer::etag_of({kWeights, true})},
                                 {"X-Linked-Size", "1000000000000000000"}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("model.safetensors needs 953674316407 MiB and the disk has"));
  EXPECT_THAT(server.storage().requests(), IsEmpty());
}

TEST_F(DownloadTest, ADiskThatFillsUpIsSaidAndWhatArrivedIsKept) {
  std::signal(SIGXFSZ, SIG_IGN);
  const fs::path where = partial();  // computed while files may be large
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(message, HasSubstr("free some space or choose another place"));
  EXPECT_THAT(message, HasSubstr(where.string()));
  EXPECT_EQ(fs::file_size(partial()), 100'000U);
  EXPECT_EQ(weights(), kWeights);
}

}  // namespace
}  // namespace bertune
