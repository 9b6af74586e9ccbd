// Who may ask, projects and their files, and names that mean harm.
#include <gmock/gmock.h>

#include <cerrno>

#include "core/writing.h"
#include "studio/opened.h"
#include "studio/token.h"

namespace bertune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Opened;

const std::string kTokenPath = std::string("/") + testing::kToken;

TEST(StudioAccess, OnlyWhoKnowsTheTokenMayAsk) {
  Opened opened;
  EXPECT_EQ(opened.raw("GET", kTokenPath + "/api/studio").status, 200);
  for (const std::string path : {"/", "/api/studio", "/0123456789abcdef0123456789abcdee/api/studio",
                                 "//api/studio", "/0/", "/0123456789abcdef0123456789abcdef0/api/studio"})
    EXPECT_EQ(opened.raw("GET", path).status, 403) << path;
}

TEST(StudioAccess, OtherSitesAndNamesMayNotAsk) {
  Opened opened;
  const auto status = [&](const serve::Headers& headers) {
    return opened.raw("GET", kTokenPath + "/api/studio", "", headers).status;
  };
  EXPECT_EQ(status({{"Host", "localhost:8765"}}), 200);
  EXPECT_EQ(status({{"Host", "evil.example"}}), 421);
  EXPECT_EQ(status({{"Host", "127.0.0.1"}, {"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(status({{"Host", "127.0.0.1:1"}, {"Origin", "http://127.0.0.1:1"}}), 200);
}

TEST(StudioAccess, AnswersAreForThePageAlone) {
  Opened opened;
  const auto policy = [&](const std::string& path) {
    for (const auto& [name, value] : opened.ask(path).headers)
      if (name == "Content-Security-Policy") return value;
    return std::string();
  };
  EXPECT_THAT(policy("/"), HasSubstr("default-src 'none'; style-src 'self'; script-src 'self'"));
  EXPECT_THAT(policy("/api/studio"), HasSubstr("sandbox"));
  EXPECT_EQ(opened.status("/api/nothing"), 404);
  EXPECT_EQ(opened.ask("/api/studio", "", "DELETE").status, 405);
  EXPECT_EQ(opened.status("/api/quit", "{}"), 403);
}

TEST(StudioAccess, ATokenStaysWithItsFolder) {
  const testing::TemporaryDirectory files;
  const std::string token = studio::token_of(files.path());
  EXPECT_EQ(token.size(), 32U);
  EXPECT_EQ(studio::token_of(files.path()), token);
  const auto rights = std::filesystem::status(files.path() / ".studio-token").permissions();
  EXPECT_EQ(rights & std::filesystem::perms::all,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  files.write(".studio-token", "short");
  EXPECT_NE(studio::token_of(files.path()), "short");
}

TEST(StudioProjects, NamesBecomeFoldersThatHarmNothing) {
  Opened opened;
  EXPECT_EQ(opened.create("Support tickets"), "support-tickets");
  EXPECT_EQ(opened.create("Support tickets"), "support-tickets-2");
  EXPECT_EQ(opened.create("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(opened.create("客户"), "project");
  EXPECT_EQ(opened.json("/api/projects/project").at("settings").at("name"), "客户");
  EXPECT_EQ(opened.status("/api/projects", R"({"name":""})"), 422);
  EXPECT_EQ(opened.status("/api/projects", R"({"name":"a\u001bb"})"), 422);
  EXPECT_EQ(opened.status("/api/projects", "{"), 400);
  EXPECT_EQ(opened.json("/api/studio").at("projects").size(), 4U);
}

TEST(StudioProjects, PathsLeadNowhereElse) {
  Opened opened;
  opened.files.write("secret/project.json", "{}");
  for (const std::string id : {"..", "../secret", "%2e%2e", ".", "-x", "A", "..%2fsecret"})
    EXPECT_EQ(opened.status("/api/projects/" + id), 404) << id;
  const std::string id = opened.create();
  for (const std::string run : {"run-0", "run-1", "..", "run-1.json", "run-01x"})
    EXPECT_EQ(opened.status(Opened::path_of(id, "runs/" + run + "/report")), 404) << run;
}

TEST(StudioProjects, OnlyKnownSettingsChange) {
  Opened opened;
  const std::string id = opened.create();
  const std::string path = Opened::path_of(id, "settings");
  EXPECT_EQ(opened.json(path, R"({"columns":{"text":"überschrift"},"task":"text-classification"})")
                .at("settings")
                .at("columns")
                .at("text"),
            "überschrift");
  for (const char* body :
       {R"({"unknown":1})", R"({"training":{"epochs":-1}})", R"({"training":{"output":"/etc"}})",
        R"({"training":{"max_length":1.5}})", R"({"training":{"method":"best"}})",
        R"({"training":{"long_text":7}})", R"({"training":{"search_minutes":0}})",
        R"({"columns":{"other":"x"}})", R"({"model":7})", R"({"roles":{"nothing.csv":"train"}})", R"([])",
        R"({"max_bad_rows":-1})"})
    EXPECT_EQ(opened.status(path, body), 422) << body;
}

TEST(StudioProjects, AProjectIsRemovedWithAllThatItHolds) {
  Opened opened;
  const std::string id = opened.create();
  opened.send(id, "a.csv", "text,label\nx,y\n");
  EXPECT_EQ(opened.status(Opened::path_of(id, "remove"), "{}"), 200);
  EXPECT_FALSE(std::filesystem::exists(opened.folder(id)));
  EXPECT_EQ(opened.status(Opened::path_of(id)), 404);
}

TEST(StudioFiles, NamesLoseWhatCouldBeAPathOrACommand) {
  using studio::safe_file_name;
  EXPECT_EQ(safe_file_name("Überprüfung 客户.csv"), "Überprüfung 客户.csv");
  EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("C:\\data\\a.csv"), "a.csv");
  EXPECT_EQ(safe_file_name("..."), "data");
  EXPECT_EQ(safe_file_name("--output=x"), "output=x");
  EXPECT_EQ(safe_file_name("a\nb\x1b#c:d"), "a_b__c_d");
  EXPECT_EQ(safe_file_name("\xe2\x80\xaegnp.exe"), "_gnp.exe");
  EXPECT_EQ(safe_file_name("\xff.csv"), "_.csv");
  const std::string longest = safe_file_name(std::string(500, 'x') + ".csv");
  EXPECT_EQ(longest.size(), 120U);
  EXPECT_TRUE(longest.ends_with(".csv"));
}

TEST(StudioFiles, PiecesBecomeAFileAndRolesAreGuessed) {
  Opened opened;
  const std::string id = opened.create();
  EXPECT_EQ(opened.send(id, "البيانات.csv", "text,label\na,b\n"), "البيانات.csv");
  EXPECT_EQ(opened.send(id, "my test.csv", "text,label\na,b\n"), "my test.csv");
  EXPECT_EQ(opened.send(id, "my test.csv", "text,label\nc,d\n"), "my test-2.csv");
  EXPECT_EQ(opened.files.read("projects/" + id + "/data/my test-2.csv"), "text,label\nc,d\n");
  OrderedJson snapshot = opened.json(Opened::path_of(id));
  const auto role = [&](std::size_t at) { return snapshot.at("files").at(at).at("role"); };
  EXPECT_EQ(role(0), "train");
  EXPECT_EQ(role(1), "test");
  EXPECT_EQ(role(2), "other");
  snapshot = opened.json(Opened::path_of(id, "settings"), R"({"roles":{"my test-2.csv":"test"}})");
  EXPECT_EQ(role(1), "other");
  EXPECT_EQ(role(2), "test");
  snapshot = opened.json(Opened::path_of(id, "files/remove"), R"({"name":"my test.csv"})");
  EXPECT_EQ(snapshot.at("files").size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(opened.folder(id) / "data/my test.csv"));
  EXPECT_EQ(opened.status(Opened::path_of(id, "files/remove"), R"({"name":"../project.json"})"), 404);
}

TEST(StudioFiles, PiecesOutOfOrderAndTooManyAreRefused) {
  Opened opened;
  const std::string id = opened.create(), uploads = Opened::path_of(id, "uploads");
  const std::string number = opened.json(uploads, R"({"name":"a.csv","bytes":4})").at("upload");
  EXPECT_EQ(opened.status(uploads + "/" + number + "/2", "cd"), 409);
  EXPECT_EQ(opened.status(uploads + "/" + number + "/0", "abcde"), 422);
  EXPECT_EQ(opened.status(uploads + "/" + number + "/x", "ab"), 422);
  EXPECT_EQ(opened.status(uploads + "/0000000000000000/0", "ab"), 404);
  EXPECT_EQ(opened.json(uploads + "/" + number + "/0", "ab").at("received"), 2);
  EXPECT_EQ(opened.status(uploads, R"({"name":"a.csv","bytes":1000000000000000})"), 507);
  EXPECT_EQ(opened.status(uploads, R"({"name":"a.csv","bytes":0})"), 422);
  EXPECT_EQ(opened.status(uploads, R"({"name":"a.csv","bytes":-1})"), 422);
  // What a studio that ended has left of it is removed when the next one starts.
  const auto left = opened.folder(id) / studio::kWork / ("upload-" + number);
  EXPECT_TRUE(std::filesystem::exists(left));
  opened.open();
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_EQ(opened.status(uploads + "/" + number + "/2", "cd"), 404);
}

// A disk that takes no more.
class FullDisk : public writing::Watcher {
 public:
  FullDisk() { writing::watch(this); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() override { writing::watch(nullptr); }
  ssize_t make(const writing::Change& change) override {
    if (change.call != writing::Call::write) return writing::make(change);
    errno = ENOSPC;
    return -1;
  }
};

TEST(StudioFiles, AFullDiskIsSaidAndTheSamePieceFollowsLater) {
  Opened opened;
  const std::string id = opened.create(), uploads = Opened::path_of(id, "uploads");
  const std::string number = opened.json(uploads, R"({"name":"a.csv","bytes":4})").at("upload");
  {
    const FullDisk full;
    const serve::HttpResponse refused = opened.ask(uploads + "/" + number + "/0", "ab");
    EXPECT_EQ(refused.status, 507);
    EXPECT_THAT(refused.body, HasSubstr("free some space"));
    EXPECT_NE(opened.status(Opened::path_of(id, "settings"), R"({"name":"Other"})"), 200);
  }
  EXPECT_EQ(opened.json(uploads + "/" + number + "/0", "ab").at("received"), 2);
  EXPECT_EQ(opened.json(Opened::path_of(id)).at("settings").at("name"), "Films");
}

}  // namespace
}  // namespace bertune
