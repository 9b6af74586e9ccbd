#include "model/loading.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "bertune/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/family.h"
#include "checkpoint/names.h"
#include "checkpoint/save_dtype.h"
#include "checkpoint/untrusted.h"
#include "core/file.h"
#include "core/json.h"
#include "kernels/host_access.h"
#include "model/adapters/adapter.h"
#include "model/adapters/lora.h"
#include "model/initial_values.h"
#include "model/weights.h"

namespace bertune {
namespace model {
namespace {

bool belongs_to_head(std::string_view name, ModelType type) {
  return !name.starts_with(checkpoint::family_of(type).prefix) ||
         name.starts_with(checkpoint::own_name(type, "bert.pooler."));
}

// An encoder that is not whole would train, badly and silently.
void require_encoder(const LoadReport& report, ModelType type, const std::string& source) {
  std::vector<std::string> missing;
  for (const std::string& name : report.newly_initialized) {
    if (!belongs_to_head(name, type)) missing.push_back(name);
  }
  if (missing.empty()) return;
  const std::size_t shown = std::min<std::size_t>(missing.size(), 3);
  throw Error(fmt::format(
      "{}: {} of the encoder's tensors are missing, such as {}; is config.json of this checkpoint?", source,
      missing.size(),
      fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(shown), ", ")));
}

// Only a head can be of another model, and only where that is asked for.
void require_replaceable(const checkpoint::TensorEntry& stored, const Parameter& parameter, ModelType type,
                         const LoadOptions& options, const std::string& source) {
  const bool in_head = belongs_to_head(parameter.name, type);
  if (in_head && options.ignore_mismatched_sizes) return;
  throw Error(
      fmt::format("{}: {} has shape {} in the checkpoint and {} in the model{}", source, parameter.name,
                  checkpoint::shape_text(stored.shape), checkpoint::shape_text(parameter.shape),
                  in_head ? "; with `ignore_mismatched_sizes` the head is initialized randomly" : ""));
}

}  // namespace

BertConfig configuration(const std::filesystem::path& directory, Architecture architecture,
                         const LoadOptions& options) {
  const std::filesystem::path folder = config_folder(directory, options.base);
  BertConfig config = BertConfig::from_pretrained(folder);
  if (folder != directory && !options.num_labels) {
    if (const std::optional<std::int64_t> labels = labels_of_adapter(directory);
        labels && *labels != config.num_labels()) {
      LoadOptions with_labels = options;
      with_labels.num_labels = labels;
      return configuration(directory, architecture, with_labels);
    }
  }
  if (!options.id2label.empty()) {
    config.id2label = options.id2label;
  } else if (options.num_labels && *options.num_labels != config.num_labels()) {
    if (*options.num_labels < 1)
      throw Error(fmt::format("num_labels is {}; it must be at least 1", *options.num_labels));
    config.id2label.clear();
    for (std::int64_t i = 0; i < *options.num_labels; ++i)
      config.id2label.push_back(fmt::format("LABEL_{}", i));
  }
  if (options.num_labels && *options.num_labels != config.num_labels()) {
    throw Error(
        fmt::format("num_labels is {}, but {} names are given", *options.num_labels, config.num_labels()));
  }
  if (options.problem_type) config.problem_type = options.problem_type;
  if (options.hidden_dropout_prob) config.hidden_dropout_prob = *options.hidden_dropout_prob;
  if (options.attention_probs_dropout_prob)
    config.attention_probs_dropout_prob = *options.attention_probs_dropout_prob;
  if (options.classifier_dropout) config.classifier_dropout = options.classifier_dropout;
  if (options.sentence_embedding) {
    config.sentence_embedding = *options.sentence_embedding;
  } else if (architecture == Architecture::sentence_embedding) {
    config.sentence_embedding =
        SentenceEmbeddingConfig::from_pretrained(directory, options.base).value_or(SentenceEmbeddingConfig());
  }
  return config;
}

LoadReport load_parameters(const std::filesystem::path& directory, const BertConfig& config,
                           const LoadOptions& options, Parameters& parameters) {
  if (is_adapter(directory)) {
    LoadOptions of_base = options;
    of_base.ignore_mismatched_sizes = true;  // the adapter's head comes next
    LoadReport report =
        load_parameters(base_of_adapter_or(options.base, directory), config, of_base, parameters);
    load_adapter(directory, options, parameters, report);
    return report;
  }
  const checkpoint::Checkpoint weights = checkpoint::Checkpoint::open(directory, config.model_type);
  LoadReport report;
  std::set<std::string_view> known;
  std::vector<std::pair<const Parameter*, const checkpoint::TensorEntry*>> sources;
  for (const Parameter& parameter : parameters.layout()) {
    known.insert(parameter.name);
    const checkpoint::TensorEntry* stored = weights.find(parameter.name);
    if (stored != nullptr && stored->shape != parameter.shape && !is_low_rank(parameter.name)) {
      require_replaceable(*stored, parameter, config.model_type, options, weights.source());
      report.mismatched.push_back(parameter.name);
    } else if (stored == nullptr && !is_low_rank(parameter.name)) {
      report.newly_initialized.push_back(parameter.name);
    }
    const bool fits = stored != nullptr && stored->shape == parameter.shape;
    if (fits) ++report.loaded;
    sources.emplace_back(&parameter, fits ? stored : nullptr);
  }
  for (const checkpoint::TensorEntry& entry : weights.tensors()) {
    if (!known.contains(entry.name)) report.unexpected.push_back(entry.stored_name);
  }
  require_encoder(report, config.model_type, weights.source());
  // Only now, because a wrong config.json can ask for billions of values.
  for (const auto& [parameter, stored] : sources) {
    if (stored == nullptr) {
      initialize(config, parameters, *parameter, options.seed);
      continue;
    }
    kernels::write_on_host(
        parameters.values().subspan(parameter->offset, parameter->size),
        [&, entry = stored](std::span<float> values) { weights.read_f32(*entry, values); });
  }
  return report;
}

LoadedModel load_model(const std::filesystem::path& directory, Architecture architecture,
                       const LoadOptions& options) {
  auto weights = std::make_unique<Weights>(architecture, configuration(directory, architecture, options));
  const BertConfig& config = weights->config();
  std::vector<Parameter> layout = parameter_layout(config, weights->head());
  std::optional<LoraConfig> lora = options.lora;
  if (lora && lora->base_model_name_or_path.empty())
    lora->base_model_name_or_path = std::filesystem::absolute(directory).lexically_normal().string();
  if (is_adapter(directory)) lora = adapter_to_load(directory, options);
  if (lora) add_low_rank_matrices(layout, config.model_type, *lora);
  Parameters parameters(std::move(layout));
  LoadReport report = load_parameters(directory, config, options, parameters);
  if (lora) settle_trainable(parameters, *lora, report);
  weights->set_load_report(std::move(report));
  weights->set_lora(std::move(lora));
  return {std::move(weights), std::move(parameters)};
}

}  // namespace model

