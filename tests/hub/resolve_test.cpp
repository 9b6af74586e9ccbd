// Where a model is found: folder, cache, hub; and how a download lies in the cache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "hub_fixture.h"

namespace bertune {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kConfig, testing::kWeights, testing::HubServer;
using ::testing::Not;

const std::string kCommit = "0123456789012345678901234567890123456789";

class ResolveTest : public testing::HubTest {};

TEST_F(ResolveTest, AFolderIsItself) {
  const auto folder = directory.path() / "owner" / "name";
  fs::create_directories(folder);
  EXPECT_EQ(resolve_model(folder.string(), options()), folder);
  EXPECT_THAT(server.hub().requests(), IsEmpty());
}

TEST_F(ResolveTest, ADownloadLiesAsHuggingfaceHubHasIt) {
  const fs::path folder = resolve_model("owner/name", options());
  EXPECT_EQ(folder, model() / "snapshots" / kCommit);
  EXPECT_THAT(files_of(folder), ElementsAre("config.json", "model.safetensors", "vocab.txt"));
  EXPECT_EQ(read(folder / "config.json"), kConfig);
  EXPECT_EQ(read(folder / "model.safetensors"), kWeights);
  EXPECT_EQ(read(model() / "refs" / "main"), kCommit);
  const std::string etag = HubServer::etag_of({kWeights, true});
  EXPECT_EQ(fs::read_symlink(folder / "model.safetensors"), "../../blobs/" + etag);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(model() / "blobs" / etag)));
  EXPECT_EQ(files_of(model() / "blobs").size(), 3U);  // and nothing incomplete
  EXPECT_TRUE(fs::exists(cache() / ".locks" / "models--owner--name" / (etag + ".lock")));
  EXPECT_THAT(files_of(model() / ".no_exist" / kCommit),
              ElementsAre("added_tokens.json", "bertune.json", "special_tokens_map.json", "tokenizer.json",
                          "tokenizer_config.json"));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr("owner/name: downloading revision main from " + server.url()));
}

