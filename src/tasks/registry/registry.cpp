#include "tasks/registry/registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bertune/error.h"
#include "tasks/language_modelling/prediction.h"
#include "tasks/multiple_choice/read.h"
#include "tasks/question_answering/read.h"
#include "tasks/sentence_embedding/read.h"
#include "tasks/text_classification/read.h"
#include "tasks/token_classification/read.h"

namespace bertune::tasks {
namespace {

template <auto trained_task>
std::unique_ptr<PredictionTask> prediction_task_of(const TrainedModel& model,
                                                   const PredictionOptions& options) {
  return trained_task(model, options);
}

const std::array kTasks = {
    TaskEntry{"text-classification", Architecture::sequence_classification,
              text_classification::read_training, text_classification::read_facts,
              text_classification::read_test, text_classification::read_inputs, text_classification::open,
              prediction_task_of<text_classification::trained_task>},
    TaskEntry{"token-classification", Architecture::token_classification, token_classification::read_training,
              token_classification::read_facts, token_classification::read_test,
              token_classification::read_inputs, token_classification::open,
              prediction_task_of<token_classification::trained_task>},
    TaskEntry{"question-answering", Architecture::question_answering, question_answering::read_training,
              question_answering::read_facts, question_answering::read_test, question_answering::read_inputs,
              question_answering::open, prediction_task_of<question_answering::trained_task>},
    TaskEntry{"multiple-choice", Architecture::multiple_choice, multiple_choice::read_training,
              multiple_choice::read_facts, multiple_choice::read_test, multiple_choice::read_inputs,
              multiple_choice::open, prediction_task_of<multiple_choice::trained_task>},
    TaskEntry{"sentence-embedding", Architecture::sentence_embedding, sentence_embedding::read_training,
              sentence_embedding::read_facts, sentence_embedding::read_test, sentence_embedding::read_inputs,
              sentence_embedding::open, prediction_task_of<sentence_embedding::trained_task>},
};

}  // namespace

std::span<const TaskEntry> all_tasks() { return kTasks; }

std::string task_names() {
  std::string names;
  for (const TaskEntry& task : kTasks) names += (names.empty() ? "" : ", ") + std::string(task.name);
  return names;
}

const TaskEntry& task_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const TaskEntry& task : kTasks) {
    if (task.name == name) return task;
    names.push_back(task.name);
  }
  throw UsageError("task",
                   fmt::format("`task` is \"{}\"; it must be one of {}", name, fmt::join(names, ", ")));
}

const TaskEntry* task_of(Architecture architecture) {
  const auto found = std::ranges::find(kTasks, architecture, &TaskEntry::architecture);
  return found != kTasks.end() ? &*found : nullptr;
}

void require_long_text_fits(Architecture architecture, const LongTextOptions& given) {
  if (architecture == Architecture::sequence_classification) return;
  const bool has_windows =
      architecture == Architecture::token_classification || architecture == Architecture::question_answering;
  for (const auto& [option, is_given] : {std::pair{"long_text", given.long_text.has_value()},
                                         std::pair{"window_stride", given.window_stride.has_value()},
                                         std::pair{"window_score", given.window_score.has_value()}}) {
    if (!is_given) continue;
    throw UsageError(option,
                     fmt::format("`{}` is of texts with classes, labels or numbers; {}", option,
                                 has_windows ? "long texts of this task are read in windows by themselves"
                                             : "of this task, long texts are truncated"));
  }
}

std::unique_ptr<PredictionTask> prediction_task(Architecture architecture, const TrainedModel& model,
                                                const PredictionOptions& options,
                                                const std::filesystem::path& directory) {
  require_long_text_fits(architecture, options.long_text);
  if (architecture == Architecture::masked_lm) {
    auto task = std::make_unique<MaskedWordsTask>();
    task->max_length = model.max_length, task->top = options.top;
    return task;
  }
  if (architecture == Architecture::next_sentence_prediction) {
    auto task = std::make_unique<NextSentenceTask>();
    task->max_length = model.max_length;
    return task;
  }
  if (const TaskEntry* task = task_of(architecture)) return task->prediction_task(model, options);
  throw Error(
      fmt::format("{}: is a {}, which predicts nothing by itself; fine-tune it, or ask one of its heads",
                  directory.string(), to_string(architecture)));
}

}  // namespace bertune::tasks
