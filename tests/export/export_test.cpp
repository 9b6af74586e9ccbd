// Every head of every family, exported and read back field by field. tests/parity/onnx_parity.py runs them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "bertune/error.h"
#include "export/bert_graph.h"
#include "export/export.h"
#include "export/model_reader.h"
#include "export/runtime.h"
#include "support/message_of.h"
#include "support/temporary_directory.h"
#include "support/tiny_checkpoint.h"

namespace bertune::onnx {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_model;
using testing::ReadModel;
using testing::ReadNode;
using testing::ReadTensorProto;
using testing::ReadValue;
namespace fs = std::filesystem;

constexpr auto kFloat = static_cast<std::int32_t>(DataType::float32),
               kInt64 = static_cast<std::int32_t>(DataType::int64);

constexpr std::array kFamilies = {ModelType::bert, ModelType::distilbert, ModelType::roberta,
                                  ModelType::xlm_roberta, ModelType::electra};

bool has_head(ModelType type, Architecture architecture) {
  try {
    class_name(type, architecture);
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

std::vector<std::pair<ModelType, Architecture>> all_heads() {
  std::vector<std::pair<ModelType, Architecture>> all;
  for (const ModelType type : kFamilies) {
    for (int i = 0; i <= static_cast<int>(Architecture::sentence_embedding); ++i) {
      const auto architecture = static_cast<Architecture>(i);
      if (has_head(type, architecture)) all.emplace_back(type, architecture);
    }
  }
  return all;
}

class Export : public ::testing::Test {
 protected:
  // A model with random weights, as a folder.
  BertPreTrainedModel make(const BertConfig& config, Architecture architecture, SaveDtype dtype = {}) {
    fs::create_directories(model());
    BertPreTrainedModel made = BertPreTrainedModel::from_config(config, architecture, 7);
    made.save_weights(model(), dtype);
    std::ofstream vocabulary(model() / "vocab.txt");
    for (const std::string& piece : bertune::testing::tiny_vocabulary()) vocabulary << piece << '\n';
    std::ofstream(model() / "tokenizer_config.json") << R"({"do_lower_case": true})";
    return made;
  }
  ReadModel exported(const ExportOptions& options = {}) {
    export_model(model(), output(), options);
    return read_model(output() / "onnx" / kModelFile);
  }
  // The same model without its folder: what the disk makes durable takes longer than all else.
  ReadModel written(const BertPreTrainedModel& source) {
    write_model(files.path(), bert_graph(source.config(), source.architecture()),
                [&](const std::string& tensor, const Shape&) { return source.parameters().value(tensor); });
    return read_model(files.path() / kModelFile);
  }
  fs::path model() const { return files.path() / "model"; }
  fs::path output() const { return files.path() / "onnx"; }

  bertune::testing::TemporaryDirectory files;
};

// What the operators of a graph take is there before them, all that is made or stored is of use, and sizes
// are those of the shapes.
void expect_whole(const ReadModel& model) {
  EXPECT_EQ(model.unknown, 0);
  std::set<std::string> known(model.input_names.begin(), model.input_names.end()), used, names;
  for (const auto& [name, tensor] : model.tensors) {
    known.insert(name);
    const std::int64_t elements =
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>());
    const std::int64_t size = elements * (tensor.type == kFloat ? 4 : 8);
    EXPECT_EQ(tensor.external.empty() ? static_cast<std::int64_t>(tensor.raw.size())
                                      : std::stoll(tensor.external.at("length")),
              size)
        << name;
  }
  for (const ReadNode& node : model.nodes) {
    EXPECT_TRUE(names.insert(node.name).second) << node.name;
    for (const std::string& input : node.inputs) {
      EXPECT_TRUE(known.contains(input)) << node.name << " takes " << input;
      used.insert(input);
    }
    for (const std::string& output : node.outputs) EXPECT_TRUE(known.insert(output).second) << output;
  }
  used.insert(model.output_names.begin(), model.output_names.end());
  EXPECT_EQ(used, known);
}

void expect_weights(const ReadModel& model, const BertPreTrainedModel& expected) {
  std::size_t found = 0;
  for (const Parameter& parameter : expected.parameters().layout()) {
    const std::span<const float> values = expected.parameters().value(parameter.name);
    if (const auto plain = model.tensors.find(parameter.name); plain != model.tensors.end()) {
      ++found;
      EXPECT_EQ(plain->second.shape, parameter.shape);
      EXPECT_TRUE(std::ranges::equal(plain->second.floats(), values)) << parameter.name;
    }
    if (const auto turned = model.tensors.find(parameter.name + ".T"); turned != model.tensors.end()) {
      ++found;
      const auto rows = static_cast<std::size_t>(parameter.shape[0]),
                 columns = static_cast<std::size_t>(parameter.shape[1]);
      EXPECT_EQ(turned->second.shape, (Shape{parameter.shape[1], parameter.shape[0]}));
      const std::vector<float> floats = turned->second.floats();
      for (std::size_t i = 0; i < floats.size(); ++i)
        ASSERT_EQ(floats[i], values[i % rows * columns + i / rows]) << parameter.name;
    }
  }
  EXPECT_EQ(found, expected.parameters().layout().size());
}

std::vector<std::string> outputs_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::question_answering:
      return {"start_logits", "end_logits"};
    case Architecture::pretraining:
      return {"logits", "seq_relationship_logits"};
    case Architecture::sentence_embedding:
      return {"last_hidden_state", "sentence_embedding"};
    default:
      return {"logits"};
  }
}