TEST_F(ResolveTest, OnlyWhatIsNeededIsDownloaded) {
  auto& files = server.repository("owner/name").files;
  for (const char* other :
       {"pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "README.md", "onnx/model.onnx"})
    files[other] = {"much", true};
  files["tokenizer.json"] = {"{}"};
  files["bertune.json"] = {"{}"};
  const fs::path folder = resolve_model("owner/name", options());
  EXPECT_THAT(files_of(folder),
              ElementsAre("bertune.json", "config.json", "model.safetensors", "tokenizer.json", "vocab.txt"));
  EXPECT_EQ(server.count("HEAD", "vocab.json"), 0U);
}

TEST_F(ResolveTest, TokenizersOfPairsComeWithBothFiles) {
  auto& files = server.repository("owner/name").files;
  files.erase("vocab.txt");
  files["vocab.json"] = {"{}"}, files["merges.txt"] = {"#version: 0.2\n"};
  EXPECT_THAT(files_of(resolve_model("owner/name", options())),
              ElementsAre("config.json", "merges.txt", "model.safetensors", "vocab.json"));
}

TEST_F(ResolveTest, OldModelsHaveOnePartAndPytorchWeights) {
  auto& repository = server.repository("bert-base-uncased");
  repository.files["config.json"] = {kConfig};
  repository.files["pytorch_model.bin"] = {kWeights, true};
  const fs::path folder = resolve_model("bert-base-uncased", options());
  EXPECT_EQ(folder, cache() / "models--bert-base-uncased" / "snapshots" / kCommit);
  EXPECT_THAT(files_of(folder), ElementsAre("config.json", "pytorch_model.bin"));
}

TEST_F(ResolveTest, ShardsAreThoseOfTheIndex) {
  auto& files = server.repository("owner/name").files;
  files.erase("model.safetensors");
  files["pytorch_model.bin"] = {"not this", true};
  files["model.safetensors.index.json"] = {
      R"({"weight_map": {"a": "model-1.safetensors", "b": "parts/model-2.safetensors", "c": "model-1.safetensors"}})"};
  files["model-1.safetensors"] = {"one", true};
  files["parts/model-2.safetensors"] = {"two", true};
  const fs::path folder = resolve_model("owner/name", options());
  EXPECT_EQ(read(folder / "model-1.safetensors"), "one");
  EXPECT_EQ(read(folder / "parts" / "model-2.safetensors"), "two");
  EXPECT_THAT(fs::read_symlink(folder / "parts" / "model-2.safetensors").string(),
              HasSubstr("../../../blobs/"));
  EXPECT_FALSE(fs::exists(folder / "pytorch_model.bin"));
  fs::remove(folder / "parts" / "model-2.safetensors");
  resolve_model("owner/name", options());  // a shard that went is fetched again
  EXPECT_EQ(read(folder / "parts" / "model-2.safetensors"), "two");
}

TEST_F(ResolveTest, ShardsOutsideOfTheFolderAreRefused) {
  auto& files = server.repository("owner/name").files;
  files.erase("model.safetensors");
  for (const char* name : {"../../../evil", "/etc/evil", "a/../../b"}) {
    files["model.safetensors.index.json"] = {std::string(R"({"weight_map": {"a": ")") + name + "\"}}"};
    server.repository("owner/name").commit[0] =
        static_cast<char>(server.repository("owner/name").commit[0] + 1);
    EXPECT_THAT(error_of(), HasSubstr("cannot be trusted")) << name;
  }
  server.repository("owner/name").commit[0] = '9';
  files["model.safetensors.index.json"] = {"<html>no JSON</html>"};
  EXPECT_THAT(error_of(), HasSubstr("is a web page, not the file itself"));
}

TEST_F(ResolveTest, TheTokenizerComesAloneWhereItIsEnough) {
  HubOptions tokenizer_only = options();
  tokenizer_only.weights = false;
  EXPECT_THAT(files_of(resolve_model("owner/name", tokenizer_only)), ElementsAre("config.json", "vocab.txt"));
  EXPECT_THAT(files_of(resolve_model("owner/name", options())), Contains("model.safetensors"));
}

TEST_F(ResolveTest, WhatSentenceEmbeddingsNeedComesWithTheModel) {
  auto& files = server.repository("owner/name").files;
  files["config.json"] = {R"({"model_type": "bert", "architectures": ["BertModel"]})"};
  files["modules.json"] = {"[]"};
  files["1_Pooling/config.json"] = {R"({"pooling_mode": "cls"})"};
  files["sentence_bert_config.json"] = {"{}"};
  const fs::path folder = resolve_model("owner/name", options());
  EXPECT_EQ(read(folder / "1_Pooling" / "config.json"), R"({"pooling_mode": "cls"})");
  EXPECT_THAT(files_of(folder), ElementsAre("1_Pooling", "config.json", "model.safetensors", "modules.json",
                                            "sentence_bert_config.json", "vocab.txt"));
  server.hub().forget_requests();
  resolve_model("owner/name@" + kCommit, options());
  EXPECT_THAT(server.hub().requests(), IsEmpty());  // what the model lacks is known, too
}

TEST_F(ResolveTest, ASecondTimeAsksOnlyWhetherTheBranchMoved) {
  const fs::path first = resolve_model("owner/name", options());
  server.hub().forget_requests(), server.storage().forget_requests(), notes.clear();
  EXPECT_EQ(resolve_model("owner/name", options()), first);
  EXPECT_EQ(server.hub().requests().size(), 1U);
  EXPECT_EQ(server.count("HEAD", "config.json"), 1U);
  EXPECT_THAT(notes, IsEmpty());

  auto& repository = server.repository("owner/name");
  repository.commit = std::string(40, 'b');
  repository.files["config.json"].content = R"({"model_type": "bert", "new": 1})";
  const fs::path second = resolve_model("owner/name", options());
  EXPECT_EQ(second.filename(), std::string(40, 'b'));
  EXPECT_EQ(read(model() / "refs" / "main"), std::string(40, 'b'));
  EXPECT_EQ(read(second / "config.json"), R"({"model_type": "bert", "new": 1})");
  EXPECT_EQ(server.count("GET", "model.safetensors"), 0U);  // the same contents are there
  EXPECT_EQ(read(second / "model.safetensors"), kWeights);
  EXPECT_EQ(read(first / "config.json"), kConfig);
}

TEST_F(ResolveTest, RevisionsByNameAndFlag) {
  server.repository("owner/name").revisions = {"main", "v1.0", "refs%2Fpr%2F1"};
  resolve_model("owner/name@v1.0", options());
  EXPECT_EQ(read(model() / "refs" / "v1.0"), kCommit);
  EXPECT_FALSE(fs::exists(model() / "refs" / "main"));
  HubOptions flag = options();
  flag.revision = "refs/pr/1";
  resolve_model("owner/name", flag);
  EXPECT_EQ(read(model() / "refs" / "refs" / "pr" / "1"), kCommit);
  EXPECT_THROW(resolve_model("owner/name@v1.0", flag), UsageError);
  flag.revision = "../../x";
  EXPECT_THROW(resolve_model("owner/name", flag), UsageError);
}

TEST_F(ResolveTest, ACommitThatIsThereNeedsNoNetwork) {
  resolve_model("owner/name@" + kCommit, options());
  EXPECT_FALSE(fs::exists(model() / "refs"));
  server.hub().forget_requests();
  EXPECT_EQ(resolve_model("owner/name@" + kCommit, options()), model() / "snapshots" / kCommit);
  EXPECT_THAT(server.hub().requests(), IsEmpty());
}

TEST_F(ResolveTest, OfflineUsesTheCacheInSilence) {
  resolve_model("owner/name", options());
  server.hub().forget_requests(), notes.clear();
  HubOptions offline = options();
  offline.offline = true;
  EXPECT_EQ(resolve_model("owner/name", offline), model() / "snapshots" / kCommit);
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_EQ(resolve_model("owner/name", options()), model() / "snapshots" / kCommit);
  EXPECT_THAT(server.hub().requests(), IsEmpty());
  EXPECT_THAT(notes, IsEmpty());
}

TEST_F(ResolveTest, OfflineSaysWhatTheCacheLacks) {
  ::setenv("TRANSFORMERS_OFFLINE", "1", 1);
  EXPECT_THAT(error_of(), HasSubstr("the cache does not have it at revision main"));
  EXPECT_THAT(error_of(), HasSubstr("HF_HUB_OFFLINE"));
  ::unsetenv("TRANSFORMERS_OFFLINE");
  HubOptions some = options();
  some.weights = false;
  resolve_model("owner/name", some);
  ::setenv("TRANSFORMERS_OFFLINE", "1", 1);
  EXPECT_THAT(error_of(), HasSubstr("no complete weights"));
}

TEST_F(ResolveTest, WithoutANetworkTheCacheIsUsedAndThatIsSaid) {
  const fs::path folder = resolve_model("owner/name", options());
  notes.clear();
  server.stop();
  EXPECT_EQ(resolve_model("owner/name", options()), folder);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr("using owner/name as the cache has it (commit " + kCommit + ")"));
}

TEST_F(ResolveTest, AHubInTroubleOrARefusalLeavesTheCacheToUse) {
  const fs::path folder = resolve_model("owner/name", options());
  for (const int status : {503, 500, 429, 401, 403, 200, 302}) {
    server.intercept([&](const auto&) { return testing::HttpReply{.status = status}; });
    server.hub().forget_requests(), notes.clear();
    EXPECT_EQ(resolve_model("owner/name", options()), folder) << status;
    EXPECT_EQ(server.hub().requests().size(), 1U) << status;  // and without long attempts
    EXPECT_EQ(notes.size(), 1U) << status;
  }
}

TEST_F(ResolveTest, ARevisionThatHasGoneIsAnErrorInSpiteOfTheCache) {
  resolve_model("owner/name", options());
  server.repository("owner/name").revisions.clear();
  EXPECT_THAT(error_of(), HasSubstr("has no revision \"main\""));
}

TEST_F(ResolveTest, AnInterruptedUpdateLeavesTheOldSnapshotForThoseOffline) {
  resolve_model("owner/name", options());
  auto& repository = server.repository("owner/name");
  repository.commit = std::string(40, 'c');
  repository.files["model.safetensors"].content = "other weights";
  server.intercept({}, [](const auto&) { return testing::HttpReply{.status = 404}; });
  EXPECT_NE(error_of(), "");
  EXPECT_EQ(read(model() / "refs" / "main"), kCommit);
  server.stop();
  EXPECT_EQ(resolve_model("owner/name", options()), model() / "snapshots" / kCommit);
}

TEST_F(ResolveTest, ACacheOfHuggingfaceHubIsUsedAsItIs) {
  // As Python leaves it: no marks of missing files, a final newline in a ref of an old version.
  directory.write("cache/models--owner--name/refs/main", kCommit + "\n");
  directory.write("cache/models--owner--name/blobs/aaaa", kConfig);
  directory.write("cache/models--owner--name/blobs/bbbb", kWeights);
  const fs::path folder = model() / "snapshots" / kCommit;
  fs::create_directories(folder);
  fs::create_symlink("../../blobs/aaaa", folder / "config.json");
  fs::create_symlink("../../blobs/bbbb", folder / "pytorch_model.bin");
  HubOptions offline = options();
  offline.offline = true;
  EXPECT_EQ(resolve_model("owner/name", offline), folder);
  EXPECT_EQ(resolve_model("owner/name", options()), folder);
  EXPECT_EQ(server.count("GET", "config.json"), 0U);
  EXPECT_EQ(server.count("GET", "model.safetensors"), 0U);
  EXPECT_EQ(read(folder / "vocab.txt"), "[PAD]\n[UNK]\n");  // what was missing came
}

TEST_F(ResolveTest, ALinkToABlobThatHasGoneIsMended) {
  const fs::path folder = resolve_model("owner/name", options());
  fs::remove(model() / "blobs" / HubServer::etag_of({kWeights, true}));
  EXPECT_EQ(read(resolve_model("owner/name", options()) / "model.safetensors"), kWeights);
}

TEST_F(ResolveTest, ABlobThatIsTooShortIsNotLinkedTo) {
  const std::string etag = HubServer::etag_of({kWeights, true});
  directory.write("cache/models--owner--name/blobs/" + etag, "a piece");
  EXPECT_EQ(read(resolve_model("owner/name", options()) / "model.safetensors"), kWeights);
}

TEST_F(ResolveTest, ARefWithAPathInItIsNoCommit) {
  directory.write("cache/models--owner--name/refs/main", "../../../../etc");
  EXPECT_EQ(resolve_model("owner/name", options()), model() / "snapshots" / kCommit);
}

TEST_F(ResolveTest, ManyAtOnceDownloadOnce) {
  std::vector<std::thread> threads;
  std::vector<std::string> contents(8);
  HubOptions quiet = options();
  quiet.on_note = {};
  for (std::string& content : contents)
    threads.emplace_back([&] { content = read(resolve_model("owner/name", quiet) / "model.safetensors"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(contents, ::testing::Each(kWeights));
  EXPECT_EQ(server.count("GET", "model.safetensors"), 1U);
  EXPECT_EQ(server.count("GET", "config.json"), 1U);
}

TEST_F(ResolveTest, ACacheThatCannotBeWrittenToStillServes) {
  const fs::path folder = resolve_model("owner/name", options());
  fs::remove_all(model() / "refs");
  std::ofstream(model() / "refs") << "in the way";
  notes.clear();
  EXPECT_EQ(resolve_model("owner/name", options()), folder);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr("cannot create the folder"));
}

TEST_F(ResolveTest, NamesThatCannotBeAreNotAskedFor) {
  fs::create_directories(directory.path() / "my-model");
  const std::string wrong = (directory.path() / "my-modle").string();
  EXPECT_THAT(error_of(wrong), HasSubstr("no such folder, and no name that a model on the hub can have"));
  EXPECT_THAT(error_of(wrong),
              HasSubstr("; is the folder " + (directory.path() / "my-model").string() + " meant?"));
  EXPECT_THAT(error_of("a/b/c"), Not(HasSubstr("meant?")));
  EXPECT_THAT(server.hub().requests(), IsEmpty());
}

}  // namespace
}  // namespace bertune