void BertPreTrainedModel::load_weights(const std::filesystem::path& directory) {
  LoadReport report;
  if (lora() != nullptr) {
    model::load_adapter(directory, {}, parameters(), report);  // all else is frozen
  } else {
    report = model::load_parameters(directory, config(), {}, parameters());
  }
  if (!report.newly_initialized.empty()) {
    throw Error(fmt::format("{}: has no tensor {}", directory.string(), report.newly_initialized.front()));
  }
  training() ? train() : eval();  // nothing made from the old values stays
  set_encoder_options(encoder_options());
}

void BertPreTrainedModel::save_weights(const std::filesystem::path& directory, SaveDtype dtype) const {
  write_file_atomically(directory / "config.json",
                        config().to_json(class_name(config().model_type, architecture()), dtype));
  const bool is_encoder_alone = architecture() == Architecture::sentence_embedding;
  if (is_encoder_alone) config().sentence_embedding.save(directory, config().hidden_size);
  if (lora() != nullptr) {
    model::save_adapter(directory, *this, dtype);
    return;
  }
  // Transformers gives the tensors of a model without a head no prefix.
  const std::size_t prefix = is_encoder_alone ? checkpoint::family_of(config()).prefix.size() : 0;
  kernels::HostView<float> view;
  const std::span<const float> values = view.see(parameters().values());
  std::vector<checkpoint::TensorView> tensors;
  for (const Parameter& parameter : parameters().layout()) {
    tensors.push_back(checkpoint::f32_view(parameter.name.substr(prefix), parameter.shape,
                                           values.subspan(parameter.offset, parameter.size)));
  }
  checkpoint::write_weights(directory / "model.safetensors", std::move(tensors), dtype);
}

void save_tokenizer(const std::filesystem::path& directory, const BertTokenizer& tokenizer,
                    const BertConfig& config) {
  for (auto& [name, contents] : tokenizer.files(config.max_length())) {
    if (name == "tokenizer_config.json" && config.type_vocab_size == 0) {
      Json settings = parse_json(contents, name);
      settings["model_input_names"] = {"input_ids", "attention_mask"};
      write_file_atomically(directory / name, dump_json(settings));
    } else {
      write_file_atomically(directory / name, contents);
    }
  }
}

void save_pretrained(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                     const BertTokenizer& tokenizer, SaveDtype dtype) {
  AtomicDirectory folder(directory);
  model.save_weights(folder.path(), dtype);
  save_tokenizer(folder.path(), tokenizer, model.config());
  folder.commit();
}

}  // namespace bertune
