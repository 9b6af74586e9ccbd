#include "tasks/question_answering/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "bertune/error.h"
#include "core/arriving_lines.h"
#include "data/checks/check.h"
#include "data/files/records.h"
#include "data/files/shard.h"
#include "data/files/sniff.h"
#include "data/questions/question_texts.h"
#include "tasks/hold_out.h"
#include "tasks/prediction.h"
#include "tasks/question_answering/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks::question_answering {
namespace {

using data::QuestionAnsweringDataset;
using QuestionSets = DataSets<QuestionAnsweringDataset>;
using MadeExamples = std::unique_ptr<QuestionAnsweringExamples>;

constexpr std::int64_t kUsualMaxLength = 384;  // run_qa.py's
constexpr auto kToLearnFrom = data::UnplacedAnswers::leave_out, kToTestOn = data::UnplacedAnswers::keep;

data::QuestionAnsweringReadOptions read_options(const FileOptions& options, std::int64_t max_questions,
                                                data::UnplacedAnswers unplaced,
                                                bool answers_required = true) {
  if (options.no_header) {
    throw UsageError("no_header",
                     "`no_header` does not fit question answering: its columns are known by their names");
  }
  if (!options.labels_file.empty())
    throw UsageError(
        "labels_file",
        "`labels_file` does not fit question answering: the answers stand beside their questions");
  const data::ReadOptions given = options.read_options(answers_required);
  return {.format = given.format,
          .max_questions = max_questions,
          .answers_required = answers_required,
          .unplaced = options.strict ? data::UnplacedAnswers::refuse : unplaced,
          .max_bad_rows = options.max_bad_rows,
          .delimiter = given.delimiter};
}

// Returns the task's settings; those that are not given are the trained model's, or the defaults.
QuestionAnsweringTask task_of(const QuestionAnsweringOptions& options, const Json& settings,
                              std::int64_t max_length) {
  const auto kept = [&](const char* key, auto usual) { return setting(settings, key, usual); };
  QuestionAnsweringTask task;
  task.windows.max_length = max_length;
  task.windows.doc_stride = options.doc_stride.value_or(kept(keys::kDocStride, task.windows.doc_stride));
  AnswerOptions& answers = task.answers;
  answers.n_best_size = options.n_best_size.value_or(kept(keys::kNBestSize, answers.n_best_size));
  answers.max_answer_length =
      options.max_answer_length.value_or(kept(keys::kMaxAnswerLength, answers.max_answer_length));
  answers.null_score_diff_threshold = options.null_score_diff_threshold.value_or(
      kept(keys::kNullScoreDiffThreshold, answers.null_score_diff_threshold));
  answers.version_2_with_negative =
      options.version_2_with_negative || kept(keys::kVersion2WithNegative, answers.version_2_with_negative);
  return task;
}

Json settings_to_keep(const QuestionAnsweringTask& task) {
  return {{keys::kMaxLength, task.windows.max_length},
          {keys::kDocStride, task.windows.doc_stride},
          {keys::kNBestSize, task.answers.n_best_size},
          {keys::kMaxAnswerLength, task.answers.max_answer_length},
          {keys::kVersion2WithNegative, task.answers.version_2_with_negative},
          {keys::kNullScoreDiffThreshold, task.answers.null_score_diff_threshold}};
}

QuestionSets read_sets(const TrainingFiles& files) {
  const auto read = [&](const std::filesystem::path& path, std::int64_t most,
                        data::UnplacedAnswers unplaced) {
    return path.empty() ? QuestionAnsweringDataset()
                        : data::read_question_answering(path, read_options(files.data, most, unplaced));
  };
  QuestionSets sets;
  sets.train = read(files.train, rows_to_read(files), kToLearnFrom);
  draw_rows(files, sets.train);
  sets.validation = read(files.validation, files.max_validation_rows, kToTestOn);
  sets.test = read(files.test, files.max_test_rows, kToTestOn);
  hold_out(files, sets, data::contexts_of(sets.train), "questions", ", those about one context together");
  return sets;
}

void append(std::vector<std::string>& notes, const std::vector<std::string>& more) {
  notes.insert(notes.end(), more.begin(), more.end());
}

data::CheckResult check(const TrainingFiles& files, const QuestionSets& sets,
                        const BertTokenizer* tokenizer) {
  std::vector<data::NamedTexts> named;
  sets.for_each([&](std::string name, const QuestionAnsweringDataset& dataset) {
    data::NamedTexts& set = named.emplace_back();
    set.name = std::move(name);
    set.texts = data::texts_of(dataset), set.contexts = data::contexts_of(dataset);
  });
  data::CheckOptions options = check_options(files, tokenizer);
  options.unit = "question";
  data::CheckResult found = data::check_texts(named, options);
  found.lengths_of = "a question with its context";
  return found;
}

// Returns the length of each question with its whole context, however many windows they are.
std::vector<std::int32_t> lengths_of(const QuestionAnsweringFeatures& features) {
  std::vector<std::int32_t> lengths;
  for (std::size_t i = 0; i + 1 < features.first_rows.size(); ++i) {
    const std::int64_t first = features.first_rows[i], last = features.first_rows[i + 1] - 1;
    const std::int64_t before = features.context_begins[static_cast<std::size_t>(first)];
    const std::int64_t context = features.context_tokens[static_cast<std::size_t>(last)] -
                                 features.context_tokens[static_cast<std::size_t>(first)] +
                                 static_cast<std::int64_t>(features.window(last).bytes.size());
    lengths.push_back(static_cast<std::int32_t>(before + context + 1));
  }
  return lengths;
}

void add_facts(const std::string& name, const QuestionAnsweringExamples& examples, std::int64_t max_length,
               DataFacts& facts) {
  const QuestionAnsweringDataset& dataset = examples.dataset();
  const QuestionAnsweringFeatures& features = examples.features();
  const std::int64_t unanswered =
      std::ranges::count_if(dataset.examples, [](const auto& example) { return example.answers.empty(); });
  std::vector<data::Count>& counts = std::ranges::find(facts.check.sets, name, &data::SetCheck::name)->counts;
  if (unanswered > 0) counts.push_back({unanswered, "question", " without an answer"});
  counts.push_back({static_cast<std::int64_t>(dataset.contexts.size()), "context"});
  counts.push_back({examples.rows(), "window"});
  const std::vector<std::int32_t> lengths = lengths_of(features);
  data::add_lengths(
      facts.check,
      {.set = name, .tokens = lengths, .max_length = max_length, .unit = "question", .windowed = true},
      data::contexts_of(dataset));
  data::add_special_tokens(facts.check, features.rows_with_special_tokens);
  append(facts.notes, dataset.notes);
  append(facts.notes, features.notes);
}

ItemText text_of_question(const QuestionAnsweringDataset& dataset, std::int64_t item) {
  const data::QuestionAnsweringExample& example = dataset.examples[static_cast<std::size_t>(item)];
  return {std::string(example.where), valid_text(example.id), valid_text(example.question),
          valid_text(example.context)};
}

std::unique_ptr<Decoder> test_lines(const std::vector<std::int64_t>& held_out,
                                    const QuestionAnsweringExamples& examples,
                                    const QuestionAnsweringTask& task,
                                    const std::function<void(TestLine)>& use) {
  return decoder_of(examples, task, [&, use](std::int64_t item, const Prediction& prediction) {
    const auto place = static_cast<std::size_t>(item);
    const data::QuestionAnsweringExample& example = examples.dataset().examples[place];
    Json line = question_json(example, prediction);
    line["true"] = Json::array();
    for (const data::Answer& answer : example.answers) line["true"].push_back(answer.text);
    line["where"] = example.where;
    use({held_out[place], std::move(line)});
  });
}

class QuestionSource : public RequestSource {
 public:
  QuestionSource(const PredictionFile& file, const TrainedModel& model, const PredictionOptions& options)
      : tokenizer_(model.tokenizer),
        task_(trained_task(model, options)),
        read_(read_options(file.data, -1, kToTestOn, false)) {
    if (file.shard) {
      open_shard(file);
    } else if (file.stream == nullptr) {
      questions_ = data::read_question_answering(file.path, read_);
    } else if (read_.format.value_or(data::Format::jsonl) == data::Format::jsonl) {
      arriving_.emplace(*file.stream);
    } else {
      const std::string text(std::istreambuf_iterator<char>(*file.stream), {});
      questions_ = data::parse_question_answering(text, "standard input", *read_.format, read_);
    }
  }

