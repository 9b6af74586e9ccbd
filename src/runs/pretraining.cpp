#include "runs/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "core/file.h"
#include "data/checks/check.h"
#include "data/documents/document_texts.h"
#include "data/documents/tokenized_documents.h"
#include "runs/text_cache.h"
#include "tasks/language_modelling/task.h"
#include "tasks/trained_settings.h"
#include "train/model_folder.h"

namespace bertune::runs {
namespace {

using Examples = tasks::LanguageModellingExamples;

// Adds the documents of the set to those that are to be checked.
std::unique_ptr<Examples> read_examples(const TextCache& cache, const tasks::PretrainingOptions& rows,
                                        const std::vector<fs::path>& names, const BertTokenizer& tokenizer,
                                        train::Observer& observer, const char* set,
                                        std::vector<data::NamedTexts>& to_check) {
  const std::vector<fs::path> paths = files_named(names);
  data::TokenizedDocuments documents =
      cache.read(paths, tokenizer, tasks::PretrainingExamples::max_sentence_tokens(rows), observer);
  if (documents.size() > data::kMostDocumentTexts) {
    observer.on(Note{
        fmt::format("equal documents are looked for among the first {} alone", data::kMostDocumentTexts)});
  }
  to_check.push_back({set, data::texts_of(documents, set)});
  observer.on(TextRead{paths, documents.size(), documents.sentences(), documents.tokens()});
  for (const std::string& note : documents.notes) observer.on(Note{note});
  try {
    return std::make_unique<Examples>(std::move(documents), tokenizer, rows);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {  // it knows documents, not files
    throw Error(fmt::format("{}: {}", paths.front().string(), error.what()));
  }
}

// The documents that are there twice. What was read is said already (TextRead).
void check_documents(const std::vector<data::NamedTexts>& sets, tasks::TrainingData& data,
                     train::Observer& observer) {
  data.facts.check = data::check_texts(sets, {.unit = "document", .conflicts = false});
  data.facts.check.sets.clear();
  for (Finding& finding : data.facts.check.findings)
    for (FindingExample& example : finding.examples) example.text.clear();  // it is a hash
  observer.on(DataRead{data.train->rows(), data.validation ? data.validation->rows() : 0, 0,
                       data.facts.check.findings, &data.facts});
}

// Returns the configuration of a model that is made from scratch: the sizes of the file, and one embedding
// per token of the vocabulary.
BertConfig new_config(const PretrainOptions& options, const BertTokenizer& tokenizer) {
  BertConfig config = BertConfig::from_json(read_file(options.config, 1 << 20), options.config.string());
  config.vocab_size = tokenizer.vocab_size();
  config.pad_token_id = tokenizer.pad_token_id();
  return config;
}

BertConfig config_of(const PretrainOptions& options, const BertTokenizer& tokenizer) {
  return options.from_nothing() ? new_config(options, tokenizer)
                                : BertConfig::from_pretrained(options.run.model);
}

BertPreTrainedModel model_of(const PretrainOptions& options, const BertConfig& config,
                             const tasks::Task& task) {
  const TrainOptions& run = options.run;
  if (options.from_nothing()) {
    return BertPreTrainedModel::from_config(config, task.architecture(), run.arguments.seed,
                                            options.initialization);
  }
  return BertPreTrainedModel::from_pretrained(run.model, task.architecture(), load_options(run, task));
}

}  // namespace

void require_beginning(const PretrainOptions& options) {
  if (options.from_nothing() == !options.run.model.empty()) {
    throw UsageError(
        "model",
        "give either `model`, to continue from a checkpoint, or `config_name`, to train from scratch");
  }
  if (options.from_nothing() && options.vocabulary.empty()) {
    throw UsageError(
        "vocabulary",
        "`config_name` needs `vocabulary`, a folder with vocab.txt; `vocabulary()` makes one from your text");
  }
  if (!options.from_nothing() && !options.vocabulary.empty()) {
    throw UsageError(
        "vocabulary",
        "`vocabulary` is for a new model (`config_name`); that of `model` has its own, and no other");
  }
  if (!options.from_nothing() && options.initialization != Initialization::normal) {
    throw UsageError("init", "`init` is for a new model (`config_name`); that of `model` has its weights");
  }
}

FinishedRun pretrain(const PretrainOptions& options, train::Observer& observer) {
  require_beginning(options);
  if (options.run.arguments.on_collapse == OnCollapse::retry)
    throw UsageError("on_collapse", "`on_collapse=retry` is for fine-tuning; take stop or warn");
  TrainOptions run = options.run;
  finish_folder(options.from_nothing() ? options.vocabulary : run.model);
  BertTokenizer tokenizer =
      BertTokenizer::from_pretrained(options.from_nothing() ? options.vocabulary : run.model);
  const BertConfig config = config_of(options, tokenizer);
  tokenizer.fit_to(config.vocab_size, config.type_vocab_size);
  for (const std::string& note : tokenizer.notes()) observer.on(Note{note});
  auto task = std::make_unique<tasks::LanguageModellingTask>();
  task->objective = options.rows.objective;
  class_name(config.model_type, task->architecture());  // refuses what the family has no head for
  tasks::PretrainingOptions rows = options.rows;
  rows.seed = run.arguments.seed;
  rows.max_length = run.files.max_length.value_or(std::min<std::int64_t>(128, config.max_length()));
  tasks::require_max_length(rows.max_length, config);

  tasks::TrainingData data;
  std::vector<data::NamedTexts> documents;
  const TextCache cache(options);
  data.train = read_examples(cache, rows, options.train, tokenizer, observer, "train", documents);
  if (!options.validation.empty()) {
    data.validation =
        read_examples(cache, rows, options.validation, tokenizer, observer, "validation", documents);
  }
  check_documents(documents, data, observer);
  data.row_name = [first = options.train.front().string()](std::int64_t row) {
    return fmt::format("row {} of {}", row, first);
  };
  data.settings = {{tasks::keys::kMaxLength, rows.max_length},
                   {tasks::keys::kObjective, to_string(rows.objective)}};
  BertPreTrainedModel model = model_of(options, config, *task);
  data.task = std::move(task);
  run.arguments.settle(*data.task);
  if (options.from_nothing()) run.model = options.config;  // for a person
  FinishedRun finished = run_training(run, tokenizer, model, data, observer);
  cache.finish();
  return finished;
}

}  // namespace bertune::runs
