// Models by name, on the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/hub_server.h"
#include "support/program.h"
#include "support/tiny_checkpoint.h"

namespace bertune {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::HttpReply, testing::HttpRequestSeen, testing::HubServer, testing::Program,
    testing::ProgramResult;
using ::testing::Not;

class HubProgramTest : public ::testing::Test {
 protected:
  HubProgramTest() {
    testing::write_tiny_checkpoint(directory_.path() / "checkpoint");
    for (const char* name : {"config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"}) {
      server_.repository("owner/tiny-bert").files[name] = {directory_.read(std::string("checkpoint/") + name),
                                                           std::string(name) == "model.safetensors"};
    }
  }

  std::function<void()> environment(bool offline = false) {
    server_.publish();
    return [this, offline] {
      ::setenv("HF_HOME", (directory_.path() / "hf").c_str(), 1);
      ::setenv("HF_ENDPOINT", server_.url().c_str(), 1);
      for (const char* name :
           {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "HF_TOKEN", "http_proxy"})
        ::unsetenv(name);
      if (offline) ::setenv("HF_HUB_OFFLINE", "1", 1);
      if (::chdir(directory_.path().c_str()) != 0) ::_exit(126);
    };
  }
  ProgramResult run(const std::vector<std::string>& arguments, const std::string& input = "",
                    bool offline = false) {
    return testing::run(arguments, input, environment(offline));
  }
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  fs::path blobs() const { return directory_.path() / "hf" / "hub" / "models--owner--tiny-bert" / "blobs"; }