  bool next(Request& request) override {
    if (arriving_ || (shard_ && !data::is_delimited(format_))) questions_ = next_arriving();
    if (!questions_) return false;
    const auto examples = std::make_shared<const QuestionAnsweringExamples>(
        std::move(*questions_), tokenizer_, task_->windows, false);
    questions_.reset();
    request = request_of(examples, *task_);
    append(notes_, examples->dataset().notes);
    append(notes_, examples->features().notes);
    request.line = [examples](std::int64_t item, const Prediction& prediction) {
      return json_line(
          question_json(examples->dataset().examples[static_cast<std::size_t>(item)], prediction));
    };
    return true;
  }

  std::vector<std::string> take_notes() override { return std::exchange(notes_, {}); }

 private:
  void open_shard(const PredictionFile& file) {
    name_ = file.path.string();
    format_ = data::format_of_shards(data::ShardFile(file.path), file.path, read_.format);
    if (data::is_delimited(format_)) {
      shard_.emplace(file.path, *file.shard, format_, read_.delimiter);
      read_.beginning = shard_->beginning();
    } else {
      shard_.emplace(file.path, *file.shard, data::Cut::lines);
    }
    count_questions_before(file);
    read_.lines_before = shard_->lines_before();
    if (data::is_delimited(format_) && !data::is_blank(shard_->rest()))
      questions_ = data::parse_question_answering(shard_->rest(), name_, format_, read_);
  }

