// A hub on this machine, an empty cache, and an environment that names neither.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bertune/error.h"
#include "bertune/hub.h"
#include "support/hub_server.h"
#include "support/temporary_directory.h"

namespace bertune::testing {

inline const std::string kConfig = R"({"model_type": "bert"})";
inline const std::string kWeights = std::string(300'000, 'w') + "the end";

class HubTest : public ::testing::Test {
 protected:
  HubTest() {
    for (const char* name :
         {"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME",
          "HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE",
          "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy",
          "ALL_PROXY"}) {
      ::unsetenv(name);
    }
    ::setenv("HOME", (directory.path() / "home").c_str(), 1);
    auto& repository = server.repository("owner/name");
    repository.files["config.json"] = {kConfig};
    repository.files["vocab.txt"] = {"[PAD]\n[UNK]\n"};
    repository.files["model.safetensors"] = {kWeights, true};
  }

  HubOptions options() {
    HubOptions options;
    options.cache_dir = cache();
    options.endpoint = server.url();
    options.first_retry_wait = std::chrono::milliseconds(1);
    options.on_note = [this](std::string_view line) { notes.emplace_back(line); };
    return options;
  }
  std::filesystem::path cache() const { return directory.path() / "cache"; }
  std::filesystem::path model() const { return cache() / "models--owner--name"; }
  std::string read(const std::filesystem::path& path) const {
    return directory.read(path.lexically_relative(directory.path()).string());
  }
  std::vector<std::string> files_of(const std::filesystem::path& folder) const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  // The message of the Error, or "".
  static std::string error_of(const std::function<void()>& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string error_of(const std::string& name = "owner/name") {
    return error_of([&] { resolve_model(name, options()); });
  }

  TemporaryDirectory directory;
  HubServer server;
  std::vector<std::string> notes;
};

}  // namespace bertune::testing
