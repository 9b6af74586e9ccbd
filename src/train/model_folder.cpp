#include "train/model_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "bertune/error.h"
#include "core/file.h"

namespace bertune::train {
namespace {

constexpr const char* kSettingsFile = "bertune.json";
constexpr std::int64_t kMostTokens = 512;

std::optional<std::int64_t> trained_max_length(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::path path = directory / kSettingsFile;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  const Json settings = parse_json(read_file(path, 1 << 20), path.string());
  const auto found = settings.is_object() ? settings.find("max_length") : settings.end();
  if (found == settings.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

void require_matching_vocabulary(const std::filesystem::path& directory, const BertTokenizer& tokenizer,
                                 const BertConfig& config) {
  if (tokenizer.vocab_size() <= config.vocab_size) return;
  throw Error(
      fmt::format("{}: the tokenizer has {} tokens, but the model embeds {} (vocab_size in config.json); the "
                  "vocabulary is of another model",
                  directory.string(), tokenizer.vocab_size(), config.vocab_size));
}

void require_max_length(std::int64_t max_length, const BertConfig& config) {
  if (max_length >= 3 && max_length <= config.max_position_embeddings) return;
  throw UsageError(
      fmt::format("--max-length is {}; this model takes 3 to {} tokens (max_position_embeddings)", max_length,
                  config.max_position_embeddings));
}

ModelFolder ModelFolder::open(const std::filesystem::path& directory,
                              std::optional<std::int64_t> max_length) {
  BertTokenizer tokenizer = BertTokenizer::from_pretrained(directory);
  BertPreTrainedModel model =
      BertPreTrainedModel::from_pretrained(directory, Architecture::sequence_classification);
  const BertConfig& config = model.config();
  require_matching_vocabulary(directory, tokenizer, config);
  if (!model.load_report().newly_initialized.empty()) {
    throw Error(fmt::format(
        "{}: has no trained head ({} is missing); fine-tune it first with bertune train --model {}",
        directory.string(), model.load_report().newly_initialized.front(), directory.string()));
  }
  const std::int64_t length = max_length.value_or(
      trained_max_length(directory).value_or(std::min(kMostTokens, config.max_position_embeddings)));
  require_max_length(length, config);
  tasks::TextClassification task{
      .problem_type = config.problem_type.value_or(
          config.num_labels() == 1 ? ProblemType::regression : ProblemType::single_label_classification),
      .labels = data::LabelMap(config.id2label),
      .max_length = length};
  return {std::move(tokenizer), std::move(model), std::move(task)};
}

void save_model_folder(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                       const BertTokenizer& tokenizer, const Json& settings) {
  AtomicDirectory folder(directory);
  model.save_weights(folder.path());
  for (const auto& [name, contents] : tokenizer.files(model.config().max_position_embeddings)) {
    write_file_atomically(folder.path() / name, contents);
  }
  write_file_atomically(folder.path() / kSettingsFile, dump_json(settings));
  folder.commit();
}

}  // namespace bertune::train