  // A question without an id has its number in the file.
  void count_questions_before(const PredictionFile& file) {
    data::QuestionAnsweringReadOptions first = read_;
    first.max_questions = 1, first.beginning = {};
    const auto question = data::parse_question_answering(shard_->beginning(), name_, format_, first);
    if (question.examples.front().id != "1") return;
    data::ShardText before = data::is_delimited(format_)
                                 ? data::ShardText(file.path, *file.shard, format_, read_.delimiter)
                                 : data::ShardText(file.path, *file.shard, data::Cut::lines);
    before.go_before();
    read_.lines_before = before.lines_before();
    if (data::is_delimited(format_)) {
      if (!data::is_blank(before.rest()))
        read_.questions_before = data::parse_question_answering(before.rest(), name_, format_, read_).size();
      return;
    }
    for (std::string text = before.next(); !text.empty(); text = before.next()) take(text);
  }

  // Reads lines of JSON; nothing where they are blank.
  std::optional<QuestionAnsweringDataset> take(const std::string& text) {
    std::optional<QuestionAnsweringDataset> questions;
    if (!data::is_blank(text)) {
      questions = data::parse_question_answering(text, name_, data::Format::jsonl, read_);
      read_.questions_before += questions->size();
    }
    read_.lines_before += std::ranges::count(text, '\n');
    return questions;
  }

  // JSON Lines are answered as they arrive.
  std::optional<QuestionAnsweringDataset> next_arriving() {
    const auto next = [&] { return shard_ ? shard_->next() : arriving_->next(); };
    for (std::string text = next(); !text.empty(); text = next())
      if (std::optional<QuestionAnsweringDataset> questions = take(text)) return questions;
    if (read_.questions_before == 0 && !shard_) throw Error("standard input: is empty");
    return std::nullopt;
  }

  const BertTokenizer& tokenizer_;
  std::unique_ptr<QuestionAnsweringTask> task_;
  data::QuestionAnsweringReadOptions read_;
  std::string name_ = "standard input";
  data::Format format_ = data::Format::jsonl;          // of the shard
  std::optional<QuestionAnsweringDataset> questions_;  // that come next
  std::optional<ArrivingLines> arriving_;
  std::optional<data::ShardText> shard_;
  std::vector<std::string> notes_;
};

}  // namespace

