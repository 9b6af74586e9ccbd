#include "export/export.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "bertune/error.h"
#include "bertune/lora.h"
#include "bertune/tokenizer.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/model_files.h"
#include "core/writing.h"
#include "export/bert_graph.h"
#include "model/heads/head.h"
#include "model/loading.h"
#include "tasks/trained_settings.h"
#include "train/model_folder.h"

namespace bertune::onnx {
namespace {

// The graph of a model, and where its weights come from.
struct Source {
  BertConfig config;
  Architecture architecture{};
  Graph graph;
  ReadTensor read;
};

const checkpoint::TensorEntry& entry_of(const checkpoint::Checkpoint& weights, const std::string& name,
                                        const Shape& shape) {
  const checkpoint::TensorEntry* found = weights.find(name);
  if (found == nullptr)
    throw Error(
        fmt::format("{}: {} is missing, so the model is not whole: a base has no trained head yet, "
                    "which fine-tuning makes",
                    weights.source(), name));
  if (found->shape != shape)
    throw Error(fmt::format("{}: {} has shape {}, and by config.json {}", weights.source(), name,
                            checkpoint::shape_text(found->shape), checkpoint::shape_text(shape)));
  return *found;
}

// Reads weights from disk, each when it is written.
ReadTensor reader_of(std::shared_ptr<const checkpoint::Checkpoint> weights, const Graph& graph) {
  for (const Weight& weight : graph.weights()) entry_of(*weights, weight.tensor, weight.stored);
  return [weights = std::move(weights), values = std::vector<float>()](const std::string& tensor,
                                                                       const Shape& shape) mutable {
    const checkpoint::TensorEntry& entry = entry_of(*weights, tensor, shape);
    values.resize(entry.elements);
    weights->read_f32(entry, values);
    weights->release_pages();
    return std::span<const float>(values);
  };
}

// The model as it predicts: with its adapter merged, and its logits divided by its temperature.
Source source_in_memory(const std::filesystem::path& directory, const std::filesystem::path& base) {
  auto folder = std::make_shared<train::ModelFolder>(train::ModelFolder::open(directory, std::nullopt, base));
  if (folder->model.lora() != nullptr) folder->model.merge_lora();
  const BertPreTrainedModel& model = folder->model;
  return {model.config(), model.architecture(), bert_graph(model.config(), model.architecture()),
          [folder](const std::string& tensor, const Shape&) {
            return std::as_const(folder->model).parameters().value(tensor);
          }};
}

Source source_of(const std::filesystem::path& directory, const std::filesystem::path& base) {
  finish_folder(directory);
  if (is_adapter(directory) || tasks::temperature_of(train::read_settings(directory)) != 1)
    return source_in_memory(directory, base);
  const Architecture architecture =
      train::architecture_in(directory, base).value_or(Architecture::sequence_classification);
  const BertConfig config = model::configuration(directory, architecture, {});
  model::make_head(architecture, config);  // throws for what Bertune does not compute
  auto weights = std::make_shared<const checkpoint::Checkpoint>(
      checkpoint::Checkpoint::open(directory, config.model_type));
  Graph graph = bert_graph(config, architecture);
  ReadTensor read = reader_of(std::move(weights), graph);
  return {config, architecture, std::move(graph), std::move(read)};
}

void copy_file(const std::filesystem::path& from, const std::filesystem::path& to, const char* name) {
  if (!path_exists(from / name)) return;
  writing::make_folders((to / name).parent_path());
  write_file_atomically(to / name, MappedFile(from / name).text());
}

constexpr const char* kSentencePieces = "sentencepiece.bpe.model";  // XLM-RoBERTa's, which is not read here

// A tokenizer's own files, which Transformers reads in the same way from here; or, of a vocabulary alone, new
// ones: transformers.js wants tokenizer.json.
void add_tokenizer(const std::filesystem::path& from, const std::filesystem::path& to,
                   const BertConfig& config) {
  if (!path_exists(from / kTokenizerFiles[0]) && !path_exists(from / kSentencePieces))
    return save_tokenizer(to, BertTokenizer::from_pretrained(from), config);
  for (const char* name : kTokenizerFiles) copy_file(from, to, name);
  for (const char* name : kPairFiles) copy_file(from, to, name);
  for (const char* name : {kWordFile, kSentencePieces}) copy_file(from, to, name);
}

}  // namespace

Exported export_model(const std::filesystem::path& model, const std::filesystem::path& output,
                      const ExportOptions& options) {
  std::error_code error;
  const bool in_place = std::filesystem::equivalent(model, output, error);
  const std::filesystem::path file = output / "onnx" / kModelFile;
  if (!in_place && holds_weights(output))
    throw UsageError("output",
                     fmt::format("`output`: {} holds another model, whose files would stay beside the new "
                                 "ones; choose another folder",
                                 output.string()));
  if (path_exists(file) && !options.overwrite)
    throw UsageError("output",
                     fmt::format("`output`: {} is there already; `overwrite` replaces it", file.string()));
  const Source source = source_of(model, options.base);
  const std::string model_class = class_name(source.config.model_type, source.architecture);
  if (in_place) recover_folder(output);  // where an export that was killed has left its new folder
  AtomicDirectory folder(in_place ? output / "onnx" : output);
  const std::filesystem::path onnx = in_place ? folder.path() : folder.path() / "onnx";
  writing::make_folders(onnx);
  const std::uint64_t bytes =
      write_model(onnx, source.graph, source.read, options.external_data ? 0 : kLargestFile);
  if (!in_place) {
    write_file_atomically(folder.path() / "config.json", source.config.to_json(model_class));
    if (source.architecture == Architecture::sentence_embedding)
      source.config.sentence_embedding.save(folder.path(), source.config.hidden_size);
    add_tokenizer(tokenizer_folder(model, options.base), folder.path(), source.config);
  }
  const bool has_data = path_exists(onnx / kDataFile);
  folder.commit();
  if (!has_data) writing::unlink(file.parent_path() / kDataFile);  // of an earlier export
  return {model_class, file, bytes};
}

}  // namespace bertune::onnx
