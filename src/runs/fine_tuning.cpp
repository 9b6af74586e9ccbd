#include "runs/fine_tuning.h"

#include <fmt/format.h>
#include <filesystem>
#include <system_error>

#include <cstdint>

#include "bertune/error.h"
#include "core/file.h"
#include "core/large_blocks.h"
#include "core/stopwatch.h"
#include "distributed/ranks.h"
#include "runs/few_labels.h"
#include "runs/retries.h"
#include "tasks/corrections.h"
#include "tasks/trained_settings.h"
#include "train/collapse_guard.h"

namespace bertune::runs {

tasks::TaskGuess task_of(const TrainOptions& options) {
  if (!options.task.empty()) return {&tasks::task_named(options.task), ""};
  tasks::TrainingFiles files = options.files;
  tasks::name_splits(files);
  return tasks::guess_task(files.train, files.data);
}

std::string detection_note(const TrainOptions& options, const tasks::TaskGuess& guess) {
  if (guess.reason.empty()) return "";
  return fmt::format("task: {} (detected from {}: {}; change with `task`)", guess.task->name,
                     options.files.train.string(), guess.reason);
}

BaseModel open_base_model(const TrainOptions& options) {
  finish_folder(options.model);
  BaseModel base{BertTokenizer::from_pretrained(tokenizer_folder(options.model, options.base)),
                 BertConfig::from_pretrained(config_folder(options.model, options.base))};
  base.tokenizer.fit_to(base.config.vocab_size, base.config.type_vocab_size);
  return base;
}

namespace {

// Notes what there is to say of the tokenizer, and of the length that its files ask for.
void note_tokenizer(const BaseModel& base, const tasks::TrainingFiles& files, const Json& settings,
                    train::Observer& observer) {
  for (const std::string& note : base.tokenizer.notes()) observer.on(Note{note});
  const std::int64_t most = files.model_max_length.value_or(base.config.max_length()),
                     length = tasks::setting(settings, tasks::keys::kMaxLength, std::int64_t{0});
  if (most >= base.config.max_length()) return;
  if (length == most && !files.max_length) {
    observer.on(
        Note{fmt::format("texts are cut at {} tokens, as tokenizer_config.json says (model_max_length); "
                         "change with `max_length`",
                         length)});
  } else if (length > most) {
    observer.on(Note{fmt::format(
        "`max_length={}` is more than tokenizer_config.json says (model_max_length: {})", length, most)});
  }
}

}  // namespace

tasks::TrainingData read_training(const TrainOptions& options, const BaseModel& base,
                                  const tasks::TaskEntry& task, train::Observer& observer) {
  tasks::TrainingFiles files = options.files;
  require_method_fits(options, task);
  tasks::require_corrections_fit(files, task.architecture);
  tasks::require_long_text_fits(task.architecture, files.long_text);
  // These methods choose nothing on rows that are held out, and few rows are too good for it.
  const bool keeps_all = options.method != Method::fine_tune && !files.validation_split;
  if (keeps_all) files.validation_split = 0;
  for (const std::string& note : tasks::name_splits(files)) observer.on(Note{note});
  files.model_max_length = base.tokenizer.config().model_max_length;
  if (task.architecture == Architecture::sentence_embedding) {
    // PEFT has other names for the tensors of a model without a head.
    const train::FineTuning& tuning = options.arguments.fine_tuning;
    if (tuning.lora && !tuning.merge_lora) {
      throw UsageError("lora",
                       "`lora`: sentence embeddings need the adapter merged in the end; add `merge_lora`");
    }
    files.sentence_embedding.of_model = SentenceEmbeddingConfig::from_pretrained(options.model, options.base);
    files.sentence_embedding.train_batch_size = options.arguments.train_batch_size;
  }
  tasks::TrainingData data = task.read_training(files, base.tokenizer, base.config);
  require_labels(options, data);
  if (keeps_all && options.method == Method::automatic && !has_few_rows(data)) {
    files.validation_split.reset();
    data = task.read_training(files, base.tokenizer, base.config);
  }
  if (options.method == Method::fine_tune && files.checks_data && files.fold.count == 0 && has_few_rows(data))
    data.facts.notes.push_back(few_rows_note(data));
  if (files.fold.number == 0) note_tokenizer(base, files, data.settings, observer);
  const auto rows = [](const auto& examples) { return examples ? examples->items() : 0; };
  if (files.checks_data) {
    const std::int32_t unknown = base.tokenizer.unk_token_id();
    for (const auto& [name, examples] : {std::pair{"train", data.train.get()},
                                         {"validation", data.validation.get()},
                                         {"test", data.test.get()}}) {
      if (examples == nullptr) continue;
      data::add_unknown_tokens(data.facts.check, name, examples->count_of(unknown),
                               examples->tokens_of_first(examples->rows()));
    }
    data::rank_findings(data.facts.check.findings);
  }
  observer.on(DataRead{rows(data.train), rows(data.validation), rows(data.test), data.facts.check.findings,
                       &data.facts});
  return data;
}

BertPreTrainedModel new_model(const TrainOptions& options, const tasks::Task& task) {
  return BertPreTrainedModel::from_pretrained(options.model, task.architecture(),
                                              load_options(options, task));
}

namespace {

// Tells, for large files, what took so long before anything moved, and what is not in memory.
void tell_preparation(const fs::path& train, double reading, double model, train::Observer& observer) {
  if (const std::uint64_t bytes = large_bytes_in_files(); bytes > 0) {
    observer.on(Note{
        fmt::format("{} MB of the data are kept in files, because the memory that they may take is used up",
                    bytes / 1'000'000)});
  }
  constexpr std::uintmax_t kLarge = 50'000'000;  // bytes
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(train, error);
  if (error || bytes < kLarge) return;
  observer.on(Note{
      fmt::format("the first step begins after {:.1f} s: reading, checking and tokenizing {} MB took {:.1f} "
                  "s, the model {:.1f} s",
                  reading + model, bytes / 1'000'000, reading, model)});
}

}  // namespace

void write_for_report(const fs::path& output, const FinishedRun& run, const tasks::TrainingData& data) {
  if (run.plan) {
    const Json plan = {{"total_steps", run.plan->total_steps}, {"memory_bytes", run.plan->memory()}};
    write_file_atomically(output / "plan.json", dump_json(plan, 4));
  }
  Json findings = Json::array();
  for (const Finding& finding : data.facts.check.findings)
    findings.push_back({{"kind", to_string(finding.kind)},
                        {"severity", to_string(finding.severity)},
                        {"text", to_string(finding)}});
  if (!findings.empty())
    write_file_atomically(output / "data_check.json", dump_json({{"findings", findings}}, 4));
}

FinishedRun fine_tune_on(tasks::TrainingData& data, const TrainOptions& options, const BaseModel& base,
                         train::Observer& observer, double reading) {
  if (options.method != Method::fine_tune) return learn_from_few(data, options, base, observer);
  TrainOptions settled = options;
  settled.arguments.settle(*data.task);
  continue_attempt(settled, observer);
  for (;;) {
    const Stopwatch watch;
    BertPreTrainedModel model = new_model(settled, *data.task);
    if (reading > 0) tell_preparation(options.files.train, reading, watch.seconds(), observer);
    try {
      FinishedRun finished = run_training(settled, base.tokenizer, model, data, observer);
      if (distributed::is_first()) write_for_report(settled.arguments.output_dir, finished, data);
      return finished;
    } catch (const train::Collapsed& collapsed) {
      if (!may_retry(settled)) throw;
      try_more_gently(collapsed, settled, observer);
    }
  }
}

FinishedRun fine_tune(const TrainOptions& options, const BaseModel& base, const tasks::TaskEntry& task,
                      train::Observer& observer) {
  const Stopwatch watch;
  tasks::TrainingData data = read_training(options, base, task, observer);
  return fine_tune_on(data, options, base, observer, watch.seconds());
}

}  // namespace bertune::runs