  testing::TemporaryDirectory directory_;
  HubServer server_;
};

TEST_F(HubProgramTest, EveryCommandTakesAName) {
  const ProgramResult tokens = run({"tokenize", "--model", "owner/tiny-bert"}, "good film\n");
  EXPECT_EQ(tokens.exit_code, 0) << tokens.err;
  EXPECT_EQ(tokens.out, run({"tokenize", "--model", path("checkpoint")}, "good film\n").out);
  EXPECT_THAT(tokens.err, HasSubstr("note: owner/tiny-bert: downloading revision main from"));
  EXPECT_EQ(server_.count("GET", "model.safetensors"), 0U);  // it needs no weights

  EXPECT_EQ(run({"inspect", "owner/tiny-bert", "--json"}).exit_code, 0);
  directory_.write("train.csv", testing::tiny_dataset(32));
  const ProgramResult trained =
      run({"train", "--model_name_or_path", "owner/tiny-bert", "--train", "train.csv", "--output", "out",
           "--epochs", "1", "--max-length", "16", "--quiet"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(run({"predict", "--model", "out"}, "good film\n").exit_code, 0);
  // The file that repeats the run holds the commit, for the branch may move.
  EXPECT_THAT(directory_.read("out/run.yaml"),
              ::testing::ContainsRegex("\nmodel: \"owner/tiny-bert@[0-9a-f]+\""));

  auto& trained_repository = server_.repository("owner/trained");
  for (const auto& entry : fs::directory_iterator(directory_.path() / "out")) {
    const std::string name = entry.path().filename();
    if (entry.is_regular_file()) trained_repository.files[name] = {directory_.read("out/" + name)};
  }
  const ProgramResult by_folder = run({"predict", "--model", "out"}, "good film\n");
  const ProgramResult by_name = run({"predict", "--model", "owner/trained"}, "good film\n");
  EXPECT_EQ(by_name.out, by_folder.out) << by_name.err;
  EXPECT_EQ(run({"evaluate", "--model", "owner/trained", "--test", "train.csv", "--json"}).exit_code, 0);
  EXPECT_EQ(
      run({"convert", "--model", "owner/tiny-bert", "--output", "half", "--save-dtype", "float16"}).exit_code,
      0);
}

// An adapter of a model by name can be taken to another machine: it names the model, and the commit that it
// was trained on.
TEST_F(HubProgramTest, AnAdapterNamesItsBaseAsItWasGiven) {
  directory_.write("train.csv", testing::tiny_dataset(32));
  const std::vector<std::string> train = {"--train", "train.csv", "--epochs", "1",
                                          "--quiet", "--seed",    "1",        "--max-length",
                                          "16",      "--threads", "1"};
  const auto trained = [&](const std::string& model, const std::string& output, std::vector<std::string> more,
                           bool offline = false) {
    std::vector<std::string> arguments = {"train", "--model", model, "--output", output};
    arguments.insert(arguments.end(), train.begin(), train.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = run(arguments, "", offline);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(directory_.read(output + "/adapter_config.json"));
  };
  const std::vector<std::string> lora = {"--lora", "--lora-rank", "2"};
  const auto of_folder = trained(path("checkpoint"), "of-folder", lora);
  EXPECT_EQ(of_folder.at("base_model_name_or_path"), path("checkpoint"));
  EXPECT_FALSE(of_folder.contains("revision"));
  const std::string commit = server_.repository("owner/tiny-bert").commit;
  for (const std::string name : {"owner/tiny-bert", "owner/tiny-bert@main"}) {
    const auto config = trained(name, "adapter", {"--lora", "--lora-rank", "2", "--overwrite"});
    EXPECT_EQ(config.at("base_model_name_or_path"), "owner/tiny-bert");
    EXPECT_EQ(config.at("revision"), commit);
  }
  EXPECT_EQ(directory_.read("adapter/adapter_model.safetensors"),
            directory_.read("of-folder/adapter_model.safetensors"));
  const auto predict = [&](std::vector<std::string> more = {}, bool offline = false) {
    more.insert(more.begin(), {"predict", "--model", "adapter"});
    return run(more, "good film\n", offline);
  };
  const std::string expected = run({"predict", "--model", "of-folder"}, "good film\n").out;
  server_.hub().forget_requests();
  EXPECT_EQ(predict().out, expected);
  EXPECT_TRUE(server_.hub().requests().empty());  // a commit never changes

  fs::remove_all(directory_.path() / "hf");  // another machine
  const ProgramResult without = predict({}, true);
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(
      without.err,
      ::testing::AllOf(HasSubstr("adapter_config.json: base_model_name_or_path is \"owner/tiny-bert\""),
                       HasSubstr("at revision " + commit), HasSubstr("downloading is switched off")));
  const ProgramResult downloaded = predict();
  EXPECT_EQ(downloaded.out, expected);
  EXPECT_THAT(downloaded.err, HasSubstr("owner/tiny-bert: downloading revision " + commit));
  EXPECT_EQ(predict({"--cache-dir", path("mine")}).out, expected);
  EXPECT_TRUE(fs::exists(directory_.path() / "mine" / "models--owner--tiny-bert" / "snapshots" / commit));

  server_.stop();
  const ProgramResult inspected = run({"inspect", "adapter", "--json"}, "", true);
  const auto described = nlohmann::json::parse(inspected.out);
  EXPECT_EQ(described.at("adapter").at("base_model_name_or_path"), "owner/tiny-bert");
  EXPECT_THAT(described.at("base").at("directory").get<std::string>(), ::testing::EndsWith(commit));
  EXPECT_EQ(run({"evaluate", "--model", "adapter", "--test", "train.csv"}, "", true).exit_code, 0);
  EXPECT_EQ(run({"convert", "--merge", "--model", "adapter", "--output", "merged"}, "", true).exit_code, 0);
  EXPECT_EQ(run({"predict", "--model", "merged"}, "good film\n").out, expected);
  const auto further = trained("adapter", "further", {}, true);
  EXPECT_EQ(further.at("base_model_name_or_path"), "owner/tiny-bert");
  EXPECT_EQ(further.at("revision"), commit);
  // As PEFT leaves a folder: configuration and tokenizer are those of the base.
  for (const char* name : {"config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"})
    fs::remove(directory_.path() / "adapter" / name);
  const ProgramResult bare = predict({"--cache-dir", path("mine")}, true);
  EXPECT_EQ(bare.exit_code, 0) << bare.err;

  fs::remove_all(directory_.path() / "hf");  // a folder of that name comes first
  fs::create_directory(directory_.path() / "owner");
  fs::copy(directory_.path() / "checkpoint", directory_.path() / "owner" / "tiny-bert");
  EXPECT_EQ(predict({}, true).out, bare.out);
}

TEST_F(HubProgramTest, OfflineAndFlags) {
  EXPECT_EQ(run({"inspect", "owner/tiny-bert", "--cache_dir", path("mine"), "--revision", "main"}).exit_code,
            0);
  EXPECT_TRUE(fs::exists(directory_.path() / "mine" / "models--owner--tiny-bert" / "refs" / "main"));
  const ProgramResult lacking = run({"inspect", "owner/tiny-bert"}, "", true);
  EXPECT_EQ(lacking.exit_code, 1);
  EXPECT_THAT(lacking.err, HasSubstr("downloading is switched off"));
  server_.stop();
  const ProgramResult there = run({"inspect", "owner/tiny-bert", "--cache-dir", path("mine")}, "", true);
  EXPECT_EQ(there.exit_code, 0) << there.err;
  EXPECT_EQ(there.err, "");
  EXPECT_EQ(run({"inspect", "owner/tiny-bert", "--revision", "a..b"}).exit_code, 2);
}

TEST_F(HubProgramTest, CtrlCKeepsWhatArrivedAndTheSameCommandGoesOn) {
  const std::string weights = server_.repository("owner/tiny-bert").files["model.safetensors"].content;
  std::atomic<bool> release = false;
  server_.intercept({}, [&](const HttpRequestSeen& request) {
    HttpReply reply = HubServer::content(request, weights);
    reply.stall_after = 1000, reply.stalled_until = [&] { return release.load(); };
    return reply;
  });
  const std::string etag = HubServer::etag_of({weights, true});
  const fs::path partial = blobs() / (etag + ".incomplete");
  Program program({"inspect", "owner/tiny-bert"}, "", environment());
  std::error_code error;
  ASSERT_TRUE(program.wait_until(
      [&] { return fs::exists(partial, error) && fs::file_size(partial, error) == 1000; }));
  program.signal(SIGINT);
  const ProgramResult interrupted = program.wait();
  EXPECT_EQ(interrupted.exit_code, 130);
  EXPECT_THAT(interrupted.err, HasSubstr("the same command continues from there"));
  EXPECT_EQ(fs::file_size(partial), 1000U);
  release = true;
  server_.storage().forget_requests();
  server_.intercept({});
  EXPECT_EQ(run({"inspect", "owner/tiny-bert"}).exit_code, 0);
  ASSERT_EQ(server_.storage().requests().size(), 1U);
  EXPECT_EQ(server_.storage().requests()[0].header("range"), "bytes=1000-");
  EXPECT_TRUE(fs::exists(blobs() / etag));
}

TEST_F(HubProgramTest, ASecondProcessWaitsForTheFirstAndFindsTheFile) {
  const std::string weights = server_.repository("owner/tiny-bert").files["model.safetensors"].content;
  std::atomic<bool> release = false;
  server_.intercept({}, [&](const HttpRequestSeen& request) {
    HttpReply reply = HubServer::content(request, weights);
    reply.stall_after = 1000, reply.stalled_until = [&] { return release.load(); };
    return reply;
  });
  Program first({"inspect", "owner/tiny-bert", "--json"}, "", environment());
  ASSERT_TRUE(first.wait_until([&] { return !server_.storage().requests().empty(); }));
  Program second({"inspect", "owner/tiny-bert", "--json"}, "", environment());
  ASSERT_TRUE(second.wait_until([&] {
    return second.err().find("another process is downloading model.safetensors: waiting") !=
           std::string::npos;
  }));
  release = true;
  const ProgramResult one = first.wait(), two = second.wait();
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(one.out, two.out);
  EXPECT_EQ(server_.count("GET", "model.safetensors"), 1U);
}

}  // namespace
}  // namespace bertune
