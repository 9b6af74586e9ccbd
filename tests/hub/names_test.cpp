// Names of models, addresses, and what the environment says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/cache.h"
#include "hub/http.h"
#include "hub/model_name.h"
#include "hub/settings.h"
#include "hub_fixture.h"

namespace bertune::hub {
namespace {

using ::testing::HasSubstr;

TEST(ModelName, IsReadAsHuggingfaceHubReadsIt) {
  for (const char* text :
       {"bert-base-uncased", "prajjwal1/bert-tiny", "123", "a", "Foo-BAR_foo.bar123", "_a/b_"}) {
    const auto name = parse_model_name(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->repository, text);
    EXPECT_EQ(name->revision, "main");
  }
  const auto name = parse_model_name("owner/name@refs/pr/1");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->repository, "owner/name");
  EXPECT_EQ(name->revision, "refs/pr/1");
}

TEST(ModelName, IsNotWhatCouldLeaveTheCache) {
  for (const char* text : {"",     ".",      "..",     "/",    "/tmp/x", "./x",   "../x", "a/../b",  "a/b/c",
                           "a//b", "a/",     "a--b",   "a..b", ".a",     "a.",    "-a",   "a/b.git", "a b",
                           "a\nb", "~/x",    "a\\b",   "a:b",  "a?b",    "ä",     "a@",   "a@../x",  "a@/x",
                           "a@x/", "a@x//y", "a@x/.y", "a@.x", "a@x y",  "a@x@y", "@main"}) {
    EXPECT_FALSE(parse_model_name(text)) << text;
  }
  EXPECT_TRUE(parse_model_name(std::string(96, 'a')));
  EXPECT_FALSE(parse_model_name(std::string(97, 'a')));
}

TEST(ModelName, CommitsAreFortyDigits) {
  EXPECT_TRUE(is_commit("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(is_commit("main"));
}

TEST(FileName, StaysBelowItsFolder) {
  for (const char* name :
       {"model.safetensors", "model-00001-of-00002.safetensors", "weights/a.bin", "a b.bin", "..a"})
    EXPECT_TRUE(is_file_name(name)) << name;
  for (const char* name : {"", "/a", "..", "../a", "a/../b", "a/..", ".", "a/./b", "a/", "a\\..\\b", "a\nb"})
    EXPECT_FALSE(is_file_name(name)) << name;
}

TEST(Address, RedirectsMayBeRelativeAndStaySecure) {
  EXPECT_EQ(redirect_target("https://a.org/x/y?q", "/z"), "https://a.org/z");
  EXPECT_EQ(redirect_target("https://a.org/x/y", "https://b.org/z?s=1%2F2"), "https://b.org/z?s=1%2F2");
  EXPECT_EQ(redirect_target("http://a.org/x", "https://b.org/z"), "https://b.org/z");
  for (const char* location : {"http://b.org/z", "file:///etc/passwd", "ftp://b.org/z", "gopher://x"})
    EXPECT_THROW(redirect_target("https://a.org/x", location), HubError) << location;
  EXPECT_THROW(redirect_target("http://a.org/x", "file:///etc/passwd"), HubError);
}

TEST(Address, OriginsAreSchemeHostAndPort) {
  EXPECT_TRUE(same_origin("https://a.org/x", "https://A.org:443/y"));
  for (const char* other :
       {"http://a.org/x", "https://a.org:8443/x", "https://b.org/x", "https://a.org.b.org/x", "x"})
    EXPECT_FALSE(same_origin("https://a.org/x", other)) << other;
  EXPECT_EQ(url_quoted("refs/pr/1 é"), "refs%2Fpr%2F1%20%C3%A9");
}

class SettingsTest : public testing::HubTest {};

TEST_F(SettingsTest, TheCacheIsWhereHuggingfaceHubHasIt) {
  const auto place = [](const std::vector<std::pair<const char*, const char*>>& variables) {
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    const std::string found = settings_of({}).cache_dir.string();
    for (const auto& [name, value] : variables) ::unsetenv(name);
    return found;
  };
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(place({}), "/home/me/.cache/huggingface/hub");
  EXPECT_EQ(place({{"XDG_CACHE_HOME", "/xdg"}}), "/xdg/huggingface/hub");
  EXPECT_EQ(place({{"XDG_CACHE_HOME", "/xdg"}, {"HF_HOME", "~/hf"}}), "/home/me/hf/hub");
  EXPECT_EQ(place({{"HF_HOME", "/hf"}, {"TRANSFORMERS_CACHE", "/t"}}), "/t");
  EXPECT_EQ(place({{"TRANSFORMERS_CACHE", "/t"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}), "/old");
  EXPECT_EQ(place({{"HUGGINGFACE_HUB_CACHE", "/old"}, {"HF_HUB_CACHE", "/new"}}), "/new");
  EXPECT_EQ(place({{"HF_HUB_CACHE", ""}}), "/home/me/.cache/huggingface/hub");
  EXPECT_EQ(settings_of({.cache_dir = "/mine"}).cache_dir, "/mine");
}

TEST_F(SettingsTest, TheTokenIsThatOfTheEnvironmentOrTheLogin) {
  EXPECT_EQ(settings_of({}).token, "");
  directory.write("home/.cache/huggingface/token", "hf_login\n");
  EXPECT_EQ(settings_of({}).token, "hf_login");
  ::setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1", 1);
  EXPECT_EQ(settings_of({}).token, "");
  ::setenv("HF_TOKEN", " hf_environment ", 1);
  EXPECT_EQ(settings_of({}).token, "hf_environment");
  EXPECT_EQ(settings_of({.token = "hf_flag"}).token, "hf_flag");
  ::unsetenv("HF_TOKEN"), ::unsetenv("HF_HUB_DISABLE_IMPLICIT_TOKEN");
  ::setenv("HF_TOKEN_PATH", directory.write("token", "hf_path").c_str(), 1);
  EXPECT_EQ(settings_of({}).token, "hf_path");
  EXPECT_THAT(error_of([] { settings_of({.token = "a\r\nCookie: b"}); }), HasSubstr("control characters"));
}

TEST_F(SettingsTest, OfflineAndEndpoint) {
  EXPECT_FALSE(settings_of({}).offline);
  EXPECT_EQ(settings_of({}).endpoint, "https://huggingface.co");
  for (const char* variable : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    for (const auto& [value, offline] :
         {std::pair{"1", true}, {"yes", true}, {"TRUE", true}, {"0", false}, {"no", false}}) {
      ::setenv(variable, value, 1);
      EXPECT_EQ(settings_of({}).offline, offline) << variable << " " << value;
    }
    ::unsetenv(variable);
  }
  ::setenv("HF_ENDPOINT", "https://hf-mirror.example/", 1);
  EXPECT_EQ(settings_of({}).endpoint, "https://hf-mirror.example");
  for (const char* wrong :
       {"huggingface.co", "ftp://huggingface.co", "file:///", "https://user@host", "https://a b"})
    EXPECT_THAT(error_of([&] { settings_of({.endpoint = wrong}); }), HasSubstr("HF_ENDPOINT")) << wrong;
}

}  // namespace
}  // namespace bertune::hub