std::vector<std::string> shape_of(Architecture architecture, const std::string& output,
                                  const BertConfig& config) {
  const std::string batch = "batch_size", sequence = "sequence_length", labels = "3";
  if (output == "seq_relationship_logits") return {batch, "2"};
  if (output == "sentence_embedding") return {batch, std::to_string(config.hidden_size)};
  switch (architecture) {
    case Architecture::sequence_classification:
      return {batch, labels};
    case Architecture::token_classification:
      return {batch, sequence, labels};
    case Architecture::question_answering:
      return {batch, sequence};
    case Architecture::multiple_choice:
      return {batch, "num_choices"};
    case Architecture::next_sentence_prediction:
      return {batch, "2"};
    case Architecture::sentence_embedding:
      return {batch, sequence, std::to_string(config.hidden_size)};
    default:
      return {batch, sequence, std::to_string(config.vocab_size)};
  }
}

TEST_F(Export, EveryHeadHasTheInputsAndOutputsThatOptimumNames) {
  for (const auto& [type, architecture] : all_heads()) {
    SCOPED_TRACE(class_name(type, architecture));
    BertConfig config = bertune::testing::tiny_config(type);
    config.id2label = {"a", "b", "c"};
    const BertPreTrainedModel source = BertPreTrainedModel::from_config(config, architecture, 7);
    const ReadModel model = written(source);
    EXPECT_EQ(model.ir_version, 8);
    EXPECT_EQ(model.opset, 17);
    EXPECT_EQ(model.producer, "bertune");
    EXPECT_EQ(model.version, BERTUNE_VERSION);
    EXPECT_FALSE(model.graph_name.empty());
    std::vector<std::string> inputs = {"input_ids", "attention_mask"},
                             shape = {"batch_size", "sequence_length"};
    if (config.type_vocab_size > 1) inputs.emplace_back("token_type_ids");
    if (architecture == Architecture::multiple_choice) shape.insert(shape.begin() + 1, "num_choices");
    EXPECT_EQ(model.input_names, inputs);
    for (const std::string& name : inputs)
      EXPECT_EQ(model.values.at(name), (ReadValue{kInt64, shape})) << name;
    EXPECT_EQ(model.output_names, outputs_of(architecture));
    for (const std::string& name : model.output_names)
      EXPECT_EQ(model.values.at(name), (ReadValue{kFloat, shape_of(architecture, name, config)})) << name;
    expect_whole(model);
    expect_weights(model, source);
  }
}

