#include "tasks/multiple_choice/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/arriving_lines.h"
#include "data/checks/check.h"
#include "data/choices/choice_texts.h"
#include "data/files/records.h"
#include "data/files/shard.h"
#include "data/files/sniff.h"
#include "data/splits/subset.h"
#include "tasks/hold_out.h"
#include "tasks/multiple_choice/prediction.h"
#include "tasks/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks::multiple_choice {
namespace {

using data::MultipleChoiceDataset;
using ChoiceSets = DataSets<MultipleChoiceDataset>;

data::MultipleChoiceReadOptions read_options(const FileOptions& options, bool with_labels) {
  if (!options.text_column.empty() || !options.text_pair_column.empty()) {
    throw UsageError(
        "`text_column` and `text_pair_column` do not fit multiple choice, which reads the columns \"sent1\", "
        "\"sent2\" and \"ending0\", ... or \"question\", \"context\" and \"choices\"; rename yours");
  }
  if (options.no_header) {
    throw UsageError("no_header",
                     "`no_header` does not fit multiple choice: its columns are known by their names");
  }
  const data::ReadOptions common = options.read_options(with_labels);
  return {.format = common.format,
          .label_column = common.label_column,
          .with_labels = with_labels,
          .delimiter = common.delimiter,
          .max_bad_rows = options.max_bad_rows,
          .labels_file = with_labels ? options.labels_file : std::filesystem::path()};
}

MultipleChoiceDataset read(const TrainingFiles& files, const std::filesystem::path& path,
                           const std::filesystem::path& labels_file, std::int64_t max_rows,
                           std::vector<std::string>& notes) {
  if (path.empty()) return {};
  data::MultipleChoiceReadOptions options = read_options(files.data, true);
  options.labels_file = labels_file;
  options.max_questions = max_rows;
  options.fold_column = files.fold_column;
  MultipleChoiceDataset dataset = data::read_multiple_choice(path, options);
  notes.insert(notes.end(), dataset.notes.begin(), dataset.notes.end());
  return dataset;
}

ChoiceSets read_sets(const TrainingFiles& files) {
  ChoiceSets sets;
  sets.train = read(files, files.train, files.data.labels_file, rows_to_read(files), sets.notes);
  draw_rows(files, sets.train);
  sets.validation =
      read(files, files.validation, files.validation_labels, files.max_validation_rows, sets.notes);
  sets.test = read(files, files.test, files.test_labels, files.max_test_rows, sets.notes);
  for (const MultipleChoiceDataset* other : {&sets.validation, &sets.test}) {
    if (other->size() == 0 || other->num_choices == sets.train.num_choices) continue;
    sets.notes.push_back(
        fmt::format("{} has questions of {} choices and {} of {}: accuracies differ by chance",
                    sets.train.path, sets.train.num_choices, other->path, other->num_choices));
  }
  hold_out(files, sets, data::contexts_of(sets.train), "questions", ", those of one context together");
  return sets;
}

data::CheckResult check(const TrainingFiles& files, const ChoiceSets& sets, const BertTokenizer* tokenizer) {
  std::vector<data::NamedTexts> named;
  sets.for_each([&](std::string name, const MultipleChoiceDataset& dataset) {
    data::NamedTexts& set = named.emplace_back();
    set.name = std::move(name);
    set.texts = data::texts_of(dataset);
    if (!dataset.context_name.empty()) set.contexts = data::contexts_of(dataset);
    set.labels = [&dataset](std::int64_t row, const std::function<void(std::string_view)>& tell) {
      tell(std::to_string(dataset.questions[static_cast<std::size_t>(row)].label));
    };
  });
  // The place of the right choice says little, as long as it is not always the same.
  data::CheckOptions options = check_options(files, tokenizer);
  options.few_rows = 0, options.imbalance = 0, options.unit = "question", options.label = "choice";
  data::CheckResult found = data::check_texts(named, options);
  found.lengths_of = "a choice with its question";
  for (data::SetCheck& set : found.sets) set.counts = {{sets.named(set.name).num_choices, "choice", " each"}};
  return found;
}

// The question with its context, and the choices, a line each.
ItemText text_of_question(const MultipleChoiceDataset& dataset, std::int64_t item) {
  const data::MultipleChoiceQuestion& question = dataset.questions[static_cast<std::size_t>(item)];
  const std::string between = question.context.empty() || question.question.empty() ? "" : " ";
  return {dataset.where(item), valid_text(question.id),
          valid_text(fmt::format("{}{}{}", question.context, between, question.question)),
          valid_text(fmt::format("{}", fmt::join(dataset.choices_of(item), "\n")))};
}

std::unique_ptr<Decoder> test_lines(const MultipleChoiceDataset& dataset,
                                    const std::vector<std::int64_t>& held_out,
                                    const std::function<void(TestLine)>& use) {
  return decoder_of(dataset, [&, use](std::int64_t item, const Prediction& prediction) {
    Json line = question_json(dataset, item, prediction);
    line["true"] = dataset.questions[static_cast<std::size_t>(item)].label;
    line["where"] = dataset.where(item);
    use({held_out[static_cast<std::size_t>(item)], std::move(line)});
  });
}

class ChoiceSource : public RequestSource {
 public:
  ChoiceSource(const PredictionFile& file, const TrainedModel& model, const PredictionOptions& options)
      : tokenizer_(model.tokenizer),
        task_(trained_task(model, options)),
        read_(read_options(file.data, false)) {
    if (file.shard) {
      open_shard(file);
    } else if (file.stream == nullptr) {
      questions_ = data::read_multiple_choice(file.path, read_);
    } else if (read_.format.value_or(data::Format::jsonl) == data::Format::jsonl) {
      arriving_.emplace(*file.stream);
    } else {
      const std::string text{std::istreambuf_iterator<char>(*file.stream), {}};
      questions_ = data::parse_multiple_choice(text, "standard input", *read_.format, read_);
    }
  }

