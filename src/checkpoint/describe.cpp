#include "checkpoint/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "checkpoint/family.h"
#include "checkpoint/names.h"
#include "checkpoint/untrusted.h"

namespace bertune::checkpoint {
namespace {

std::string with_separators(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

// Decimal units, as model pages state sizes.
std::string file_size_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

// Architecture as the configuration was read: to_json writes the one that is asked for.
std::string architecture_of(const BertConfig& config) {
  const Json source = parse_json_object(config.source_json, "config.json", {.duplicate_names = true});
  const auto found = source.find("architectures");
  if (found == source.end() || !found->is_array() || found->empty() || !found->front().is_string())
    return fmt::format("{}Model", family_of(config).class_prefix);
  return found->front().get<std::string>();
}

using Row = std::vector<std::string>;

// Columns of `rows` side by side, two spaces apart; `right` marks those of numbers.
std::string table(const std::vector<Row>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> widths(right.size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line +=
          right[i] ? fmt::format(" {:>{}} ", row[i], widths[i]) : fmt::format(" {:<{}} ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::vector<Row> configuration_rows(const BertConfig& config) {
  std::vector<std::string> labels;
  for (std::size_t id = 0; id < std::min<std::size_t>(config.id2label.size(), 10); ++id) {
    labels.push_back(printable(config.id2label[id]));
  }
  if (labels.size() < config.id2label.size()) labels.emplace_back("...");
  const float classifier_dropout = config.classifier_dropout.value_or(config.hidden_dropout_prob);
  std::vector<Row> rows = {
      {"model_type", std::string(to_string(config.model_type))},
      {"architecture", printable(architecture_of(config))},
      {"num_hidden_layers", std::to_string(config.num_hidden_layers)},
      {"hidden_size", std::to_string(config.hidden_size)},
      {"num_attention_heads", fmt::format("{} of size {}", config.num_attention_heads, config.head_size())},
      {"intermediate_size", std::to_string(config.intermediate_size)},
      {"hidden_act", config.hidden_act},
      {"vocab_size", std::to_string(config.vocab_size)},
      {"max_position_embeddings", std::to_string(config.max_position_embeddings)},
      {"type_vocab_size", std::to_string(config.type_vocab_size)},
      {"layer_norm_eps", fmt::format("{}", config.layer_norm_eps)},
      {"dropout", fmt::format("hidden {}, attention {}, classifier {}", config.hidden_dropout_prob,
                              config.attention_probs_dropout_prob, classifier_dropout)},
      {"problem_type", config.problem_type ? std::string(to_string(*config.problem_type)) : "not set"},
      {"num_labels", fmt::format("{} ({})", config.num_labels(), fmt::join(labels, ", "))},
  };
  if (config.embedding_size) rows.push_back({"embedding_size", std::to_string(*config.embedding_size)});
  return rows;
}

std::vector<Row> parameter_rows(const ParameterCounts& counts) {
  std::vector<Row> rows;
  const auto add = [&](std::string name, std::uint64_t count) {
    const double share =
        counts.total == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(counts.total);
    rows.push_back({std::move(name), with_separators(count), fmt::format("{:.1f}%", share)});
  };
  add("embeddings", counts.embeddings);
  for (const auto& [layer, count] : counts.layers) add(fmt::format("layer {}", layer), count);
  add("pooler", counts.pooler);
  add("head", counts.head);
  if (counts.other != 0) add("other", counts.other);
  add("total", counts.total);
  return rows;
}

std::vector<Row> tensor_rows(const std::vector<TensorEntry>& tensors, std::string_view prefix) {
  std::vector<Row> rows;
  for (const TensorEntry& tensor : tensors) {
    const bool renamed =
        tensor.stored_name != tensor.name && std::string(prefix) + tensor.stored_name != tensor.name;
    rows.push_back({printable(tensor.name), std::string(safetensors_name(tensor.dtype)),
                    shape_text(tensor.shape),
                    renamed ? fmt::format("stored as {}", printable(tensor.stored_name)) : ""});
  }
  return rows;
}

Json tensors_json(const std::vector<TensorEntry>& tensors, const std::vector<CheckpointFile>& files) {
  Json list = Json::array();
  for (const TensorEntry& tensor : tensors) {
    list.push_back({{"name", tensor.name},
                    {"stored_name", tensor.stored_name},
                    {"dtype", safetensors_name(tensor.dtype)},
                    {"shape", tensor.shape},
                    {"file", files.at(tensor.file).path.filename().string()}});
  }
  return list;
}

}  // namespace

ParameterCounts count_parameters(const Checkpoint& checkpoint, ModelType type) {
  const std::string_view prefix = family_of(type).prefix;
  ParameterCounts counts;
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    std::string_view name = tensor.name;
    counts.total += tensor.elements;
    if (!name.starts_with(prefix)) {
      counts.head += tensor.elements;
      continue;
    }
    name.remove_prefix(prefix.size());
    if (name.starts_with("embeddings.") || name.starts_with("embeddings_project.")) {
      counts.embeddings += tensor.elements;
    } else if (const auto layer = layer_number(tensor.name)) {
      counts.layers[*layer] += tensor.elements;
    } else {
      (name.starts_with("pooler.") ? counts.pooler : counts.other) += tensor.elements;
    }
  }
  return counts;
}

std::string describe(const std::filesystem::path& directory) {
  const BertConfig config = BertConfig::from_pretrained(directory);
  const Checkpoint checkpoint = Checkpoint::open(directory, config.model_type);
  const std::string_view prefix = family_of(config).prefix;
  std::vector<Row> files;
  for (const CheckpointFile& file : checkpoint.files()) {
    files.push_back({printable(file.path.filename().string()), file_size_text(file.bytes)});
  }
  std::string text = fmt::format("{}\n\nConfiguration\n{}", directory.string(),
                                 table(configuration_rows(config), {false, false}));
  text += "\nFiles\n" + table(files, {false, true});
  text += "\nParameters\n" +
          table(parameter_rows(count_parameters(checkpoint, config.model_type)), {false, true, true});
  text += fmt::format("\nTensors ({})\n{}", checkpoint.tensors().size(),
                      table(tensor_rows(checkpoint.tensors(), prefix), {false, false, false, false}));
  if (!checkpoint.ignored().empty()) {
    text +=
        fmt::format("\nIgnored ({}): buffers, and copies of tied weights\n{}", checkpoint.ignored().size(),
                    table(tensor_rows(checkpoint.ignored(), prefix), {false, false, false, false}));
  }
  return text;
}

Json describe_json(const std::filesystem::path& directory) {
  const BertConfig config = BertConfig::from_pretrained(directory);
  const Checkpoint checkpoint = Checkpoint::open(directory, config.model_type);
  const ParameterCounts counts = count_parameters(checkpoint, config.model_type);
  Json configuration = parse_json_object(config.to_json(architecture_of(config)), "config.json");
  configuration.erase("dtype");  // of weights to save; those here say theirs below
  Json layers = Json::array(), files = Json::array();
  for (const auto& [layer, count] : counts.layers) layers.push_back(count);
  for (const CheckpointFile& file : checkpoint.files()) {
    files.push_back({{"name", file.path.filename().string()}, {"bytes", file.bytes}});
  }
  return {{"directory", directory.string()},
          {"source", checkpoint.source()},
          {"files", files},
          {"config", configuration},
          {"parameters",
           {{"embeddings", counts.embeddings},
            {"layers", layers},
            {"pooler", counts.pooler},
            {"head", counts.head},
            {"other", counts.other},
            {"total", counts.total}}},
          {"tensors", tensors_json(checkpoint.tensors(), checkpoint.files())},
          {"ignored", tensors_json(checkpoint.ignored(), checkpoint.files())}};
}

}  // namespace bertune::checkpoint
