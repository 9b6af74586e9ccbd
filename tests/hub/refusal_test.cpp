// What a person reads when the hub does not give a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "hub/hub_error.h"
#include "hub_fixture.h"

namespace bertune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::HttpReply, testing::HttpRequestSeen;
using ::testing::Not;

class RefusalTest : public testing::HubTest {
 protected:
  std::string error_with(const HttpReply& reply, const std::string& token = "") {
    server.intercept([reply](const HttpRequestSeen&) { return reply; });
    HubOptions given = options();
    given.token = token;
    return error_of([&] { resolve_model("owner/name", given); });
  }
};

TEST_F(RefusalTest, NoSuchRepository) {
  EXPECT_THAT(error_of("owner/nmae"),
              AllOf(HasSubstr("there is no model owner/nmae on 127.0.0.1, or it is private"),
                    HasSubstr("set HF_TOKEN")));
  EXPECT_THAT(error_with({.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}}, "hf_x"),
              HasSubstr("must be of an account that may read it"));
}

TEST_F(RefusalTest, AFolderOfNearlyThatNameIsNamed) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directories(directory.path() / "my-model");
  std::filesystem::current_path(directory.path());
  EXPECT_THAT(error_of("my-modle"), HasSubstr("is the folder my-model meant?"));
  std::filesystem::current_path(before);
}

// Found by fuzzing: libcurl 7.88 added it to a header of the answer before, whose memory was free.
TEST_F(RefusalTest, AFirstHeaderThatGoesOnFromALineBefore) {
  std::atomic<int> answers = 0;
  server.intercept([&](const HttpRequestSeen&) {
    HttpReply reply{.status = 503};
    if (++answers > 1) reply.first_lines = "  goes-on: from a line before\r\n";
    return reply;
  });
  EXPECT_THAT(error_of(), HasSubstr("cannot be downloaded"));
  EXPECT_EQ(answers, 2);  // what a server of this kind says is not asked for again
}

TEST_F(RefusalTest, NoSuchRevision) {
  EXPECT_THAT(error_of("owner/name@v9"), HasSubstr("owner/name has no revision \"v9\""));
}

TEST_F(RefusalTest, NoConfig) {
  server.repository("owner/name").files.erase("config.json");
  EXPECT_THAT(error_of(), HasSubstr("has no file config.json at revision main"));
}

TEST_F(RefusalTest, NoWeightsAndWhatThereIsInstead) {
  auto& files = server.repository("owner/name").files;
  files.erase("model.safetensors");
  EXPECT_THAT(error_of(),
              AllOf(HasSubstr("neither model.safetensors nor pytorch_model.bin"), Not(HasSubstr("it has"))));
  files["tf_model.h5"] = {"tensors", true};
  EXPECT_THAT(error_of(), HasSubstr("; it has tf_model.h5"));
  files["model.safetensors.index.json"] = {R"({"weight_map": {"a": "model-1.safetensors"}})"};
  server.repository("owner/name").commit = std::string(40, 'd');
  EXPECT_THAT(error_of(), HasSubstr("names model-1.safetensors, which is not there"));
}

TEST_F(RefusalTest, GatedModels) {
  server.repository("owner/name").token = "hf_right";
  server.repository("owner/name").gated = true;
  EXPECT_THAT(error_of(), AllOf(HasSubstr("owner/name is gated: agree to its conditions at " + server.url() +
                                          "/owner/name"),
                                HasSubstr("set HF_TOKEN")));
  HubOptions wrong = options();
  wrong.token = "hf_wrong";
  EXPECT_THAT(error_of([&] { resolve_model("owner/name", wrong); }), HasSubstr("has not been let in yet"));
  wrong.token = "hf_right";
  EXPECT_EQ(error_of([&] { resolve_model("owner/name", wrong); }), "");
}

TEST_F(RefusalTest, ExpiredTokens) {
  EXPECT_THAT(error_with({.status = 401,
                          .headers = {{"X-Error-Message", "Invalid credentials in Authorization header"}}},
                         "hf_old"),
              AllOf(HasSubstr("the access token is wrong or has expired"), Not(HasSubstr("hf_old"))));
}

