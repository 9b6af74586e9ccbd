// Text classification on the command line: classes, several labels, or numbers, of texts and pairs of texts.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/interrupt.h"
#include "cli/options/flag_words.h"
#include "data/checks/check.h"
#include "data/splits/split.h"
#include "data/texts/labels.h"
#include "report/data_report.h"
#include "report/progress.h"
#include "tasks/text_classification/prediction.h"
#include "tasks/text_classification/text_classification.h"
#include "train/evaluation.h"

namespace bertune::cli {
namespace {

using tasks::TextClassification;
using tasks::TextExamples;

struct Datasets {
  data::Dataset train, validation, test;
  bool has_validation = false, has_test = false;
  std::vector<std::string> notes;
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set

  std::vector<data::NamedDataset> named() const {
    std::vector<data::NamedDataset> list = {{"train", &train}};
    if (has_validation) list.push_back({"validation", &validation});
    if (has_test) list.push_back({"test", &test});
    return list;
  }
};

data::Dataset read(const TrainOptions& options, const fs::path& path, std::int64_t max_rows) {
  data::ReadOptions read_options = options.data.read_options(true);
  read_options.max_rows = max_rows;
  read_options.fold_column = options.fold_column;
  return data::read_dataset(path, read_options);
}

Datasets read_datasets(const TrainOptions& options) {
  Datasets sets;
  sets.train = read(options, options.train, options.max_train_rows);
  if (!options.validation.empty()) {
    sets.validation = read(options, options.validation, options.max_validation_rows);
    sets.has_validation = true;
  }
  if (!options.test.empty()) {
    sets.test = read(options, options.test, options.max_test_rows);
    sets.has_test = true;
  }
  for (const auto& [name, dataset] : sets.named()) {
    if (dataset->has_pairs != sets.train.has_pairs) {
      throw UsageError(
          fmt::format("{} has {} and {} {}; name the columns with --text-column and --text-pair-column",
                      sets.train.path, sets.train.has_pairs ? "pairs of texts" : "single texts",
                      dataset->path, dataset->has_pairs ? "pairs" : "single texts"));
    }
  }
  return sets;
}

// The checkpoint's own label names keep their ids when the data has no others: fine-tuning on continues the
// same head.
data::LabelMap labels_of(const data::Dataset& train, const BertConfig& config, bool multi_label) {
  data::LabelMap labels = data::build_label_map(train, {.given = {}, .multi_label = multi_label});
  const data::LabelMap given(config.id2label);
  const auto known = [&](const std::string& label) { return given.id_of(label).has_value(); };
  return std::ranges::all_of(labels.id2label(), known) ? given : labels;
}

TextClassification task_of(const TrainOptions& options, const Datasets& sets, const BertConfig& config,
                           std::vector<std::string>& notes) {
  TextClassification task;
  if (options.problem_type.empty()) {
    const data::ProblemTypeGuess guess = data::guess_problem_type(sets.train);
    task.problem_type = guess.type;
    notes.push_back(
        fmt::format("task: {} ({}; --problem-type says otherwise)", to_string(guess.type), guess.reason));
  } else {
    task.problem_type = problem_type_from_string(options.problem_type);
  }
  task.labels =
      task.problem_type == ProblemType::regression
          ? data::LabelMap(std::vector<std::string>{"LABEL_0"})
          : labels_of(sets.train, config, task.problem_type == ProblemType::multi_label_classification);
  task.max_length = options.max_length.value_or(std::min<std::int64_t>(128, config.max_length()));
  train::require_max_length(task.max_length, config);
  return task;
}

// Before the texts are tokenized: they are in memory now, and the ids are not.
data::CheckResult check_data(const Datasets& sets, const TextClassification& task) {
  return data::check_datasets(
      sets.named(), {.classification = task.problem_type == ProblemType::single_label_classification});
}

void print_data_report(const Datasets& sets, const std::vector<const TextExamples*>& examples,
                       std::int64_t max_length, data::CheckResult check) {
  const std::vector<data::NamedDataset> named = sets.named();
  std::int64_t special = 0;
  for (const TextExamples* part : examples) {
    if (part == nullptr) continue;
    check.lengths.push_back(data::check_lengths(part->lengths, max_length));
    special += part->rows_with_special_tokens;
  }
  const report::Terminal terminal = report::terminal_of(STDERR_FILENO);
  fmt::print(
      stderr, "\n{}\n",
      report::data_report(check, named, {.style = report::Style(terminal.colors), .render = with_flags}));
  print_notes(sets.notes);
  if (special > 0) {
    warn(fmt::format(
        "{} texts hold special tokens such as [SEP] themselves; they are taken as such, as Transformers does",
        special));
  }
}

Json settings_to_keep(const Datasets& sets, const TextClassification& task) {
  const auto column = [](const data::ChosenColumn& chosen) { return chosen ? Json(chosen.name) : Json(); };
  return {{"max_length", task.max_length},
          {"problem_type", to_string(task.problem_type)},
          {"text_column", column(sets.train.columns.text)},
          {"text_pair_column", column(sets.train.columns.text_pair)},
          {"label_column", column(sets.train.columns.label)}};
}

void for_each_prediction(BertPreTrainedModel& model, const TextExamples& examples, std::int64_t batch_size,
                         double threshold,
                         const std::function<void(std::size_t row, const tasks::Prediction&)>& use) {
  const BertConfig& config = model.config();
  const auto width = static_cast<std::size_t>(config.num_labels());
  train::for_each_output(model, examples, batch_size, interrupt_token(),
                         [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                           for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
                             use(static_cast<std::size_t>(first) + i,
                                 tasks::predict(config, output.logits.subspan(i * width, width), threshold));
                           }
                         });
}

std::vector<TestLine> test_lines(const Datasets& sets, const TextExamples& examples, double threshold,
                                 BertPreTrainedModel& model, std::int64_t batch_size) {
  std::vector<TestLine> lines;
  for_each_prediction(
      model, examples, batch_size, threshold, [&](std::size_t i, const tasks::Prediction& prediction) {
        const data::Row& row = sets.test.rows[i];
        Json line = Json::parse(tasks::prediction_line(tasks::PredictionFormat::jsonl, model.config(), row,
                                                       sets.test.has_pairs, prediction));
        line["true"] = row.label;
        line["where"] = sets.test.where(row);
        lines.push_back({sets.held_out[i], std::move(line)});
      });
  return lines;
}

TrainingData prepare(const TrainOptions& options, const BertTokenizer& tokenizer, const BertConfig& config) {
  const auto sets = std::make_shared<Datasets>(read_datasets(options));
  auto task = std::make_unique<TextClassification>(task_of(options, *sets, config, sets->notes));
  (options.fold.count > 0 ? sets->has_test : sets->has_validation) |=
      hold_out_validation(options, *sets, data::stratified_split, "rows", ", stratified by label");
  const bool reports = !options.json && !options.quiet;
  data::CheckResult check = reports ? check_data(*sets, *task) : data::CheckResult();
  // All labels of all splits are looked up here, before the first step.
  auto train = make_examples(sets->train, tokenizer, *task, true);
  auto validation = sets->has_validation ? make_examples(sets->validation, tokenizer, *task, true) : nullptr;
  auto test = sets->has_test ? make_examples(sets->test, tokenizer, *task, true) : nullptr;
  if (reports)
    print_data_report(*sets, {train.get(), validation.get(), test.get()}, task->max_length, std::move(check));
  // From here on rows are asked for their places alone, and a large file's memory is better the model's.
  for (const data::NamedDataset& set : sets->named()) set.dataset->release_pages();
  const auto predict_test = [sets, rows = test.get(), threshold = task->threshold](BertPreTrainedModel& model,
                                                                                   std::int64_t batch_size) {
    return test_lines(*sets, *rows, threshold, model, batch_size);
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

std::unique_ptr<TextClassification> trained_task(const train::ModelFolder& folder,
                                                 std::optional<double> threshold) {
  const BertConfig& config = folder.model.config();
  auto task = std::make_unique<TextClassification>();
  task->problem_type = config.problem_type.value_or(
      config.num_labels() == 1 ? ProblemType::regression : ProblemType::single_label_classification);
  task->labels = data::LabelMap(config.id2label);
  task->max_length = folder.max_length;
  task->threshold = threshold.value_or(train::setting(folder.settings, "threshold", task->threshold));
  if (!(task->threshold >= 0 && task->threshold <= 1))
    throw UsageError(fmt::format("--threshold is {}; it must be from 0 to 1", task->threshold));
  return task;
}

TestData read_test(const train::ModelFolder& folder, const EvaluateOptions& options) {
  const data::Dataset dataset = data::read_dataset(options.test, options.data.read_options(true));
  auto task = trained_task(folder, options.threshold);
  auto examples = make_examples(dataset, folder.tokenizer, *task, true);
  return {std::move(task), std::move(examples), dataset.notes};
}

std::string lines_of(train::ModelFolder& folder, const TextClassification& task,
                     const std::vector<data::Row>& rows, bool has_pairs, std::int64_t batch_size,
                     tasks::PredictionFormat format) {
  data::Dataset chunk;
  chunk.rows = rows;
  chunk.has_pairs = has_pairs;
  const auto examples = make_examples(chunk, folder.tokenizer, task, false);
  std::string lines;
  for_each_prediction(folder.model, *examples, batch_size, task.threshold,
                      [&](std::size_t i, const tasks::Prediction& prediction) {
                        lines += tasks::prediction_line(format, folder.model.config(), rows[i], has_pairs,
                                                        prediction);
                      });
  return lines;
}

void predict(train::ModelFolder& folder, const PredictOptions& options) {
  if (options.output_format != "jsonl" && options.output_format != "csv") {
    throw UsageError(fmt::format("--format is \"{}\"; it must be jsonl or csv", options.output_format));
  }
  const auto format =
      options.output_format == "csv" ? tasks::PredictionFormat::csv : tasks::PredictionFormat::jsonl;
  const auto task = trained_task(folder, options.threshold);
  bool has_pairs = false;
  predict_rows(
      options,
      [&](const data::ColumnChoice& columns) {
        has_pairs = static_cast<bool>(columns.text_pair);
        return tasks::prediction_header(format, has_pairs);
      },
      [&](const std::vector<data::Row>& rows) {
        return lines_of(folder, *task, rows, has_pairs, options.batch_size, format);
      });
}

}  // namespace

const TaskCommands kTextClassification = {
    .name = "text-classification",
    .architecture = Architecture::sequence_classification,
    .try_it = "echo \"your text\" | bertune predict --model {}",
    .prepare = prepare,
    .read_test = read_test,
    .predict = predict,
};

}  // namespace bertune::cli
