#include "tasks/registry/guess.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "bertune/error.h"
#include "data/choices/multiple_choice.h"
#include "data/files/json_rows.h"
#include "data/files/json_text.h"
#include "data/files/sniff.h"
#include "data/questions/question_form.h"
#include "data/tagged/tagged_form.h"
#include "tasks/glance.h"

namespace bertune::tasks {
namespace {

TaskGuess guess(Architecture architecture, std::string reason) {
  return {task_of(architecture), std::move(reason)};
}

// A label of the whole text beside entities in it: either could be learnt.
void refuse_two_readings(const std::filesystem::path& train, std::string_view text) {
  if (!data::is_json(text)) return;
  data::JsonRows rows(train.string());
  data::JsonRow row;
  data::JsonMends mends;
  if (rows.next(text, true, row) != data::Parse::record) return;
  const Json value = data::parse_json_row(row.text, train.string(), mends);
  if (!value.is_object() || !value.contains("text") || value.contains("tokens")) return;
  for (const char* label : {"label", "intent", "category", "class"}) {
    const auto found = value.find(label);
    if (found == value.end() || !(found->is_string() || found->is_number())) continue;
    throw UsageError(
        "task", fmt::format("{}: rows hold a text with a label (\"{}\") and with entities in it; say which "
                            "is to be learnt: `task=text-classification` or `task=token-classification`",
                            train.string(), label));
  }
}

TaskGuess guess_from(const std::filesystem::path& train, std::string_view text) {
  text.remove_prefix(data::byte_order_mark(text));
  if (std::string reason = data::looks_like_tagged_words(train, text); !reason.empty()) {
    refuse_two_readings(train, text);
    return guess(Architecture::token_classification, std::move(reason));
  }
  if (data::looks_like_multiple_choice(train))
    return guess(Architecture::multiple_choice, "rows hold a question and its choices");
  if (std::string reason = data::looks_like_questions(train, text); !reason.empty())
    return guess(Architecture::question_answering, std::move(reason));
  return guess(Architecture::sequence_classification, "");
}

}  // namespace

TaskGuess guess_task(const std::filesystem::path& train, const FileOptions& options) {
  const TaskGuess texts = guess(Architecture::sequence_classification, "");
  if (options.format == "conll" || options.format == "conllu")
    return guess(Architecture::token_classification, fmt::format("`format={}`", options.format));
  if (!options.text_column.empty() || !options.text_pair_column.empty()) {
    return data::looks_like_multiple_choice(train)  // which has no such columns, and says so
               ? guess(Architecture::multiple_choice, "rows hold a question and its choices")
               : texts;
  }
  const std::optional<data::TextFile> file = look_into(train);
  if (!file) return texts;
  try {
    data::refuse_foreign_bytes(file->text(), train.string());
    if (!options.labels_file.empty() && data::are_tags_of_words(file->text(), options.labels_file))
      return guess(Architecture::token_classification,
                   "the lines of `labels_file` are a tag for each word of its lines");
    return guess_from(train, file->text());
  } catch (const UsageError& error) {
    if (error.option() == "task") throw;
    return texts;
  } catch (const Error&) {
    return texts;
  }
}

}  // namespace bertune::tasks
