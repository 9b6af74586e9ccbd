#include "checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "checkpoint/describe.h"
#include "checkpoint/safetensors.h"
#include "checkpoint_fixtures.h"
#include "support/temporary_directory.h"

namespace bertune::checkpoint {
namespace {

using ::testing::AllOf;
using testing::contents;
using ::testing::ElementsAre;
using testing::error_of;
using testing::fixture;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::read;
using testing::TemporaryDirectory;

void expect_same_weights(const Checkpoint& a, const Checkpoint& b) {
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const TensorEntry& entry : a.tensors()) {
    const TensorEntry* other = b.find(entry.name);
    ASSERT_NE(other, nullptr) << entry.name;
    EXPECT_EQ(other->shape, entry.shape) << entry.name;
    const std::vector<float> x = read(a, entry.name), y = read(b, entry.name);
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * sizeof(float)), 0) << entry.name;
  }
}

// A safetensors file of small tensors of these names.
void write_names(const fs::path& path, const std::vector<std::string>& names) {
  const std::vector<float> values = {1, 2};
  std::vector<TensorView> views;
  for (const std::string& name : names) views.push_back(f32_view(name, {2}, values));
  write_safetensors(path, views);
}

TEST(Checkpoint, ReadsTheSameFromOldNamesInAPickle) {
  const Checkpoint old = Checkpoint::open(fixture("pretraining_old_names"));
  expect_same_weights(old, Checkpoint::open(fixture("pretraining_expected")));
  EXPECT_EQ(old.tensors().size(), 30U);  // 5 + 16 + 2 of BERT, 7 of the heads
  EXPECT_EQ(old.ignored().size(), 3U);   // position_ids and the decoder's two copies
  EXPECT_EQ(old.find("bert.embeddings.LayerNorm.weight")->stored_name,
            "module.bert.embeddings.LayerNorm.gamma");
  EXPECT_EQ(old.find("cls.predictions.decoder.weight"), nullptr);
}

TEST(Checkpoint, RefusesValuesThatAreNotFinite) {
  const TemporaryDirectory files;
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> values(37, 1.5F);
    values[36] = bad;
    write_safetensors(files.path() / "model.safetensors", {f32_view("bert.pooler.dense.bias", {37}, values)});
    const Checkpoint weights = Checkpoint::open(files.path());
    EXPECT_THAT(error_of([&] { read(weights, "bert.pooler.dense.bias"); }),
                AllOf(HasSubstr("model.safetensors"),
                      HasSubstr("\"bert.pooler.dense.bias\" holds values that are not finite")));
  }
}

TEST(Checkpoint, ReadsShards) {
  const Checkpoint sharded = Checkpoint::open(fixture("sharded"));
  expect_same_weights(sharded, Checkpoint::open(fixture("classifier")));
  EXPECT_EQ(sharded.files().size(), 2U);
  EXPECT_THAT(sharded.source(), HasSubstr("model.safetensors.index.json"));
  const Checkpoint pickled = Checkpoint::open(fixture("sharded_bin"));
  EXPECT_THAT(read(pickled, "bert.embeddings.LayerNorm.weight"), ElementsAre(0, 1, 2));
  EXPECT_THAT(read(pickled, "bert.pooler.dense.bias"), ElementsAre(0, 1));
}

TEST(Checkpoint, WidensHalfPrecisionAsTorchDoes) {
  for (const std::string name : {"f16", "bf16"}) {
    expect_same_weights(Checkpoint::open(fixture(name)), Checkpoint::open(fixture(name + "_expected")));
  }
}

TEST(Checkpoint, PrefersSafetensors) {
  const TemporaryDirectory directory;
  fs::copy_file(fixture("layouts") / "pytorch_model.bin", directory.path() / "pytorch_model.bin");
  EXPECT_NE(Checkpoint::open(directory.path()).find("transposed"), nullptr);
  write_names(directory.path() / "model.safetensors", {"classifier.bias"});
  EXPECT_THAT(read(Checkpoint::open(directory.path()), "classifier.bias"), ElementsAre(1, 2));
  EXPECT_EQ(Checkpoint::open(directory.path()).find("transposed"), nullptr);
}

TEST(Checkpoint, TakesATiedCopyThatStandsAlone) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "model.safetensors";
  write_names(path,
              {"cls.predictions.decoder.bias", "cls.predictions.decoder.weight", "embeddings.position_ids"});
  const Checkpoint alone = Checkpoint::open(directory.path());
  EXPECT_EQ(alone.tensors().size(), 2U);
  EXPECT_NE(alone.find("cls.predictions.bias"), nullptr);
  EXPECT_NE(alone.find("bert.embeddings.word_embeddings.weight"), nullptr);
  EXPECT_EQ(alone.ignored().size(), 1U);
}

