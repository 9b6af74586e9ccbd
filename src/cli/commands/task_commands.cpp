#include "cli/commands/task_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include "bertune/error.h"
#include "cli/screen/flag_words.h"
#include "report/data_facts.h"

namespace bertune::cli {
std::string task_names() {
  std::string names;
  for (const tasks::TaskEntry& task : tasks::all_tasks())
    names += (names.empty() ? "" : ", ") + std::string(task.name);
  return names;
}

const tasks::TaskEntry& task_of(Architecture architecture, const std::filesystem::path& directory) {
  if (const tasks::TaskEntry* task = tasks::task_of(architecture)) return *task;
  throw Error(
      fmt::format("{}: is a {}, which has no labels to predict; fine-tune it with bertune train, or "
                  "see bertune fill-mask",
                  directory.string(), to_string(architecture)));
}

std::string_view try_it(Architecture task) {
  switch (task) {
    case Architecture::question_answering:
      return "echo '{{\"question\": \"...\", \"context\": \"...\"}}' | bertune predict --model {}";
    case Architecture::multiple_choice:
      return "echo '{{\"question\": \"...\", \"choices\": [\"...\", \"...\"]}}' | bertune predict --model {}";
    case Architecture::sentence_embedding:
      return "echo \"your text\" | bertune embed --model {}";
    default:
      return "echo \"your text\" | bertune predict --model {}";
  }
}

tasks::TrainingData read_training(const tasks::TaskEntry& task, const TrainOptions& options,
                                  tasks::TrainingFiles files, const BertTokenizer& tokenizer,
                                  const BertConfig& config) {
  if (task.architecture == Architecture::sentence_embedding) {
    // PEFT has other names for the tensors of a model without a head.
    const train::FineTuning& tuning = options.arguments.fine_tuning;
    if (tuning.lora && !tuning.merge_lora)
      throw UsageError("--lora: sentence embeddings need the adapter merged in the end; add --merge-lora");
    files.sentence_embedding.of_model = SentenceEmbeddingConfig::from_pretrained(options.model, options.base);
  }
  tasks::TrainingData data = task.read_training(files, tokenizer, config);
  const report::Style style(report::terminal_of(STDERR_FILENO).colors);
  fmt::print(stderr, "{}", report::data_facts(data.facts, {.style = style, .render = with_flags}));
  return data;
}

}  // namespace bertune::cli
