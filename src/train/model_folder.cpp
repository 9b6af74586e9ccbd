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

Json read_settings(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::path path = directory / kSettingsFile;
  if (!std::filesystem::exists(path, error)) return Json::object();
  Json settings = parse_json(read_file(path, 1 << 20), path.string());
  return settings.is_object() ? settings : Json::object();
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

std::optional<Architecture> architecture_of(const BertConfig& config) {
  const Json source = parse_json(config.source_json, "config.json");
  const auto names = source.find("architectures");
  if (names == source.end() || !names->is_array()) return std::nullopt;
  for (const Json& name : *names) {
    if (!name.is_string()) continue;
    try {
      return architecture_from_string(name.get<std::string>());
    } catch (const Error&) {  // BertModel and the like: a base to train on
    }
  }
  return std::nullopt;
}

ModelFolder ModelFolder::open(const std::filesystem::path& directory,
                              std::optional<std::int64_t> max_length) {
  const Architecture architecture =
      architecture_of(BertConfig::from_pretrained(directory)).value_or(Architecture::sequence_classification);
  return open(directory, max_length, architecture,
              fmt::format("fine-tune it first with bertune train --model {}", directory.string()));
}

ModelFolder ModelFolder::open(const std::filesystem::path& directory, std::optional<std::int64_t> max_length,
                              Architecture architecture, std::string_view how) {
  BertTokenizer tokenizer = BertTokenizer::from_pretrained(directory);
  BertPreTrainedModel model = BertPreTrainedModel::from_pretrained(directory, architecture);
  const BertConfig& config = model.config();
  require_matching_vocabulary(directory, tokenizer, config);
  if (!model.load_report().newly_initialized.empty()) {
    throw Error(fmt::format("{}: has no trained head ({} is missing); {}", directory.string(),
                            model.load_report().newly_initialized.front(), how));
  }
  Json settings = read_settings(directory);
  const auto trained = settings.find("max_length");
  const std::int64_t usual = trained != settings.end() && trained->is_number_integer()
                                 ? trained->get<std::int64_t>()
                                 : std::min(kMostTokens, config.max_position_embeddings);
  const std::int64_t length = max_length.value_or(usual);
  require_max_length(length, config);
  return {std::move(tokenizer), std::move(model), length, std::move(settings)};
}

void save_settings(const std::filesystem::path& directory, const Json& settings) {
  write_file_atomically(directory / kSettingsFile, dump_json(settings));
}

void save_model_folder(const std::filesystem::path& directory, const BertPreTrainedModel& model,
                       const BertTokenizer& tokenizer, const Json& settings) {
  AtomicDirectory folder(directory);
  model.save_weights(folder.path());
  for (const auto& [name, contents] : tokenizer.files(model.config().max_position_embeddings)) {
    write_file_atomically(folder.path() / name, contents);
  }
  save_settings(folder.path(), settings);
  folder.commit();
}

}  // namespace bertune::train