TEST(Checkpoint, TakesTheNameOfAProgramOffThoseOfItsModel) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "model.safetensors";
  write_names(
      path, {"net.bert.embeddings.word_embeddings.weight", "net.bert.pooler.dense.bias", "classifier.bias"});
  const Checkpoint weights = Checkpoint::open(directory.path());
  for (const char* name :
       {"bert.embeddings.word_embeddings.weight", "bert.pooler.dense.bias", "classifier.bias"})
    EXPECT_NE(weights.find(name), nullptr) << name;
  write_names(path, {"a.bert.embeddings.word_embeddings.weight", "b.bert.embeddings.word_embeddings.weight"});
  EXPECT_EQ(Checkpoint::open(directory.path()).find("bert.embeddings.word_embeddings.weight"), nullptr)
      << "two models";
}

TEST(Checkpoint, RefusesOneTensorUnderTwoNames) {
  const TemporaryDirectory directory;
  write_names(directory.path() / "model.safetensors", {"bert.pooler.dense.bias", "pooler.dense.bias"});
  EXPECT_THAT(error_of([&] { Checkpoint::open(directory.path()); }),
              AllOf(HasSubstr("\"bert.pooler.dense.bias\""), HasSubstr("\"pooler.dense.bias\"")));
}

TEST(Checkpoint, RefusesAnIndexThatCannotBeTrusted) {
  const TemporaryDirectory directory;
  write_names(directory.path() / "a.safetensors", {"classifier.bias"});
  write_names(
      directory.path().parent_path() / (directory.path().filename().string() + "-outside.safetensors"),
      {"x"});
  const auto with = [&](const std::string& weight_map) {
    directory.write("model.safetensors.index.json", R"({"weight_map": )" + weight_map + "}");
    return error_of([&] { Checkpoint::open(directory.path()); });
  };
  EXPECT_THAT(with(R"({"x": "../outside.safetensors"})"), HasSubstr("not a file in this folder"));
  EXPECT_THAT(with(R"({"x": "a/../../outside.safetensors"})"), HasSubstr("not a file in this folder"));
  EXPECT_THAT(with(R"({"x": "/etc/passwd"})"), HasSubstr("not a file in this folder"));
  EXPECT_THAT(with(R"({"x": ""})"), HasSubstr("not a file in this folder"));
  EXPECT_THAT(with(R"({"x": "a.safetensors\u0000b"})"), HasSubstr("not a file in this folder"));
  EXPECT_THAT(with(R"({"x": 3})"), HasSubstr("not a text"));
  EXPECT_THAT(with(R"({"x": "missing.safetensors"})"), HasSubstr("fetch it too"));
  EXPECT_THAT(with(R"({"x": "a.safetensors"})"), HasSubstr("holds 0 of the 1 tensors"));
  EXPECT_THAT(with("[]"), HasSubstr("weight_map"));
  EXPECT_THAT(with("{}"), HasSubstr("weight_map"));
  fs::remove(directory.path().parent_path() /
             (directory.path().filename().string() + "-outside.safetensors"));
}

TEST(Checkpoint, SaysWhatItLookedForAndWhatIsThere) {
  const TemporaryDirectory directory;
  const auto message = [&] { return error_of([&] { Checkpoint::open(directory.path()); }); };
  EXPECT_THAT(message(), AllOf(HasSubstr("model.safetensors"), HasSubstr("pytorch_model.bin.index.json")));
  directory.write("flax_model.msgpack", "");
  EXPECT_THAT(message(), HasSubstr("from_flax"));
  directory.write("tf_model.h5", "");
  EXPECT_THAT(message(), HasSubstr("TensorFlow weights"));
  directory.write("bert_model.ckpt.index", "");
  EXPECT_THAT(message(), HasSubstr("from_tf=True"));
  directory.write("adapter_config.json", "{}");
  EXPECT_THAT(message(), HasSubstr("LoRA"));
  EXPECT_THAT(error_of([&] { Checkpoint::open(directory.path() / "none"); }), HasSubstr("no such folder"));
  EXPECT_THAT(error_of([&] { Checkpoint::open(directory.path() / "tf_model.h5"); }), HasSubstr("is a file"));
}

TEST(Describe, CountsParametersByPart) {
  const Json json = describe_json(fixture("classifier"));
  EXPECT_EQ(json["parameters"].dump(),
            R"({"embeddings":80,"head":15,"layers":[154],"other":0,"pooler":20,"total":269})");
  EXPECT_EQ(json["tensors"].size(), 25U);
  EXPECT_EQ(json["config"]["architectures"][0], "BertForSequenceClassification");
  EXPECT_EQ(json["files"][0]["name"], "model.safetensors");
  const std::string text = describe(fixture("pretraining_old_names"));
  EXPECT_THAT(text, AllOf(HasSubstr("\n  embeddings   80   26.4%\n"), HasSubstr("Tensors (30)"),
                          HasSubstr("stored as module.cls.predictions.decoder.bias")));
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
}

}  // namespace
}  // namespace bertune::checkpoint