DataFacts read_facts(const TrainingFiles& files) {
  const QuestionSets sets = read_sets(files);
  return {check(files, sets, nullptr), sets.notes};
}

TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config) {
  const std::int64_t max_length = files.length_of(kUsualMaxLength, config);
  require_max_length(max_length, config);
  QuestionSets sets = read_sets(files);
  auto task =
      std::make_unique<QuestionAnsweringTask>(task_of(files.question_answering, Json::object(), max_length));
  task->answers.version_2_with_negative = task->answers.version_2_with_negative || sets.train.has_impossible;
  TrainingData data;
  if (files.checks_data) data.facts = {check(files, sets, &tokenizer), sets.notes};
  const auto examples_of = [&](const char* name, QuestionAnsweringDataset& dataset) {
    if (dataset.size() == 0) return MadeExamples();
    auto examples =
        std::make_unique<QuestionAnsweringExamples>(std::move(dataset), tokenizer, task->windows, true);
    if (files.checks_data) add_facts(name, *examples, max_length, data.facts);
    return examples;
  };
  MadeExamples train = examples_of("train", sets.train),
               validation = examples_of("validation", sets.validation), test = examples_of("test", sets.test);
  data.settings = settings_to_keep(*task);
  data.row_name = [rows = train.get()](std::int64_t row) {
    const auto question = rows->features().examples[static_cast<std::size_t>(row)];
    return std::string(rows->dataset().examples[static_cast<std::size_t>(question)].where);
  };
  data.test_lines = [held_out = std::move(sets.held_out), rows = test.get(),
                     &task = *task](const std::function<void(TestLine)>& use) {
    return test_lines(held_out, *rows, task, use);
  };
  data.item_text = [validation = validation.get(), test = test.get()](const std::string& set,
                                                                      std::int64_t item) {
    return text_of_question((set == "test" ? test : validation)->dataset(), item);
  };
  data.task = std::move(task);
  data.train = std::move(train), data.validation = std::move(validation), data.test = std::move(test);
  return data;
}

std::unique_ptr<QuestionAnsweringTask> trained_task(const TrainedModel& model,
                                                    const PredictionOptions& options) {
  if (options.top < 1) throw UsageError("top", "`top` must be at least 1");
  auto task = std::make_unique<QuestionAnsweringTask>(
      task_of(options.question_answering, model.settings, model.max_length));
  task->candidates = options.top;
  return task;
}

TestData read_test(const TestFile& file, const TrainedModel& model) {
  auto task = trained_task(model, {.question_answering = file.question_answering});
  auto examples = std::make_unique<QuestionAnsweringExamples>(
      data::read_question_answering(file.path, read_options(file.data, -1, kToTestOn)), model.tokenizer,
      task->windows, true);
  std::vector<std::string> notes = examples->dataset().notes;
  append(notes, examples->features().notes);
  const QuestionAnsweringExamples* kept = examples.get();
  return {std::move(task), std::move(examples), std::move(notes),
          [kept](const std::string&, std::int64_t item) { return text_of_question(kept->dataset(), item); }};
}

std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options) {
  const QuestionAnsweringDataset dataset =
      data::read_question_answering(path, read_options(options, -1, kToTestOn));
  std::vector<LabelledInput> inputs;
  for (const data::QuestionAnsweringExample& example : dataset.examples) {
    LabelledInput& input = inputs.emplace_back();
    input.input.question = example.question, input.input.context = example.context;
    for (const data::Answer& answer : example.answers) input.labels.emplace_back(answer.text);
    input.where = example.where;
  }
  return inputs;
}

std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options) {
  if (file.output_format != "jsonl")
    throw UsageError("output_format", "`output_format`: the answers to questions are written as jsonl only");
  return std::make_unique<QuestionSource>(file, model, options);
}

}  // namespace bertune::tasks::question_answering
