// What a model's weights and configuration are read from.
#include "checkpoint/checkpoint.h"

#include "bertune/model.h"
#include "bertune/sentence_embedding.h"
#include "fuzz/checkpoint_fuzz.h"
#include "fuzz/target.h"
#include "support/tiny_checkpoint.h"

namespace bertune::fuzz {
namespace {

template <testing::CheckpointReader reader>
void read(std::string_view bytes) {
  testing::run_checkpoint_reader(reader, std::as_bytes(std::span(bytes.data(), bytes.size())));
}

const Target kConfig("config", read<testing::CheckpointReader::config>);
const Target kSafetensors("safetensors", read<testing::CheckpointReader::safetensors>);
const Target kPickle("pickle", read<testing::CheckpointReader::pickle>);
const Target kTorchArchive("torch_archive", read<testing::CheckpointReader::torch_archive>);
const Target kTorchStream("torch_stream", read<testing::CheckpointReader::torch_stream>);

BertConfig smallest_config() {
  BertConfig config = testing::tiny_config();
  config.vocab_size = 6;
  config.hidden_size = config.intermediate_size = 4;
  config.num_attention_heads = 2;
  config.num_hidden_layers = 1;
  config.max_position_embeddings = 8;
  return config;
}

// An index of shards beside two of them.
const Target kIndex("weights_index", [](std::string_view bytes) {
  static const std::filesystem::path directory = [] {
    const BertPreTrainedModel model =
        BertPreTrainedModel::from_config(smallest_config(), Architecture::sequence_classification);
    for (const char* name : {"index/a", "index/b"}) {
      std::filesystem::create_directories(folder().path() / name);
      model.save_weights(folder().path() / name);
    }
    return folder().path() / "index";
  }();
  folder().write("index/model.safetensors.index.json", bytes);
  const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(directory);
  for (const checkpoint::TensorEntry& entry : weights.tensors()) {
    std::vector<float> values(entry.elements);
    weights.read_f32(entry, values);
  }
});

// Weights whose config.json says something else than they hold.
const Target kModel("model_folder", [](std::string_view bytes) {
  static const std::filesystem::path directory = [] {
    std::filesystem::create_directories(folder().path() / "model");
    BertPreTrainedModel::from_config(smallest_config(), Architecture::sequence_classification)
        .save_weights(folder().path() / "model");
    return folder().path() / "model";
  }();
  folder().write("model/config.json", bytes);
  BertPreTrainedModel::from_pretrained(directory, Architecture::sequence_classification);
});

// The files of the sentence-transformers package.
const Target kSentences("sentence_embedding", [](std::string_view bytes) {
  const std::vector<std::string_view> files = parts(bytes, 3);
  folder().write("sentences/modules.json", files[0]);
  folder().write("sentences/sentence_bert_config.json", files[1]);
  folder().write("sentences/1_Pooling/config.json", files[2]);
  SentenceEmbeddingConfig::from_pretrained(folder().path() / "sentences");
});

}  // namespace
}  // namespace bertune::fuzz