TEST_F(Export, LayersHaveTheShapesThatTheOptimizerFuses) {
  make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  const ReadModel model = exported();
  EXPECT_EQ(model.count("Softmax"), 2U);
  EXPECT_EQ(model.count("Erf"), 2U);
  EXPECT_EQ(model.count("LayerNormalization"), 5U);
  EXPECT_EQ(model.count("Gemm"), 2U);
  EXPECT_EQ(model.count("MatMul"), 2U * 8U);
  const ReadNode* node = model.node_of("logits");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->integers.at("transB"), Shape{1});
  for (const char* type :
       {"Gemm", "Tanh", "Gemm", "Gather", "LayerNormalization", "Add", "Add", "MatMul", "Mul"}) {
    EXPECT_EQ(node->type, type);
    node = model.node_of(node->inputs[0]);
    ASSERT_NE(node, nullptr) << type;
  }
  for (const ReadNode& norm : model.nodes) {
    if (norm.type != "LayerNormalization") continue;
    EXPECT_EQ(norm.integers.at("axis"), Shape{-1});
    EXPECT_EQ(norm.numbers.at("epsilon"), 1e-12F);
  }
}

TEST_F(Export, FoldersOfEveryFamilyAreReadTensorByTensor) {
  for (const ModelType type : kFamilies) {
    SCOPED_TRACE(to_string(type));
    const BertPreTrainedModel expected =
        make(bertune::testing::tiny_config(type), Architecture::token_classification);
    expect_weights(exported({.overwrite = true}), expected);
    EXPECT_EQ(BertConfig::from_pretrained(output()).model_type, type);
    EXPECT_THAT(files.read("onnx/config.json"), HasSubstr(class_name(type, expected.architecture())));
  }
}

TEST_F(Export, HalfPrecisionBecomesFloat32) {
  make(bertune::testing::tiny_config(), Architecture::token_classification, SaveDtype::bfloat16);
  const BertPreTrainedModel rounded =
      BertPreTrainedModel::from_pretrained(model(), Architecture::token_classification);
  expect_weights(exported(), rounded);
}

TEST_F(Export, ExternalDataIsWhereTheModelSaysItIs) {
  const BertPreTrainedModel expected =
      make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  ReadModel model = exported({.external_data = true});
  expect_whole(model);
  const std::string data = files.read("onnx/onnx/model.onnx_data");
  std::set<std::size_t> offsets;
  for (auto& [name, tensor] : model.tensors) {
    if (tensor.external.empty()) continue;
    EXPECT_EQ(tensor.external.at("location"), "model.onnx_data");
    EXPECT_EQ(tensor.external.at("data_location"), "1");
    EXPECT_TRUE(tensor.raw.empty());
    const std::size_t offset = std::stoul(tensor.external.at("offset"));
    EXPECT_EQ(offset % 4096, 0U);
    EXPECT_TRUE(offsets.insert(offset).second);
    tensor.raw = data.substr(offset, std::stoul(tensor.external.at("length")));
  }
  expect_weights(model, expected);
  // One file again takes the place of both.
  const ReadModel whole = exported({.overwrite = true});
  EXPECT_TRUE(
      std::ranges::all_of(whole.tensors, [](const auto& one) { return one.second.external.empty(); }));
  EXPECT_FALSE(fs::exists(output() / "onnx" / kDataFile));
}

