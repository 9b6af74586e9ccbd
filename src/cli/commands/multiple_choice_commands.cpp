// Multiple choice on the command line: questions of which one of several choices is the answer.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/interrupt.h"
#include "core/arriving_lines.h"
#include "data/checks/check.h"
#include "data/choices/multiple_choice.h"
#include "report/progress.h"
#include "report/table.h"
#include "tasks/multiple_choice/multiple_choice.h"
#include "train/evaluation.h"

namespace bertune::cli {
namespace {

using data::MultipleChoiceDataset;
using tasks::MultipleChoice;
using tasks::MultipleChoiceExamples;

data::MultipleChoiceReadOptions read_options(const DataOptions& data, bool with_labels) {
  if (!data.text_column.empty() || !data.text_pair_column.empty()) {
    throw UsageError(
        "--text-column and --text-pair-column do not fit multiple choice, which reads the columns \"sent1\", "
        "\"sent2\" and \"ending0\", ... or \"question\", \"context\" and \"choices\"; rename yours");
  }
  if (data.no_header) {
    throw UsageError("--no-header does not fit multiple choice: its columns are known by their names");
  }
  const data::ReadOptions common = data.read_options(with_labels);
  return {.format = common.format,
          .label_column = common.label_column,
          .with_labels = with_labels,
          .delimiter = common.delimiter};
}

struct Datasets {
  MultipleChoiceDataset train, validation, test;  // without questions where there is none
  std::vector<std::string> notes;
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set
};

MultipleChoiceDataset read(const TrainOptions& options, const fs::path& path, std::int64_t max_rows,
                           std::vector<std::string>& notes) {
  if (path.empty()) return {};
  data::MultipleChoiceReadOptions read = read_options(options.data, true);
  read.max_questions = max_rows;
  read.fold_column = options.fold_column;
  MultipleChoiceDataset dataset = data::read_multiple_choice(path, read);
  notes.insert(notes.end(), dataset.notes.begin(), dataset.notes.end());
  return dataset;
}

Datasets read_datasets(const TrainOptions& options) {
  Datasets sets;
  sets.train = read(options, options.train, options.max_train_rows, sets.notes);
  sets.validation = read(options, options.validation, options.max_validation_rows, sets.notes);
  sets.test = read(options, options.test, options.max_test_rows, sets.notes);
  for (const MultipleChoiceDataset* other : {&sets.validation, &sets.test}) {
    if (other->size() == 0 || other->num_choices == sets.train.num_choices) continue;
    sets.notes.push_back(
        fmt::format("{} has questions of {} choices and {} of {}: accuracies differ by chance",
                    sets.train.path, sets.train.num_choices, other->path, other->num_choices));
  }
  hold_out_validation(
      options, sets, [](const auto&... of) { return data::split_questions(of...); }, "questions",
      ", those of one context together");
  return sets;
}

struct Part {
  const char* name;
  const MultipleChoiceDataset* dataset;
  const MultipleChoiceExamples* examples;  // null where there is none
};

void print_data_report(const std::array<Part, 3>& parts, const std::vector<std::string>& notes,
                       std::int64_t max_length) {
  using report::Align;
  report::Table sizes({Align::left, Align::right, Align::left, Align::left});
  report::Table lengths({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
  lengths.add({"", "median", "95 %", "99 %", "longest", fmt::format("cut at {}", max_length)});
  std::int64_t special = 0;
  for (const auto& [name, dataset, examples] : parts) {
    if (examples == nullptr) continue;
    sizes.add({name, report::grouped(dataset->size()), fmt::format("questions of {}", dataset->num_choices),
               report::printable(dataset->path)});
    const data::LengthCheck check = data::check_lengths(examples->lengths, max_length);
    lengths.add({name, std::to_string(check.p50), std::to_string(check.p95), std::to_string(check.p99),
                 std::to_string(check.max), report::percent(check.truncated_share, 1)});
    special += examples->rows_with_special_tokens;
  }
  const report::Style style(report::terminal_of(STDERR_FILENO).colors);
  fmt::print(stderr, "\n{}\n{}\n{} of a choice with its question\n{}\n", style.bold("Data"), sizes.text(),
             style.bold("Length in tokens"), lengths.text());
  print_notes(notes);
  if (special > 0) {
    warn(
        fmt::format("{} pairs of texts hold special tokens such as [SEP] themselves; they are taken as such, "
                    "as Transformers does",
                    special));
  }
}

void for_each_line(BertPreTrainedModel& model, const MultipleChoiceDataset& dataset,
                   const MultipleChoiceExamples& examples, std::int64_t batch_size,
                   const std::function<void(std::int64_t question, const std::string& line)>& use) {
  const auto width = static_cast<std::size_t>(dataset.num_choices);
  train::for_each_output(
      model, examples, batch_size, interrupt_token(),
      [&](std::int64_t first, const Batch&, const ModelOutput& output) {
        for (std::size_t i = 0; i * width < output.logits.size(); ++i) {
          const std::int64_t question = first + static_cast<std::int64_t>(i);
          use(question,
              tasks::choice_line(dataset, question, tasks::choose(output.logits.subspan(i * width, width))));
        }
      });
}

std::vector<TestLine> test_lines(const MultipleChoiceDataset& dataset,
                                 const std::vector<std::int64_t>& held_out,
                                 const MultipleChoiceExamples& examples, BertPreTrainedModel& model,
                                 std::int64_t batch_size) {
  std::vector<TestLine> lines;
  for_each_line(model, dataset, examples, batch_size, [&](std::int64_t question, const std::string& text) {
    Json line = Json::parse(text);
    line["true"] = dataset.questions[static_cast<std::size_t>(question)].label;
    line["where"] = dataset.where(question);
    lines.push_back({held_out[static_cast<std::size_t>(question)], std::move(line)});
  });
  return lines;
}

TrainingData prepare(const TrainOptions& options, const BertTokenizer& tokenizer, const BertConfig& config) {
  if (!options.problem_type.empty())
    throw UsageError("--problem-type is of text classification, and not of multiple choice");
  auto task = std::make_unique<MultipleChoice>();
  task->max_length = options.max_length.value_or(std::min<std::int64_t>(128, config.max_length()));
  train::require_max_length(task->max_length, config);
  Datasets sets = read_datasets(options);
  const auto examples = [&](const MultipleChoiceDataset& dataset) {
    return dataset.size() > 0 ? make_examples(dataset, tokenizer, *task, true) : nullptr;
  };
  auto train = examples(sets.train), validation = examples(sets.validation), test = examples(sets.test);
  if (!options.json && !options.quiet) {
    print_data_report(
        {Part{"train", &sets.train, train.get()}, Part{"validation", &sets.validation, validation.get()},
         Part{"test", &sets.test, test.get()}},
        sets.notes, task->max_length);
  }
  std::vector<std::int64_t> lines;  // the texts are not needed any more
  for (const data::MultipleChoiceQuestion& question : sets.train.questions) lines.push_back(question.line);
  Json settings = {{"max_length", task->max_length}};
  const auto predict_test = [questions =
                                 options.fold.count > 0 ? std::move(sets.test) : MultipleChoiceDataset(),
                             held_out = std::move(sets.held_out),
                             tests = test.get()](BertPreTrainedModel& model, std::int64_t batch_size) {
    return test_lines(questions, held_out, *tests, model, batch_size);
  };
  return {.task = std::move(task),
          .train = std::move(train),
          .validation = std::move(validation),
          .test = std::move(test),
          .row_name =
              [path = sets.train.path, lines = std::move(lines)](std::int64_t row) {
                return fmt::format("{}:{}", path, lines[static_cast<std::size_t>(row)]);
              },
          .settings = std::move(settings),
          .predict_test = predict_test};
}

std::unique_ptr<MultipleChoice> trained_task(const train::ModelFolder& folder) {
  auto task = std::make_unique<MultipleChoice>();
  task->max_length = folder.max_length;
  return task;
}

TestData read_test(const train::ModelFolder& folder, const EvaluateOptions& options) {
  const MultipleChoiceDataset dataset =
      data::read_multiple_choice(options.test, read_options(options.data, true));
  auto task = trained_task(folder);
  auto examples = make_examples(dataset, folder.tokenizer, *task, true);
  return {std::move(task), std::move(examples), dataset.notes};
}

std::string predict_questions(train::ModelFolder& folder, const MultipleChoice& task,
                              const MultipleChoiceDataset& dataset, std::int64_t batch_size) {
  const auto examples = make_examples(dataset, folder.tokenizer, task, false);
  std::string lines;
  for_each_line(folder.model, dataset, *examples, batch_size,
                [&](std::int64_t, const std::string& line) { lines += line; });
  return lines;
}

// Writes a choice a question, and says what the questions were like.
void choose(train::ModelFolder& folder, const MultipleChoice& task, const MultipleChoiceDataset& dataset,
            const PredictOptions& options, Sink& sink) {
  constexpr std::int64_t kQuestionsAtATime = 1024;
  report::ProgressBar bar = progress_bar(options, dataset.size());
  for (std::int64_t first = 0; first < dataset.size(); first += kQuestionsAtATime) {
    std::vector<std::int64_t> numbers(
        static_cast<std::size_t>(std::min(kQuestionsAtATime, dataset.size() - first)));
    std::iota(numbers.begin(), numbers.end(), first);
    sink.write(predict_questions(folder, task, data::subset(dataset, numbers), options.batch_size));
    bar.update(first + static_cast<std::int64_t>(numbers.size()));
  }
  bar.finish();
  print_notes(dataset.notes);
}

// JSON Lines on standard input: questions are answered as they arrive.
void choose_arriving(train::ModelFolder& folder, const MultipleChoice& task, const PredictOptions& options,
                     data::MultipleChoiceReadOptions read, Sink& sink) {
  ArrivingLines lines(std::cin);
  bool has_questions = false;
  for (std::string text = lines.next(); !text.empty(); text = lines.next()) {
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) {
      choose(folder, task, data::parse_multiple_choice(text, "standard input", data::Format::jsonl, read),
             options, sink);
      has_questions = true;
    }
    read.lines_before += std::ranges::count(text, '\n');
  }
  if (!has_questions) throw Error("standard input: is empty");
}

void predict(train::ModelFolder& folder, const PredictOptions& options) {
  if (options.output_format != "jsonl") {
    throw UsageError(fmt::format(
        "--format is \"{}\"; predictions of multiple choice are written as jsonl, for their scores are lists",
        options.output_format));
  }
  const auto task = trained_task(folder);
  const data::MultipleChoiceReadOptions read = read_options(options.data, false);
  Sink sink(options.output);
  if (!options.reads_standard_input()) {
    choose(folder, *task, data::read_multiple_choice(options.input, read), options, sink);
  } else if (read.format.value_or(data::Format::jsonl) == data::Format::jsonl) {
    choose_arriving(folder, *task, options, read, sink);
  } else {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    choose(folder, *task, data::parse_multiple_choice(text, "standard input", *read.format, read), options,
           sink);
  }
  sink.finish();
}

}  // namespace

const TaskCommands kMultipleChoice = {
    .name = "multiple-choice",
    .architecture = Architecture::multiple_choice,
    .try_it =
        "echo '{{\"question\": \"...\", \"choices\": [\"...\", \"...\"]}}' | bertune predict --model {}",
    .prepare = prepare,
    .read_test = read_test,
    .predict = predict,
};

}  // namespace bertune::cli
