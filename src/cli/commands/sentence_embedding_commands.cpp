// Sentence embeddings on the command line: learned from pairs of texts, tested on them, compared in them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "data/checks/check.h"
#include "data/splits/split.h"
#include "report/data_report.h"
#include "report/table.h"
#include "tasks/sentence_embedding/examples.h"
#include "tasks/sentence_embedding/metrics.h"
#include "tasks/sentence_embedding/prediction.h"
#include "tasks/sentence_embedding/read.h"
#include "tasks/sentence_embedding/task.h"
#include "train/evaluation.h"

namespace bertune::cli {
namespace {

using tasks::SentenceEmbedding;
using tasks::SentenceExamples;

constexpr const char *kCosine = "cosine-similarity", *kRanking = "multiple-negatives-ranking";

struct Datasets {
  data::Dataset train, validation, test;  // without rows where there is none
  std::vector<std::string> notes;
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set

  std::vector<data::NamedDataset> named() const {
    std::vector<data::NamedDataset> list;
    for (const auto& [name, dataset] :
         {std::pair{"train", &train}, std::pair{"validation", &validation}, std::pair{"test", &test}}) {
      if (dataset->size() > 0) list.push_back({name, dataset});
    }
    return list;
  }
};

data::Dataset read(const TrainOptions& options, const fs::path& path, std::int64_t max_rows) {
  if (path.empty()) return {};
  data::ReadOptions read_options = options.data.read_options(false);
  read_options.max_rows = max_rows;
  read_options.fold_column = options.fold_column;
  return tasks::read_pairs(path, read_options, options.embedding_loss != kRanking);
}

Datasets read_datasets(const TrainOptions& options) {
  Datasets sets;
  sets.train = read(options, options.train, options.max_train_rows);
  sets.validation = read(options, options.validation, options.max_validation_rows);
  sets.test = read(options, options.test, options.max_test_rows);
  return sets;
}

void check_options(const TrainOptions& options) {
  if (!options.problem_type.empty())
    throw UsageError("--problem-type is of text classification, and not of sentence embeddings");
  // PEFT has other names for the tensors of a model without a head.
  if (options.arguments.fine_tuning.lora && !options.arguments.fine_tuning.merge_lora)
    throw UsageError("--lora: sentence embeddings need the adapter merged in the end; add --merge-lora");
  const std::string& loss = options.embedding_loss;
  if (!loss.empty() && loss != kCosine && loss != kRanking) {
    throw UsageError(fmt::format("--embedding-loss is \"{}\"; it must be {} or {}", loss, kCosine, kRanking));
  }
}

void check_loss(const TrainOptions& options, const data::Dataset& train) {
  if (options.embedding_loss == kCosine && !train.has_labels) {
    throw UsageError(
        fmt::format("--embedding-loss {} needs a score for each pair, and {} has none; name the "
                    "column with --label-column",
                    kCosine, train.path));
  }
  if (!train.has_labels && options.arguments.train_batch_size < 2)
    throw UsageError(
        "--batch-size is 1; pairs without scores are learned by comparison within a batch, which needs at "
        "least 2");
}

// A second text that occurs twice in a batch is wrongly taken for a text that does not belong to its own
// first text.
void note_repeated_texts(const data::Dataset& train, std::vector<std::string>& notes) {
  std::unordered_set<std::string_view> seen;
  for (const data::Row& row : train.rows) seen.insert(row.text_pair);
  const std::int64_t repeated = train.size() - static_cast<std::int64_t>(seen.size());
  if (repeated == 0) return;
  notes.push_back(
      fmt::format("{} of {} second texts of train repeat an earlier one; where two of them meet in a "
                  "batch, each counts as wrong for the other's first text",
                  report::grouped(repeated), report::grouped(train.size())));
}

// The first set with scores says how they are scaled.
void scale_scores(const Datasets& sets, SentenceEmbedding& task, std::vector<std::string>& notes) {
  for (const data::NamedDataset& set : sets.named()) {
    if (!set.dataset->has_labels) continue;
    task.score_scale = tasks::score_scale(tasks::read_scores(*set.dataset));
    if (task.score_scale != 1) {
      notes.push_back(fmt::format("scores of {} are divided by {}, so that they can be cosines", set.name,
                                  task.score_scale));
    }
    return;
  }
}

SentenceEmbedding task_of(const TrainOptions& options, Datasets& sets, const BertConfig& config) {
  SentenceEmbedding task;
  const auto given = SentenceEmbeddingConfig::from_pretrained(options.model, options.base);
  task.embedding = given.value_or(SentenceEmbeddingConfig());
  if (!options.pooling.empty()) task.embedding.pooling = pooling_from_string(options.pooling);
  task.max_length =
      options.max_length.value_or(std::min(task.embedding.max_seq_length.value_or(128), config.max_length()));
  train::require_max_length(task.max_length, config);
  sets.notes.push_back(
      fmt::format("task: sentence embeddings from pairs {} ({} loss; --embedding-loss says otherwise); "
                  "pooling: {}{} ({}; "
                  "--pooling says otherwise)",
                  sets.train.has_labels ? "with scores" : "that belong together",
                  sets.train.has_labels ? kCosine : kRanking, to_string(task.embedding.pooling),
                  task.embedding.normalize ? ", normalized" : "",
                  given ? "as the model's modules.json says" : "the model has no modules.json"));
  scale_scores(sets, task, sets.notes);
  if (!sets.train.has_labels) note_repeated_texts(sets.train, sets.notes);
  return task;
}

std::unique_ptr<SentenceExamples> examples_of(const data::Dataset& pairs, const BertTokenizer& tokenizer,
                                              const SentenceEmbedding& task) {
  if (pairs.size() == 0) return nullptr;
  return make_labelled_examples(pairs, pairs.has_labels ? tasks::read_scores(pairs) : std::vector<float>(),
                                tokenizer, task);
}

void print_data_report(const Datasets& sets, const std::vector<const SentenceExamples*>& examples,
                       std::int64_t max_length, data::CheckResult check) {
  std::int64_t special = 0;
  for (const SentenceExamples* part : examples) {
    if (part == nullptr) continue;
    check.lengths.push_back(data::check_lengths(part->lengths, max_length));
    special += part->rows_with_special_tokens;
  }
  const report::Style style(report::terminal_of(STDERR_FILENO).colors);
  fmt::print(stderr, "\n{}\n", report::data_report(check, sets.named(), {.style = style}));
  print_notes(sets.notes);
  if (special > 0) {
    warn(fmt::format(
        "{} texts hold special tokens such as [SEP] themselves; they are taken as such, as Transformers does",
        special));
  }
}

void for_each_similarity(BertPreTrainedModel& model, const SentenceExamples& examples,
                         std::int64_t batch_size,
                         const std::function<void(std::size_t row, double similarity)>& use) {
  const auto n = static_cast<std::size_t>(model.config().hidden_size);
  train::for_each_output(
      model, examples, batch_size, [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
        for (std::size_t i = 0; 2 * i < static_cast<std::size_t>(batch.sequences()); ++i) {
          use(static_cast<std::size_t>(first) + i,
              tasks::cosine(output.logits.subspan(2 * i * n, n), output.logits.subspan((2 * i + 1) * n, n)));
        }
      });
}

std::vector<TestLine> test_lines(const Datasets& sets, const SentenceExamples& examples,
                                 BertPreTrainedModel& model, std::int64_t batch_size) {
  std::vector<TestLine> lines;
  for_each_similarity(model, examples, batch_size, [&](std::size_t i, double similarity) {
    const data::Row& row = sets.test.rows[i];
    Json line = Json::parse(tasks::similarity_line(row, similarity, false));
    if (row.has_label) line["true"] = row.label;
    line["where"] = sets.test.where(row);
    lines.push_back({sets.held_out[i], std::move(line)});
  });
  return lines;
}

Json settings_to_keep(const Datasets& sets, const SentenceEmbedding& task) {
  const auto column = [](const data::ChosenColumn& chosen) { return chosen ? Json(chosen.name) : Json(); };
  return {{"max_length", task.max_length},
          {"score_scale", task.score_scale},
          {"text_column", column(sets.train.columns.text)},
          {"text_pair_column", column(sets.train.columns.text_pair)},
          {"label_column", column(sets.train.columns.label)}};
}

TrainingData prepare(const TrainOptions& options, const BertTokenizer& tokenizer, const BertConfig& config) {
  check_options(options);
  const auto sets = std::make_shared<Datasets>(read_datasets(options));
  check_loss(options, sets->train);
  auto task = std::make_unique<SentenceEmbedding>(task_of(options, *sets, config));
  hold_out_validation(options, *sets, data::stratified_split, "rows");
  const data::Dataset& picking = sets->validation.size() > 0 ? sets->validation : sets->train;
  task->metric = picking.has_labels ? "spearmanr" : "accuracy";
  const bool reports = !options.json && !options.quiet;
  data::CheckResult check =
      reports ? data::check_datasets(sets->named(), {.classification = false}) : data::CheckResult();
  auto train = examples_of(sets->train, tokenizer, *task);
  auto validation = examples_of(sets->validation, tokenizer, *task);
  auto test = examples_of(sets->test, tokenizer, *task);
  if (reports)
    print_data_report(*sets, {train.get(), validation.get(), test.get()}, task->max_length, std::move(check));
  for (const data::NamedDataset& set : sets->named()) set.dataset->release_pages();
  const auto predict_test = [sets, rows = test.get()](BertPreTrainedModel& model, std::int64_t batch_size) {
    return test_lines(*sets, *rows, model, batch_size);
  };
  Json settings = settings_to_keep(*sets, *task);
  return {.task = std::move(task),
          .train = std::move(train),
          .validation = std::move(validation),
          .test = std::move(test),
          .row_name =
              [sets](std::int64_t row) {
                return sets->train.where(sets->train.rows[static_cast<std::size_t>(row)]);
              },
          .settings = std::move(settings),
          .predict_test = predict_test};
}

std::unique_ptr<SentenceEmbedding> trained_task(const train::ModelFolder& folder) {
  auto task = std::make_unique<SentenceEmbedding>();
  task->embedding = folder.model.config().sentence_embedding;
  task->max_length = folder.max_length;
  task->score_scale = train::setting(folder.settings, "score_scale", 0.0);
  return task;
}

TestData read_test(const train::ModelFolder& folder, const EvaluateOptions& options) {
  data::Dataset pairs = tasks::read_pairs(options.test, options.data.read_options(false), true);
  auto task = trained_task(folder);
  std::vector<float> scores = pairs.has_labels ? tasks::read_scores(pairs) : std::vector<float>();
  if (!(task->score_scale > 0)) task->score_scale = tasks::score_scale(scores);
  auto examples = make_labelled_examples(pairs, std::move(scores), folder.tokenizer, *task);
  return {std::move(task), std::move(examples), pairs.notes};
}

void predict(train::ModelFolder& folder, const PredictOptions& options) {
  if (options.output_format != "jsonl" && options.output_format != "csv") {
    throw UsageError(fmt::format("--format is \"{}\"; it must be jsonl or csv", options.output_format));
  }
  const bool csv = options.output_format == "csv";
  const auto task = trained_task(folder);
  predict_rows(
      options,
      [&](const data::ColumnChoice& columns) {
        if (!columns.text_pair) {
          throw UsageError(
              fmt::format("{}: this model makes sentence embeddings; bertune predict compares the two texts "
                          "of a pair with "
                          "it (--text-pair-column), and bertune embed writes embeddings",
                          options.model.string()));
        }
        return std::string(csv ? tasks::kSimilarityHeader : "");
      },
      [&](const std::vector<data::Row>& rows) {
        std::string lines;
        const auto examples = make_examples(rows, true, folder.tokenizer, *task);
        for_each_similarity(folder.model, *examples, options.batch_size,
                            [&](std::size_t row, double similarity) {
                              lines += tasks::similarity_line(rows[row], similarity, csv);
                            });
        return lines;
      });
}

}  // namespace

const TaskCommands kSentenceEmbedding = {
    .name = "sentence-embedding",
    .architecture = Architecture::sentence_embedding,
    .try_it = "echo \"your text\" | bertune embed --model {}",
    .prepare = prepare,
    .read_test = read_test,
    .predict = predict,
};

}  // namespace bertune::cli