TEST_F(Export, IsExternalWhereOneFileWouldBeTooLarge) {
  make(bertune::testing::tiny_config(), Architecture::next_sentence_prediction);
  const Graph graph = bert_graph(bertune::testing::tiny_config(), Architecture::next_sentence_prediction);
  std::vector<std::string> asked;
  std::vector<float> zeros;
  const ReadTensor read = [&](const std::string& tensor, const Shape& shape) {
    asked.push_back(tensor);
    zeros.resize(static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
    return std::span<const float>(zeros);
  };
  const std::uint64_t size = write_model(files.path(), graph, read);
  EXPECT_EQ(size, fs::file_size(files.path() / kModelFile));
  EXPECT_EQ(asked.size(), graph.weights().size());  // each once, as it is written
  EXPECT_EQ(write_model(files.path(), graph, read, size + 16), size);
  EXPECT_FALSE(fs::exists(files.path() / kDataFile));
  const std::uint64_t both = write_model(files.path(), graph, read, size - 1);
  EXPECT_EQ(both, fs::file_size(files.path() / kModelFile) + fs::file_size(files.path() / kDataFile));
}

TEST_F(Export, TheSameModelGivesTheSameBytes) {
  make(bertune::testing::tiny_config(), Architecture::question_answering);
  exported();
  const std::string first = files.read("onnx/onnx/model.onnx");
  exported({.overwrite = true});
  EXPECT_EQ(files.read("onnx/onnx/model.onnx"), first);
}

TEST_F(Export, PoolingIsThatOfTheModel) {
  const std::vector<std::tuple<Pooling, bool, std::vector<std::string>>> cases = {
      {Pooling::mean, false, {"Identity", "Div", "ReduceSum", "Mul"}},
      {Pooling::mean_sqrt_len_tokens, true, {"Identity", "Div", "Div", "ReduceSum"}},
      {Pooling::cls, true, {"Identity", "Div", "Gather", "LayerNormalization"}},
      {Pooling::max, false, {"Identity", "ReduceMax", "Where", "Cast"}}};
  for (const auto& [pooling, normalize, types] : cases) {
    SCOPED_TRACE(to_string(pooling));
    BertConfig config = bertune::testing::tiny_config();
    config.sentence_embedding = {.pooling = pooling, .normalize = normalize};
    const ReadModel model =
        written(BertPreTrainedModel::from_config(config, Architecture::sentence_embedding));
    expect_whole(model);
    const ReadNode* node = model.node_of("sentence_embedding");
    for (const std::string& type : types) {
      ASSERT_NE(node, nullptr);
      EXPECT_EQ(node->type, type);
      node = model.node_of(node->inputs[0]);
    }
  }
}

TEST_F(Export, FilesOfSentenceTransformersComeAlong) {
  BertConfig config = bertune::testing::tiny_config();
  config.sentence_embedding = {.pooling = Pooling::max, .normalize = true, .max_seq_length = 20};
  make(config, Architecture::sentence_embedding);
  exported();
  EXPECT_EQ(SentenceEmbeddingConfig::from_pretrained(output()), config.sentence_embedding);
}

TEST_F(Export, EveryActivationIsWritten) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"gelu", "Erf"},  {"gelu_new", "Pow"}, {"quick_gelu", "Sigmoid"},
      {"relu", "Relu"}, {"silu", "Sigmoid"}, {"tanh", "Tanh"}};
  for (const auto& [name, type] : cases) {
    BertConfig config = bertune::testing::tiny_config();
    config.hidden_act = name;
    const ReadModel model =
        written(BertPreTrainedModel::from_config(config, Architecture::token_classification));
    EXPECT_EQ(model.count(type), 2U) << name;
    expect_whole(model);
  }
}

TEST_F(Export, PositionsOfRobertaBeginBehindThatOfPadding) {
  BertConfig config = bertune::testing::tiny_config(ModelType::roberta);
  config.pad_token_id = 2;
  make(config, Architecture::token_classification);
  const ReadModel model = exported();
  EXPECT_EQ(model.count("CumSum"), 1U);
  EXPECT_EQ(model.count("Equal"), 1U);
  EXPECT_FALSE(model.tensors.contains("position_ids"));
  EXPECT_TRUE(model.tensors.contains("int64(2)"));
}

TEST_F(Export, AnAdapterIsMerged) {
  make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  const fs::path base = files.path() / "base";
  fs::rename(model(), base);
  BertPreTrainedModel adapted = BertPreTrainedModel::from_pretrained(
      base, Architecture::sequence_classification, {.lora = LoraConfig{.r = 2}});
  for (const Parameter& parameter : std::vector(adapted.parameters().layout()))
    if (parameter.name.ends_with("lora_B.weight"))
      std::ranges::fill(adapted.parameters().value(parameter.name), 0.25F);
  fs::create_directories(model());
  adapted.save_weights(model());
  adapted.merge_lora();
  expect_weights(exported({.base = base}), adapted);
  EXPECT_FALSE(fs::exists(output() / "adapter_config.json"));
}

