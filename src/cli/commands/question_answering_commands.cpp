// Extractive question answering on the command line.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/interrupt.h"
#include "core/arriving_lines.h"
#include "data/checks/sets.h"
#include "report/progress.h"
#include "report/table.h"
#include "tasks/question_answering/question_answering_task.h"
#include "train/evaluation.h"

namespace bertune::cli {
namespace {

using data::QuestionAnsweringDataset;
using tasks::QuestionAnsweringExamples;
using tasks::QuestionAnsweringTask;

constexpr std::int64_t kUsualMaxLength = 384;  // run_qa.py's

data::QuestionAnsweringReadOptions read_options(const DataOptions& options, std::int64_t max_questions,
                                                bool answers_required) {
  if (options.no_header) {
    throw UsageError("--no-header does not fit question answering: its columns are known by their names");
  }
  const data::ReadOptions given = options.read_options(answers_required);
  return {.format = given.format,
          .max_questions = max_questions,
          .answers_required = answers_required,
          .delimiter = given.delimiter};
}

void describe(std::string_view name, const QuestionAnsweringExamples& examples) {
  const auto count = [](std::int64_t n) { return report::grouped(static_cast<long long>(n)); };
  const QuestionAnsweringDataset& dataset = examples.dataset();
  std::int64_t unanswered = 0;
  for (const auto& example : dataset.examples) unanswered += example.answers.empty() ? 1 : 0;
  fmt::print(stderr, "{} {}: {} questions ({} without an answer), {} contexts, {} windows, {} tokens\n", name,
             dataset.path, count(dataset.size()), count(unanswered),
             count(static_cast<std::int64_t>(dataset.contexts.size())), count(examples.rows()),
             count(examples.features().tokens()));
  print_notes(dataset.notes);
  print_notes(data::repeat_notes(name, dataset));
  print_notes(examples.features().notes);
}

Json settings_to_keep(const QuestionAnsweringTask& task) {
  return {{"max_length", task.windows.max_length},
          {"doc_stride", task.windows.doc_stride},
          {"n_best_size", task.answers.n_best_size},
          {"max_answer_length", task.answers.max_answer_length},
          {"version_2_with_negative", task.answers.version_2_with_negative},
          {"null_score_diff_threshold", task.answers.null_score_diff_threshold}};
}

struct Datasets {
  QuestionAnsweringDataset train, validation, test;  // without questions where there is none
  std::vector<std::string> notes;
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set
};

Datasets read_datasets(const TrainOptions& options) {
  const auto read = [&](const std::filesystem::path& path, std::int64_t most) {
    return path.empty() ? QuestionAnsweringDataset()
                        : data::read_question_answering(path, read_options(options.data, most, true));
  };
  Datasets sets;
  sets.train = read(options.train, options.max_train_rows);
  sets.validation = read(options.validation, options.max_validation_rows);
  sets.test = read(options.test, options.max_test_rows);
  hold_out_validation(
      options, sets, [](const auto&... of) { return data::split_questions(of...); }, "questions",
      ", those about one context together");
  return sets;
}

std::vector<TestLine> test_lines(const std::vector<std::int64_t>& held_out,
                                 const QuestionAnsweringExamples& examples,
                                 const tasks::AnswerOptions& answers, BertPreTrainedModel& model,
                                 std::int64_t batch_size) {
  std::vector<TestLine> lines;
  tasks::AnswerCollector collector(examples, answers, [&](const auto& example, const auto& prediction) {
    Json line = Json::parse(tasks::answer_line(example, prediction, 1));
    line["true"] = Json::array();
    for (const auto& answer : example.answers) line["true"].push_back(answer.text);
    line["where"] = example.where;
    lines.push_back({held_out[lines.size()], std::move(line)});
  });
  train::for_each_output(model, examples, batch_size, interrupt_token(),
                         [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                           collector.add(first, batch, output);
                         });
  return lines;
}

TrainingData prepare(const TrainOptions& options, const BertTokenizer& tokenizer, const BertConfig& config) {
  const std::int64_t max_length = options.max_length.value_or(std::min(kUsualMaxLength, config.max_length()));
  train::require_max_length(max_length, config);
  Datasets sets = read_datasets(options);
  auto task =
      std::make_unique<QuestionAnsweringTask>(options.question_answering.task(Json::object(), max_length));
  task->answers.version_2_with_negative = task->answers.version_2_with_negative || sets.train.has_impossible;

  const bool reports = !options.json && !options.quiet;
  const auto examples_of = [&](std::string_view name, QuestionAnsweringDataset& dataset,
                               const QuestionAnsweringExamples* train) {
    if (dataset.size() == 0) return std::unique_ptr<QuestionAnsweringExamples>();
    auto examples =
        std::make_unique<QuestionAnsweringExamples>(std::move(dataset), tokenizer, task->windows, true);
    if (!reports) return examples;
    describe(name, *examples);
    if (train != nullptr) print_notes(data::leak_notes(name, examples->dataset(), train->dataset()));
    return examples;
  };
  if (reports) print_notes(sets.notes);
  auto examples = examples_of("train", sets.train, nullptr);
  auto validation = examples_of("validation", sets.validation, examples.get()),
       test = examples_of("test", sets.test, examples.get());
  Json settings = settings_to_keep(*task);
  const QuestionAnsweringExamples* rows = examples.get();
  const auto predict_test = [held_out = std::move(sets.held_out), tests = test.get(),
                             answers = task->answers](BertPreTrainedModel& model, std::int64_t batch_size) {
    return test_lines(held_out, *tests, answers, model, batch_size);
  };
  return {.task = std::move(task),
          .train = std::move(examples),
          .validation = std::move(validation),
          .test = std::move(test),
          .row_name =
              [rows](std::int64_t row) {
                const auto question = rows->features().examples[static_cast<std::size_t>(row)];
                return std::string(rows->dataset().examples[static_cast<std::size_t>(question)].where);
              },
          .settings = std::move(settings),
          .predict_test = predict_test};
}

TestData read_test(const train::ModelFolder& folder, const EvaluateOptions& options) {
  auto task = std::make_unique<QuestionAnsweringTask>(
      options.question_answering.task(folder.settings, folder.max_length));
  auto examples = std::make_unique<QuestionAnsweringExamples>(
      data::read_question_answering(options.test, read_options(options.data, -1, true)), folder.tokenizer,
      task->windows, true);
  std::vector<std::string> notes = examples->dataset().notes;
  notes.insert(notes.end(), examples->features().notes.begin(), examples->features().notes.end());
  return {std::move(task), std::move(examples), std::move(notes)};
}

// Writes an answer a question, and says what the questions were like.
void answer(train::ModelFolder& folder, const QuestionAnsweringTask& task, QuestionAnsweringDataset dataset,
            const PredictOptions& options, Sink& sink) {
  const QuestionAnsweringExamples examples(std::move(dataset), folder.tokenizer, task.windows, false);
  report::ProgressBar bar = progress_bar(options, examples.rows());
  tasks::AnswerCollector collector(examples, task.answers, [&](const auto& example, const auto& prediction) {
    sink.write(tasks::answer_line(example, prediction, options.top));
  });
  train::for_each_output(folder.model, examples, options.batch_size, interrupt_token(),
                         [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                           collector.add(first, batch, output);
                           bar.update(first + batch.sequences());
                         });
  bar.finish();
  print_notes(examples.dataset().notes);
  print_notes(examples.features().notes);
}

// JSON Lines on standard input: questions are answered as they arrive.
void answer_arriving(train::ModelFolder& folder, const QuestionAnsweringTask& task,
                     const PredictOptions& options, Sink& sink) {
  data::QuestionAnsweringReadOptions read = read_options(options.data, -1, false);
  ArrivingLines lines(std::cin);
  for (std::string text = lines.next(); !text.empty(); text = lines.next()) {
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) {
      QuestionAnsweringDataset questions =
          data::parse_question_answering(text, "standard input", data::Format::jsonl, read);
      read.questions_before += questions.size();
      answer(folder, task, std::move(questions), options, sink);
    }
    read.lines_before += std::ranges::count(text, '\n');
  }
  if (read.questions_before == 0) throw Error("standard input: is empty");
}

void predict(train::ModelFolder& folder, const PredictOptions& options) {
  if (options.output_format != "jsonl")
    throw UsageError("--format: the answers to questions are written as jsonl only");
  if (options.top < 1) throw UsageError("--top must be at least 1");
  const QuestionAnsweringTask task = options.question_answering.task(folder.settings, folder.max_length);
  const data::QuestionAnsweringReadOptions read = read_options(options.data, -1, false);
  Sink sink(options.output);
  if (!options.reads_standard_input()) {
    answer(folder, task, data::read_question_answering(options.input, read), options, sink);
  } else if (read.format.value_or(data::Format::jsonl) == data::Format::jsonl) {
    answer_arriving(folder, task, options, sink);
  } else {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    answer(folder, task, data::parse_question_answering(text, "standard input", *read.format, read), options,
           sink);
  }
  sink.finish();
}

}  // namespace

const TaskCommands kQuestionAnswering = {
    .name = "question-answering",
    .architecture = Architecture::question_answering,
    .try_it = "echo '{{\"question\": \"...\", \"context\": \"...\"}}' | bertune predict --model {}",
    .prepare = prepare,
    .read_test = read_test,
    .predict = predict,
};

}  // namespace bertune::cli