TEST_F(RefusalTest, OtherRefusals) {
  EXPECT_THAT(
      error_with({.status = 403, .headers = {{"X-Error-Message", "Access \x1b[31mdisabled"}}}),
      AllOf(HasSubstr("refuses config.json (answer 403: Access ?[31mdisabled)"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(error_with({.status = 503}),
              HasSubstr("answers 503 when asked for config.json; it is in trouble"));
  EXPECT_THAT(error_with({.status = 429, .headers = {{"Retry-After", "0"}}}), HasSubstr("asked too often"));
  EXPECT_THAT(error_with({.status = 418}), HasSubstr("answers 418"));
}

TEST_F(RefusalTest, AnswersOfSomethingElseThanAHub) {
  const std::string page = "<html>Welcome to the hotel's network</html>";
  EXPECT_THAT(
      error_with({.headers = {{"Content-Type", "text/html"}}, .body = page}),
      AllOf(HasSubstr("names no commit"), HasSubstr("its answer is text/html"), HasSubstr("login page")));
  const std::pair<std::string, std::string> commit = {"X-Repo-Commit", std::string(40, '1')};
  EXPECT_THAT(error_with({.headers = {commit}, .body = page}), HasSubstr("gives no checksum"));
  EXPECT_THAT(error_with({.headers = {commit, {"ETag", "\"../../../etc/passwd\""}}}),
              HasSubstr("gives no checksum"));
  EXPECT_THAT(error_with({.headers = {{"X-Repo-Commit", "../../x"}, {"ETag", std::string(40, '1')}}}),
              HasSubstr("names no commit"));
  EXPECT_THAT(error_with({.status = 404, .body = page}),
              HasSubstr("answers 404 without saying what is missing"));
  EXPECT_THAT(error_with({.headers = {{"X-Long", std::string(90'000, 'x')},
                                      {"X-Long", std::string(90'000, 'x')},
                                      {"X-Long", std::string(90'000, 'x')}}}),
              HasSubstr("127.0.0.1"));
}

TEST_F(RefusalTest, APageInsteadOfAFile) {
  server.intercept([](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    if (request.method == "HEAD") return std::nullopt;
    return HttpReply{.body = "<html>"};
  });
  EXPECT_THAT(error_of(), HasSubstr("config.json"));
}

TEST_F(RefusalTest, AnErrorPageWithoutEndIsNotReadToIt) {
  server.intercept({}, [](const HttpRequestSeen&) {
    return HttpReply{.status = 403, .body = std::string(50 << 20, 'x')};
  });
  EXPECT_THAT(error_of(), HasSubstr("answer 403"));
}

TEST_F(RefusalTest, ACommitThatChangesMeanwhile) {
  server.intercept([&](const HttpRequestSeen& request) -> std::optional<HttpReply> {
    if (!request.target.ends_with("vocab.txt")) return std::nullopt;
    return HttpReply{.headers = {{"X-Repo-Commit", std::string(40, '2')}, {"ETag", std::string(40, '3')}}};
  });
  EXPECT_THAT(error_of(), HasSubstr("the hub answers of commit 2222"));
}

TEST_F(RefusalTest, NoNetwork) {
  HubOptions nowhere = options();
  nowhere.endpoint = "http://no-such-host.invalid";
  const auto start = std::chrono::steady_clock::now();
  nowhere.first_retry_wait = std::chrono::hours(1);
  EXPECT_THAT(error_of([&] { resolve_model("owner/name", nowhere); }),
              AllOf(HasSubstr("there is no host no-such-host.invalid"), HasSubstr("not in the cache"),
                    HasSubstr("cannot be downloaded")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(1));
  server.stop();
  EXPECT_THAT(error_of(),
              AllOf(HasSubstr("the connection to 127.0.0.1 failed"), HasSubstr("after 5 attempts")));
}

}  // namespace
}  // namespace bertune