TEST_F(Export, ATemperatureIsFolded) {
  const BertPreTrainedModel expected =
      make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  files.write("model/bertune.json", R"({"calibration": {"temperature": 2, "folded": false}})");
  const ReadModel model = exported();
  const std::vector<float> found = model.tensors.at("classifier.weight").floats();
  const std::span<const float> whole = expected.parameters().value("classifier.weight");
  ASSERT_EQ(found.size(), whole.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], whole[i] / 2);
}

TEST_F(Export, TheModelsOwnFolderGetsTheFileBesideTheRest) {
  make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  const std::string config = files.read("model/config.json");
  EXPECT_EQ(export_model(model(), model()).file, model() / "onnx" / "model.onnx");
  EXPECT_EQ(files.read("model/config.json"), config);
  EXPECT_TRUE(fs::exists(model() / "model.safetensors"));
  EXPECT_FALSE(fs::exists(model() / "tokenizer.json"));
  read_model(model() / "onnx" / kModelFile);
}

TEST_F(Export, TheTokenizerIsTheModelsOwn) {
  make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  exported();
  EXPECT_TRUE(fs::exists(output() / "tokenizer.json"));  // made, for transformers.js
  const std::string own = R"({"version": "1.0", "of": "somebody"})";
  files.write("model/tokenizer.json", own);
  exported({.overwrite = true});
  EXPECT_EQ(files.read("onnx/tokenizer.json"), own);
  fs::remove(model() / "tokenizer.json");
  fs::remove(model() / "vocab.txt");
  files.write("model/sentencepiece.bpe.model", "pieces");
  exported({.overwrite = true});
  EXPECT_EQ(files.read("onnx/sentencepiece.bpe.model"), "pieces");
}

TEST_F(Export, RefusesToReplaceWhatItIsNotAskedTo) {
  make(bertune::testing::tiny_config(), Architecture::sequence_classification);
  exported();
  EXPECT_THAT(bertune::testing::message_of([&] { exported(); }),
              AllOf(HasSubstr("model.onnx is there already"), HasSubstr("`overwrite`")));
  const fs::path other = bertune::testing::write_tiny_checkpoint(files.path() / "other");
  EXPECT_THAT(bertune::testing::message_of([&] { export_model(model(), other, {.overwrite = true}); }),
              HasSubstr("holds another model"));
}

TEST_F(Export, SaysWhatAModelLacks) {
  make(bertune::testing::tiny_config(), Architecture::masked_lm);
  std::string config = files.read("model/config.json");
  config.replace(config.find("ForMaskedLM"), 11, "ForQuestionAnswering");
  files.write("model/config.json", config);
  EXPECT_THAT(bertune::testing::message_of([&] { exported(); }),
              AllOf(HasSubstr("model.safetensors"), HasSubstr("qa_outputs.weight is missing")));
  EXPECT_FALSE(fs::exists(output()));

  make(bertune::testing::tiny_config(), Architecture::token_classification);
  config = files.read("model/config.json");
  config.replace(config.find("\"hidden_size\": 32"), 17, "\"hidden_size\": 16");
  files.write("model/config.json", config);
  EXPECT_THAT(bertune::testing::message_of([&] { exported(); }), HasSubstr("and by config.json ["));
}

TEST(Verify, SaysWhereOnnxRuntimeIsLookedFor) {
  ::setenv("BERTUNE_ONNXRUNTIME", "/nowhere/libonnxruntime.so", 1);
  EXPECT_THAT(bertune::testing::message_of([] { Runtime(); }),
              AllOf(HasSubstr("/nowhere/libonnxruntime.so"), HasSubstr("BERTUNE_ONNXRUNTIME")));
  ::unsetenv("BERTUNE_ONNXRUNTIME");
}

}  // namespace
}  // namespace bertune::onnx