  std::int64_t items() const override { return arriving_ || shard_ ? 0 : questions_.size(); }

  bool next(Request& request) override {
    constexpr std::int64_t kQuestionsAtATime = 1024;
    if (done_ == questions_.size() && !((arriving_ || shard_) && next_arriving())) return false;
    std::vector<std::int64_t> numbers(
        static_cast<std::size_t>(std::min(kQuestionsAtATime, questions_.size() - done_)));
    std::iota(numbers.begin(), numbers.end(), done_);
    done_ += static_cast<std::int64_t>(numbers.size());
    request = request_of(std::make_shared<const MultipleChoiceDataset>(data::subset(questions_, numbers)),
                         *task_, tokenizer_);
    return true;
  }

  std::vector<std::string> take_notes() override {
    return done_ < questions_.size() ? std::vector<std::string>() : std::exchange(questions_.notes, {});
  }

 private:
  void open_shard(const PredictionFile& file) {
    name_ = file.path.string();
    const data::Format format = data::format_of_shards(data::ShardFile(file.path), file.path, read_.format);
    if (data::is_delimited(format)) {
      const data::ShardText table(file.path, *file.shard, format, read_.delimiter);
      read_.beginning = table.beginning(), read_.lines_before = table.lines_before();
      if (!data::is_blank(table.rest()))
        questions_ = data::parse_multiple_choice(table.rest(), name_, format, read_);
      return;
    }
    shard_.emplace(file.path, *file.shard, data::Cut::lines);
    read_.beginning = shard_->beginning(), read_.lines_before = shard_->lines_before();
  }

  // JSON Lines are answered as they arrive.
  bool next_arriving() {
    const auto next = [&] { return shard_ ? shard_->next() : arriving_->next(); };
    for (std::string text = next(); !text.empty(); text = next()) {
      const bool is_blank = data::is_blank(text);
      if (!is_blank) {
        questions_ = data::parse_multiple_choice(text, name_, data::Format::jsonl, read_);
        done_ = 0, has_questions_ = true;
      }
      read_.lines_before += std::ranges::count(text, '\n');
      if (!is_blank) return true;
    }
    if (!has_questions_ && !shard_) throw Error("standard input: is empty");
    return false;
  }

  const BertTokenizer& tokenizer_;
  std::unique_ptr<MultipleChoiceTask> task_;
  data::MultipleChoiceReadOptions read_;
  MultipleChoiceDataset questions_;
  std::int64_t done_ = 0;  // of them
  std::string name_ = "standard input";
  std::optional<ArrivingLines> arriving_;
  std::optional<data::ShardText> shard_;
  bool has_questions_ = false;
};

}  // namespace

