#include "tasks/training_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string_view>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/files/file_part.h"
#include "data/files/json_shape.h"
#include "data/files/sniff.h"
#include "tasks/glance.h"
#include "tasks/training_data.h"

namespace bertune::tasks {

data::ReadOptions FileOptions::read_options(bool labels_required) const {
  if (max_bad_rows < 0)
    throw UsageError("max_bad_rows",
                     fmt::format("`max_bad_rows` is {}; it cannot be negative", max_bad_rows));
  data::ReadOptions options;
  if (!format.empty()) options.format = data::format_from_string(format);
  options.text_column = text_column;
  options.text_pair_column = text_pair_column;
  options.label_column = label_column;
  options.id_column = id_column;
  options.header = !no_header;
  options.labels_required = labels_required;
  options.encoding = encoding;
  options.max_bad_rows = max_bad_rows;
  if (delimiter == "\\t") {
    options.delimiter = '\t';
  } else if (delimiter.size() > 1) {
    throw UsageError("delimiter", fmt::format("`delimiter` is \"{}\"; it must be one character", delimiter));
  } else if (!delimiter.empty()) {
    options.delimiter = delimiter.front();
  }
  return options;
}

namespace {

std::string first_of(const std::vector<std::string>& splits, std::initializer_list<std::string_view> wanted) {
  for (const std::string_view name : wanted)
    if (std::ranges::find(splits, name) != splits.end()) return std::string(name);
  return "";
}

}  // namespace

std::vector<std::string> name_splits(TrainingFiles& files) {
  const std::optional<data::TextFile> file = look_into(files.train);
  if (!file || !data::file_part(files.train).part.empty()) return {};
  std::string_view text = file->text();
  text.remove_prefix(data::byte_order_mark(text));
  if (!data::is_json(text)) return {};
  const std::vector<std::string> splits = data::splits_of_json(text);
  const std::string train = first_of(splits, {"train", "training"});
  if (train.empty()) return {};
  const std::string document = files.train.string();
  std::string note =
      fmt::format("{}: holds the splits {}: `train={}#{}`", document, quoted_list(splits), document, train);
  files.train = fmt::format("{}#{}", document, train);
  const auto take = [&](std::filesystem::path& path, std::string_view role, const std::string& split) {
    if (!path.empty() || split.empty()) return;
    path = fmt::format("{}#{}", document, split);
    note += fmt::format(" `{}={}#{}`", role, document, split);
  };
  if (files.fold.count == 0)
    take(files.validation, "validation",
         first_of(splits, {"validation", "valid", "val", "dev", "development"}));
  if (files.fold.count == 0) take(files.test, "test", first_of(splits, {"test", "testing"}));
  return {note + " (detected)"};
}

data::CheckOptions check_options(const TrainingFiles& files, const BertTokenizer* tokenizer) {
  data::CheckOptions options;
  options.tokenizer = tokenizer;
  if (files.checks_all) options.max_near_rows = std::numeric_limits<std::int64_t>::max();
  return options;
}

std::int64_t TrainingFiles::length_of(std::int64_t usual, const BertConfig& config) const {
  if (max_length) return *max_length;
  return std::min({usual, config.max_length(), model_max_length.value_or(usual)});
}

}  // namespace bertune::tasks
