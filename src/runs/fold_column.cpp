#include "runs/fold_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "bertune/error.h"
#include "core/nearest.h"
#include "data/splits/given_folds.h"
#include "data/tagged/tagged.h"

namespace bertune::runs {
namespace {

using data::Format;
using data::TagFormat;

// The columns that these tasks read under a fixed name. Lists are refused by their values.
constexpr std::array<std::string_view, 5> kOfQuestions = {"question", "context", "answer", "answer_start",
                                                          "is_impossible"};
constexpr std::array<std::string_view, 1> kOfSentences = {"text"};

[[noreturn]] void refuse_format(const tasks::TrainingFiles& files, std::string_view what,
                                std::string_view others) {
  throw UsageError("fold_column",
                   fmt::format("{}: {} has no column for the fold of a row; `fold_column` takes {}",
                               files.train.string(), what, others));
}

Format format_with_columns(const tasks::TrainingFiles& files, Architecture task) {
  const std::string& given = files.data.format;
  if (task == Architecture::token_classification) {
    const TagFormat format =
        given.empty() ? data::guess_tag_format(files.train) : data::tag_format_from_string(given);
    if (format == TagFormat::conll) refuse_format(files, "CoNLL", "JSON Lines");
    if (format == TagFormat::conllu) refuse_format(files, "CoNLL-U", "JSON Lines");
    if (format == TagFormat::csv) refuse_format(files, "a table of words", "JSON Lines");
    return Format::jsonl;
  }
  const Format format = given.empty() ? data::format_from_path(files.train) : data::format_from_string(given);
  if (task == Architecture::question_answering && format == Format::json)
    refuse_format(files, "SQuAD's JSON", "CSV, TSV or JSON Lines (`format=jsonl`)");
  if (format == Format::text) refuse_format(files, "plain text", "CSV, TSV, JSON Lines or JSON");
  return format;
}

void require_other_column(const tasks::TrainingFiles& files, Architecture task) {
  const std::string& column = files.fold_column;
  const auto refuse = [&](std::string_view what) {
    throw UsageError(
        "fold_column",
        fmt::format("`fold_column`: \"{}\" is {}; folds need a column of their own", column, what));
  };
  if (column == files.data.text_column) refuse("the `text_column`");
  if (column == files.data.text_pair_column) refuse("the `text_pair_column`");
  if (column == files.data.label_column) refuse("the `label_column`");
  const auto is_one_of = [&](const auto& names) { return std::ranges::find(names, column) != names.end(); };
  if (task == Architecture::question_answering && is_one_of(kOfQuestions)) refuse("part of the questions");
  if (task == Architecture::token_classification && is_one_of(kOfSentences)) refuse("the text");
}

}  // namespace

data::Fold folds_of_column(const tasks::TrainingFiles& files, std::optional<std::int64_t> asked,
                           Architecture task) {
  require_other_column(files, task);
  data::ReadOptions read;
  if (task != Architecture::token_classification) read = files.data.read_options(true);
  // The columns of these tasks are known by their names.
  if (task == Architecture::question_answering || task == Architecture::multiple_choice) read.header = true;
  read.fold_column = files.fold_column;
  const auto folds = std::make_shared<const data::GivenFolds>(
      data::read_given_folds(files.train, format_with_columns(files, task), read));
  if (asked && *asked != folds->count()) {
    throw UsageError(
        fmt::format("`folds` is {}, and column \"{}\" of {} has {} different values: {}; leave out "
                    "`folds`",
                    *asked, folds->column, folds->path, folds->count(), quoted_list(folds->names)));
  }
  return {.number = 0, .count = folds->count(), .given = folds};
}

}  // namespace bertune::runs
