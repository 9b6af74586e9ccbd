// Token classification on the command line: named entities, parts of speech.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bertune/error.h"
#include "cli/commands/task_commands.h"
#include "cli/interrupt.h"
#include "data/checks/sets.h"
#include "data/tagged/tag_labels.h"
#include "data/tagged/tagged.h"
#include "data/texts/reader.h"
#include "report/progress.h"
#include "report/table.h"
#include "tasks/token_classification/token_classification_task.h"
#include "tasks/token_classification/token_prediction.h"
#include "tasks/token_classification/word_predictions.h"
#include "train/evaluation.h"

namespace bertune::cli {
namespace {

using data::TaggedDataset;
using tasks::LongSentences;
using tasks::TokenClassificationExamples;
using tasks::TokenClassificationTask;

constexpr std::int64_t kUsualMaxLength = 128, kSentencesAtATime = 1024;

TaggedDataset read(const std::filesystem::path& path, const DataOptions& options, std::int64_t most,
                   bool labels_required) {
  data::TaggedReadOptions read;
  if (!options.format.empty()) read.format = data::tag_format_from_string(options.format);
  read.label_column = options.label_column;
  read.labels_required = labels_required;
  read.max_sentences = most;
  return data::read_tagged(path, read);
}

struct Datasets {
  TaggedDataset train, validation, test;  // without sentences where there is none
  std::vector<std::string> notes;
  std::vector<std::int64_t> held_out;  // rows of the file to train on that are in another set
};

void describe(std::string_view name, const TaggedDataset& dataset) {
  const auto count = [](std::int64_t n) { return report::grouped(static_cast<long long>(n)); };
  fmt::print(stderr, "{} {}: {} sentences, {} words, {} tags ({})\n", name, dataset.path,
             count(dataset.size()), count(dataset.words()), dataset.tags.size(), to_string(dataset.scheme));
  print_notes(dataset.notes);
  print_notes(data::repeat_notes(name, dataset));
}

tasks::WordPredictions predict_words(BertPreTrainedModel& model, const TokenClassificationExamples& examples,
                                     const tasks::TokenClassification& tagging, std::int64_t batch_size) {
  tasks::WordPredictions predictions(examples.features(), tagging);
  const auto width = static_cast<std::size_t>(tagging.labels.size());
  train::for_each_output(model, examples, batch_size, interrupt_token(),
                         [&](std::int64_t first, const Batch& batch, const ModelOutput& output) {
                           for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
                             const auto begin = static_cast<std::size_t>(batch.cu_seqlens[i]),
                                        size = static_cast<std::size_t>(batch.cu_seqlens[i + 1]) - begin;
                             predictions.add(first + static_cast<std::int64_t>(i),
                                             output.logits.subspan(begin * width, size * width));
                           }
                         });
  return predictions;
}

std::vector<TestLine> test_lines(const Datasets& sets, const TokenClassificationExamples& examples,
                                 const tasks::TokenClassification& tagging, BertPreTrainedModel& model,
                                 std::int64_t batch_size) {
  const tasks::WordPredictions predictions = predict_words(model, examples, tagging, batch_size);
  std::vector<TestLine> lines;
  for (std::size_t i = 0; i < sets.test.sentences.size(); ++i) {
    const data::TaggedSentence& sentence = sets.test.sentences[i];
    Json line = Json::parse(tasks::token_prediction_line(
        sentence, predictions.of_sentence(static_cast<std::int64_t>(i)), tagging));
    line["true"] = sentence.tags;
    line["where"] = sets.test.where(sentence);
    lines.push_back({sets.held_out[i], std::move(line)});
  }
  return lines;
}

TrainingData prepare(const TrainOptions& options, const BertTokenizer& tokenizer, const BertConfig& config) {
  const bool reports = !options.json && !options.quiet;
  const auto sets = std::make_shared<Datasets>();
  sets->train = read(options.train, options.data, options.max_train_rows, true);
  if (!options.validation.empty())
    sets->validation = read(options.validation, options.data, options.max_validation_rows, true);
  if (!options.test.empty()) sets->test = read(options.test, options.data, options.max_test_rows, true);
  auto task = std::make_unique<TokenClassificationTask>();
  task->tagging = {
      .labels = data::build_tag_map(sets->train),  // before any is held out: a tag may be there once
      .scheme = sets->train.scheme,
      .max_length = options.max_length.value_or(std::min(kUsualMaxLength, config.max_length())),
      .label_all_tokens = options.label_all_tokens};
  train::require_max_length(task->tagging.max_length, config);
  hold_out_validation(options, *sets, data::split_sentences, "sentences");
  const auto examples_of = [&](std::string_view name, const TaggedDataset& dataset,
                               LongSentences long_sentences) {
    if (dataset.size() == 0) return std::unique_ptr<TokenClassificationExamples>();
    if (reports) describe(name, dataset);
    if (reports && &dataset != &sets->train) print_notes(data::leak_notes(name, dataset, sets->train));
    auto examples =
        std::make_unique<TokenClassificationExamples>(dataset, tokenizer, task->tagging, long_sentences);
    if (reports) print_notes(feature_notes(examples->features(), dataset, task->tagging));
    return examples;
  };
  if (reports) print_notes(sets->notes);
  auto examples = examples_of("train", sets->train, LongSentences::truncate);
  auto validation = examples_of("validation", sets->validation, LongSentences::windows);
  auto test = examples_of("test", sets->test, LongSentences::windows);
  const TokenClassificationExamples* rows = examples.get();
  const auto predict_test = [sets, tests = test.get(), tagging = task->tagging](BertPreTrainedModel& model,
                                                                                std::int64_t batch_size) {
    return test_lines(*sets, *tests, tagging, model, batch_size);
  };
  Json settings = {{"max_length", task->tagging.max_length},
                   {"scheme", to_string(task->tagging.scheme)},
                   {"label_all_tokens", task->tagging.label_all_tokens}};
  return {.task = std::move(task),
          .train = std::move(examples),
          .validation = std::move(validation),
          .test = std::move(test),
          .row_name =
              [sets, rows](std::int64_t row) {
                const auto sentence = rows->features().sentences[static_cast<std::size_t>(row)];
                return sets->train.where(sets->train.sentences[static_cast<std::size_t>(sentence)]);
              },
          .settings = std::move(settings),
          .predict_test = predict_test};
}

std::unique_ptr<TokenClassificationTask> trained_task(const train::ModelFolder& folder) {
  const std::vector<std::string>& names = folder.model.config().id2label;
  auto task = std::make_unique<TokenClassificationTask>();
  task->tagging = {.labels = data::LabelMap(names),
                   .scheme = data::scheme_of_tags(names),
                   .max_length = folder.max_length,
                   .label_all_tokens = false};
  if (task->tagging.scheme == data::TagScheme::iob2 &&
      train::setting(folder.settings, "scheme", std::string()) == to_string(data::TagScheme::iob1))
    task->tagging.scheme = data::TagScheme::iob1;  // the same letters
  return task;
}

TestData read_test(const train::ModelFolder& folder, const EvaluateOptions& options) {
  auto task = trained_task(folder);
  const TaggedDataset dataset = read(options.test, options.data, -1, true);
  auto examples = std::make_unique<TokenClassificationExamples>(dataset, folder.tokenizer, task->tagging,
                                                                LongSentences::windows);
  std::vector<std::string> notes = dataset.notes;
  for (std::string& note : feature_notes(examples->features(), dataset, task->tagging))
    notes.push_back(std::move(note));
  return {std::move(task), std::move(examples), std::move(notes)};
}

std::string predict_sentences(train::ModelFolder& folder, const TokenClassificationTask& task,
                              std::span<const data::TaggedSentence> sentences,
                              const PredictOptions& options) {
  TaggedDataset chunk;
  chunk.sentences.assign(sentences.begin(), sentences.end());
  const TokenClassificationExamples examples(chunk, folder.tokenizer, task.tagging, LongSentences::windows);
  const tasks::WordPredictions predictions =
      predict_words(folder.model, examples, task.tagging, options.batch_size);
  std::string lines;
  for (std::size_t i = 0; i < sentences.size(); ++i)
    lines += tasks::token_prediction_line(sentences[i], predictions.of_sentence(static_cast<std::int64_t>(i)),
                                          task.tagging);
  return lines;
}

// Files of tagged sentences keep their words; anything else is texts.
bool holds_sentences(const PredictOptions& options) {
  if (options.reads_standard_input()) return false;
  const std::string extension = options.input.extension().string();
  return options.data.format == "conll" || options.data.format == "conllu" || extension == ".conll" ||
         extension == ".conllu" || extension == ".bio" || extension == ".iob";
}

void predict_file(train::ModelFolder& folder, const TokenClassificationTask& task,
                  const PredictOptions& options) {
  const TaggedDataset dataset = read(options.input, options.data, -1, false);
  const std::span<const data::TaggedSentence> all(dataset.sentences);
  Sink sink(options.output);
  report::ProgressBar bar = progress_bar(options, dataset.size());
  for (std::size_t done = 0; done < all.size(); done += kSentencesAtATime) {
    const auto count = std::min<std::size_t>(kSentencesAtATime, all.size() - done);
    sink.write(predict_sentences(folder, task, all.subspan(done, count), options));
    bar.update(static_cast<std::int64_t>(done + count));
  }
  sink.finish();
  bar.finish();
  print_notes(dataset.notes);
}

void predict(train::ModelFolder& folder, const PredictOptions& options) {
  if (options.output_format != "jsonl")
    throw UsageError("--format: the tags of words are written as jsonl only");
  const auto task = trained_task(folder);
  if (holds_sentences(options)) {
    predict_file(folder, *task, options);
    return;
  }
  predict_rows(
      options, [](const data::ColumnChoice&) { return ""; },
      [&](const std::vector<data::Row>& rows) {
        std::vector<std::string_view> texts;
        for (const data::Row& row : rows) texts.push_back(row.text);
        return predict_sentences(folder, *task, data::sentences_of(texts), options);
      });
}

}  // namespace

const TaskCommands kTokenClassification = {
    .name = "token-classification",
    .architecture = Architecture::token_classification,
    .try_it = "echo \"your text\" | bertune predict --model {}",
    .prepare = prepare,
    .read_test = read_test,
    .predict = predict,
};

}  // namespace bertune::cli