DataFacts read_facts(const TrainingFiles& files) {
  const ChoiceSets sets = read_sets(files);
  return {check(files, sets, nullptr), sets.notes};
}

TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config) {
  if (!files.problem_type.empty())
    throw UsageError("problem_type", "`problem_type` is of text classification, and not of multiple choice");
  auto task = std::make_unique<MultipleChoiceTask>();
  task->max_length = files.length_of(128, config);
  require_max_length(task->max_length, config);
  ChoiceSets sets = read_sets(files);
  TrainingData data;
  if (files.checks_data) data.facts = {check(files, sets, &tokenizer), sets.notes};
  const auto examples_of = [&](const char* name, const MultipleChoiceDataset& dataset) {
    std::unique_ptr<MultipleChoiceExamples> examples;
    if (dataset.size() == 0) return examples;
    examples = make_examples(dataset, tokenizer, *task, true);
    if (!files.checks_data) return examples;
    data::add_lengths(data.facts.check,
                      {.set = name,
                       .tokens = examples->lengths,
                       .per_row = dataset.num_choices,
                       .max_length = task->max_length,
                       .unit = "choice"},
                      data::contexts_of(dataset));
    data::add_special_tokens(data.facts.check, examples->rows_with_special_tokens);
    return examples;
  };
  data.train = examples_of("train", sets.train);
  data.validation = examples_of("validation", sets.validation);
  data.test = examples_of("test", sets.test);
  std::vector<std::int64_t> lines;  // the texts are not needed any more
  for (const data::MultipleChoiceQuestion& question : sets.train.questions) lines.push_back(question.line);
  data.settings = {{keys::kMaxLength, task->max_length}};
  data.row_name = [path = sets.train.path, lines = std::move(lines)](std::int64_t row) {
    return fmt::format("{}:{}", path, lines[static_cast<std::size_t>(row)]);
  };
  const auto tests = std::make_shared<const MultipleChoiceDataset>(std::move(sets.test)),
             validations = std::make_shared<const MultipleChoiceDataset>(std::move(sets.validation));
  data.item_text = [tests, validations](const std::string& set, std::int64_t item) {
    return text_of_question(set == "test" ? *tests : *validations, item);
  };
  data.test_lines = [tests, held_out = std::move(sets.held_out)](const std::function<void(TestLine)>& use) {
    return test_lines(*tests, held_out, use);
  };
  data.task = std::move(task);
  return data;
}

std::unique_ptr<MultipleChoiceTask> trained_task(const TrainedModel& model,
                                                 const PredictionOptions& /*options*/) {
  auto task = std::make_unique<MultipleChoiceTask>();
  task->max_length = model.max_length;
  return task;
}

TestData read_test(const TestFile& file, const TrainedModel& model) {
  const auto kept = std::make_shared<const MultipleChoiceDataset>(
      data::read_multiple_choice(file.path, read_options(file.data, true)));
  const MultipleChoiceDataset& dataset = *kept;
  auto task = trained_task(model, {});
  auto examples = make_examples(dataset, model.tokenizer, *task, true);
  return {std::move(task), std::move(examples), dataset.notes,
          [kept](const std::string&, std::int64_t item) { return text_of_question(*kept, item); }};
}

std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options) {
  const MultipleChoiceDataset dataset = data::read_multiple_choice(path, read_options(options, true));
  std::vector<LabelledInput> inputs;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const data::MultipleChoiceQuestion& question = dataset.questions[static_cast<std::size_t>(i)];
    LabelledInput& input = inputs.emplace_back();
    input.input.question = question.question, input.input.context = question.context;
    const std::span<const std::string_view> choices = dataset.choices_of(i);
    input.input.choices.assign(choices.begin(), choices.end());
    input.labels = {std::to_string(question.label)};
    input.where = dataset.where(i);
  }
  return inputs;
}

std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options) {
  if (file.output_format != "jsonl") {
    throw UsageError("format", fmt::format("`format` is \"{}\"; predictions of multiple choice are written "
                                           "as jsonl, for their scores are lists",
                                           file.output_format));
  }
  return std::make_unique<ChoiceSource>(file, model, options);
}

}  // namespace bertune::tasks::multiple_choice
