#include "tasks/text_classification/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bertune/error.h"
#include "core/names.h"
#include "core/nearest.h"
#include "data/checks/check.h"
#include "data/checks/several_labels.h"
#include "data/texts/labels.h"
#include "tasks/corrections.h"
#include "tasks/hold_out.h"
#include "tasks/text_classification/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks::text_classification {
namespace {

using TextSets = DataSets<data::Dataset>;

data::Dataset read(const TrainingFiles& files, const std::filesystem::path& path,
                   const std::filesystem::path& labels_file, std::int64_t max_rows,
                   std::optional<data::TrainedColumns> trained = {}) {
  if (path.empty()) return {};
  data::ReadOptions options = files.data.read_options(true);
  options.labels_file = labels_file;
  options.trained = std::move(trained);
  options.max_rows = max_rows;
  options.fold_column = files.fold_column;
  return data::read_dataset(path, options);
}

// Labels of rows that are corrected, and what had the labels before.
struct NewLabels {
  std::shared_ptr<const void> before;
  std::deque<std::string> labels;
};

// The labels that a file has, before any is corrected.
class KnownLabels {
 public:
  KnownLabels(const TrainingFiles& files, const data::Dataset& train)
      : path_(train.path), separator_(data::guess_separator(train)) {
    for (const data::Row& row : train.rows) whole_.emplace(row.label);
    const ProblemType type = files.problem_type.empty() ? data::guess_problem_type(train).type
                                                        : problem_type_from_string(files.problem_type);
    are_numbers_ = type == ProblemType::regression;
    for (const std::string& label : whole_)
      for (std::string& part : data::split_labels(label, separator_, path_)) parts_.insert(std::move(part));
  }

  // Returns a corrected label as the file writes labels: several, with '|' between them, may have to be a
  // list. Throws Error for one that no row has: a typo would become a class of its own.
  std::string written(const NewLabel& correction) const {
    const std::string& label = correction.label;
    if (are_numbers_ || whole_.contains(label)) return label;
    const std::vector<std::string> wanted = data::split_labels(label, '|', correction.given_at);
    for (const std::string& one : wanted)
      if (!parts_.contains(one)) refuse(correction, one);
    return separator_ == '|' ? label : Json(wanted).dump();
  }

 private:
  [[noreturn]] void refuse(const NewLabel& correction, const std::string& label) const {
    const std::vector<std::string> all(parts_.begin(), parts_.end());
    const std::string_view near = nearest(label, all);
    throw Error(fmt::format("{}: the label \"{}\" is of no row of {}{}", correction.given_at, label, path_,
                            near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }

  std::string path_;
  char separator_;
  std::set<std::string, std::less<>> whole_, parts_;
  bool are_numbers_ = false;
};

void correct(const TrainingFiles& files, TextSets& sets) {
  data::Dataset& train = sets.train;
  const Corrected corrections =
      corrected(files, train.size(), [&](std::int64_t row) { return text_of_row(train, row); });
  if (!corrections.any) return;
  const auto storage = std::make_shared<NewLabels>(NewLabels{train.label_storage, {}});
  const KnownLabels known(files, train);
  for (const NewLabel& one : corrections.labels) {
    data::Row& row = train.rows[static_cast<std::size_t>(one.row)];
    row.label = storage->labels.emplace_back(known.written(one));
    row.has_label = true;
  }
  train.label_storage = storage;
  keep_rows(train, corrections);
  sets.notes.insert(sets.notes.end(), corrections.notes.begin(), corrections.notes.end());
}

TextSets read_sets(const TrainingFiles& files) {
  TextSets sets;
  sets.train = read(files, files.train, files.data.labels_file, rows_to_read(files));
  correct(files, sets);
  draw_rows(files, sets.train);
  const data::ColumnChoice& columns = sets.train.columns;
  const data::TrainedColumns trained{columns.text.name, columns.text_pair.name,
                                     columns.label ? columns.label.name : "", sets.train.label_form};
  sets.validation =
      read(files, files.validation, files.validation_labels, files.max_validation_rows, trained);
  sets.test = read(files, files.test, files.test_labels, files.max_test_rows, trained);
  for (const data::Dataset* dataset : {&sets.validation, &sets.test}) {
    if (dataset->size() > 0 && dataset->has_pairs != sets.train.has_pairs) {
      throw UsageError(
          fmt::format("{} has {} and {} {}; name the columns with `text_column` and `text_pair_column`",
                      sets.train.path, sets.train.has_pairs ? "pairs of texts" : "single texts",
                      dataset->path, dataset->has_pairs ? "pairs" : "single texts"));
    }
  }
  return sets;
}

// The checkpoint's own label names keep their ids when the data has no others: fine-tuning on continues the
// same head.
data::LabelMap labels_of(const data::Dataset& train, const BertConfig& config, bool multi_label,
                         bool is_sure) {
  data::LabelMap labels =
      data::build_label_map(train, {.given = multi_label ? train.label_names : std::vector<std::string>(),
                                    .multi_label = multi_label,
                                    .is_sure = is_sure});
  const data::LabelMap given(config.id2label);
  const auto known = [&](const std::string& label) { return given.id_of(label).has_value(); };
  return std::ranges::all_of(labels.id2label(), known) ? given : labels;
}

// The rows have the labels that are trained, in whatever spelling files have them.
void name_labels_of(const TrainingFiles& files, TextSets& sets, const data::LabelMap& labels) {
  for (data::Dataset* set : {&sets.train, &sets.validation, &sets.test}) {
    if (set != &sets.train) data::leave_out_unknown_labels(*set, labels, files.data.max_bad_rows);
    for (std::string& note : data::name_labels(*set, labels)) sets.notes.push_back(std::move(note));
  }
}

// Explains that the first rows of a sorted file may all have one label.
[[noreturn]] void blame_the_first_rows(const Error& error) {
  throw Error(fmt::format(
      "{}; `max_train_rows` takes the first rows of the file, which may be sorted: `shuffle_rows` "
      "draws them from all of it",
      error.what()));
}

std::unique_ptr<TextClassificationTask> task_of(const TrainingFiles& files, TextSets& sets,
                                                const BertConfig& config) try {
  auto task = std::make_unique<TextClassificationTask>();
  if (files.problem_type.empty()) {
    const data::ProblemTypeGuess guess = data::guess_problem_type(sets.train);
    task->problem_type = guess.type;
    sets.notes.push_back(
        fmt::format("task: {} ({}; change with `problem_type`)", to_string(guess.type), guess.reason));
  } else {
    task->problem_type = problem_type_from_string(files.problem_type);
  }
  task->labels =
      task->problem_type == ProblemType::regression
          ? data::LabelMap(std::vector<std::string>{"LABEL_0"})
          : labels_of(sets.train, config, task->problem_type == ProblemType::multi_label_classification,
                      !files.problem_type.empty());
  if (task->problem_type == ProblemType::single_label_classification)
    name_labels_of(files, sets, task->labels);
  task->max_length = files.length_of(128, config);
  require_max_length(task->max_length, config);
  if (files.long_text.long_text == LongText::automatic) {
    throw UsageError("long_text",
                     "`long_text=auto` is to be settled before the files are read (choose_long_text)");
  }
  task->long_text = long_text_reading(files.long_text, Json::object(), task->problem_type, task->max_length);
  if (sets.train.has_pairs) require_single_texts(task->long_text.how);
  return task;
} catch (const UsageError&) {
  throw;
} catch (const Error& error) {
  if (files.max_train_rows < 0 || files.shuffle_rows) throw;
  blame_the_first_rows(error);
}

data::CheckResult check(const TrainingFiles& files, const TextSets& sets, ProblemType type,
                        const BertTokenizer* tokenizer) {
  const bool several = type == ProblemType::multi_label_classification,
             numbers = type == ProblemType::regression;
  std::vector<data::NamedTexts> named;
  sets.for_each([&](std::string name, const data::Dataset& dataset) {
    data::NamedTexts& set = named.emplace_back(data::named_texts(std::move(name), dataset));
    if (several) {
      data::set_several_labels(dataset, set);
    } else if (!numbers) {
      set.labels = data::one_label(set.texts);
    }
  });
  data::CheckOptions options = check_options(files, tokenizer);
  options.several = several, options.conflicts = !numbers, options.numbers = numbers;
  return data::check_texts(named, options);
}

constexpr Names kLabelForms(std::to_array<Named<data::LabelForm>>(
    {{data::LabelForm::places, "places"}, {data::LabelForm::decimal_commas, "decimal_commas"}}));

Json settings_to_keep(const TextSets& sets, const TextClassificationTask& task) {
  const auto column = [](const data::ChosenColumn& chosen) { return chosen ? Json(chosen.name) : Json(); };
  Json settings = {{keys::kMaxLength, task.max_length},
                   {keys::kProblemType, to_string(task.problem_type)},
                   {keys::kTextColumn, column(sets.train.columns.text)},
                   {keys::kTextPairColumn, column(sets.train.columns.text_pair)},
                   {keys::kLabelColumn, column(sets.train.columns.label)}};
  keep_long_text(task.long_text, settings);
  if (sets.train.label_form != data::LabelForm::as_written)
    settings[keys::kLabelForm] = kLabelForms.of(sets.train.label_form);
  return settings;
}

std::unique_ptr<Decoder> test_lines(const TextSets& sets, const TextClassificationTask& task,
                                    const TextClassificationExamples& examples,
                                    const std::function<void(TestLine)>& use) {
  return decoder_of(
      task, examples,
      [&sets, use, labels = task.labels.id2label()](std::int64_t item, const Prediction& prediction) {
        const data::Row& row = sets.test.rows[static_cast<std::size_t>(item)];
        Json line = row_json(row, sets.test.has_pairs, prediction, labels);
        line["true"] = row.label;
        line["where"] = sets.test.where(row);
        use({sets.held_out[static_cast<std::size_t>(item)], std::move(line)});
      });
}

// Returns the columns that bertune.json keeps of the training; nothing for a model that was trained
// elsewhere.
std::optional<data::TrainedColumns> trained_columns(const Json& settings) {
  data::TrainedColumns columns{setting(settings, keys::kTextColumn, std::string()),
                               setting(settings, keys::kTextPairColumn, std::string()),
                               setting(settings, keys::kLabelColumn, std::string()),
                               kLabelForms.find(setting(settings, keys::kLabelForm, std::string()))
                                   .value_or(data::LabelForm::as_written)};
  return columns.text.empty() ? std::nullopt : std::optional(std::move(columns));
}

class RowSource : public RequestSource {
 public:
  RowSource(const PredictionFile& file, const TrainedModel& model, const PredictionOptions& options)
      : tokenizer_(model.tokenizer), task_(trained_task(model, options)) {
    if (file.output_format != "jsonl" && file.output_format != "csv")
      throw UsageError("format",
                       fmt::format("`format` is \"{}\"; it must be jsonl or csv", file.output_format));
    if (file.output_format == "csv") format_ = PredictionFormat::csv;
    data::ReadOptions read = file.data.read_options(false);
    read.trained = trained_columns(model.settings);
    stream_.emplace(file.open_rows(read));
    has_pairs_ = static_cast<bool>(stream_->columns().text_pair);
    rows_.path = file.stream != nullptr ? "standard input" : file.path.string();
  }

  std::string header() const override {
    return prediction_header(format_, has_pairs_, static_cast<bool>(stream_->columns().id));
  }

  bool next(Request& request) override {
    constexpr std::int64_t kRowsAtATime = 1024;
    at_end_ = !stream_->next_batch(kRowsAtATime, rows_.rows);
    if (at_end_) return false;
    rows_.has_pairs = has_pairs_;
    request = request_of(rows_, *task_, tokenizer_);
    request.line = [this, is_cut = request.is_cut](std::int64_t item, const Prediction& prediction) {
      return prediction_line(format_, rows_.rows[static_cast<std::size_t>(item)], has_pairs_, prediction,
                             task_->label_names(), is_cut(item));
    };
    request.where = [this](std::int64_t item) {
      return rows_.where(rows_.rows[static_cast<std::size_t>(item)]);
    };
    return true;
  }

  std::vector<std::string> take_notes() override {
    return at_end_ ? stream_->notes() : std::vector<std::string>();
  }

 private:
  const BertTokenizer& tokenizer_;
  std::unique_ptr<TextClassificationTask> task_;
  PredictionFormat format_ = PredictionFormat::jsonl;
  std::optional<data::RowStream> stream_;
  bool has_pairs_ = false, at_end_ = false;
  data::Dataset rows_;
};

}  // namespace

LabelledSets read_labelled(const TrainingFiles& files) {
  TextSets sets = read_sets(files);
  const std::unique_ptr<TextClassificationTask> task = task_of(files, sets, BertConfig());
  hold_out(files, sets, data::texts_of(sets.train), "rows", ", stratified by label");
  LabelledSets labelled{task->problem_type, task->labels.id2label(), {}, {}, {}};
  const char separator = data::guess_separator(sets.train);
  for (auto [from, to] :
       {std::pair{&sets.train, &labelled.train}, std::pair{&sets.validation, &labelled.validation},
        std::pair{&sets.test, &labelled.test}}) {
    if (from->size() == 0) continue;
    switch (task->problem_type) {
      case ProblemType::single_label_classification:
        to->ids = data::label_ids(*from, task->labels);
        break;
      case ProblemType::multi_label_classification:
        to->targets = data::multi_label_targets(*from, task->labels, separator);
        break;
      case ProblemType::regression:
        to->targets = data::label_values(*from);
    }
    to->rows = std::move(*from);
  }
  return labelled;
}

DataFacts read_facts(const TrainingFiles& files) {
  TextSets sets = read_sets(files);
  const std::unique_ptr<TextClassificationTask> task = task_of(files, sets, BertConfig());
  return {check(files, sets, task->problem_type, nullptr), sets.notes};
}

namespace {

void add_long_text_note(std::int64_t too_long, std::int64_t texts, std::int64_t max_length,
                        std::vector<std::string>& notes) {
  if (few_are_too_long(too_long, texts)) return;
  notes.push_back(fmt::format(
      "{:.1f}% of the training texts are longer than `max_length={}`; `long_text=auto` compares ways to read "
      "more of them than the beginning",
      100 * static_cast<double>(too_long) / static_cast<double>(texts), max_length));
}

}  // namespace

TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config) {
  const auto sets = std::make_shared<TextSets>(read_sets(files));
  TrainingData data;
  std::unique_ptr<TextClassificationTask> task = task_of(files, *sets, config);
  hold_out(files, *sets, data::texts_of(sets->train), "rows", ", stratified by label");
  // The check comes before the texts are tokenized: they are in memory now, and the ids are not.
  if (files.checks_data) data.facts = {check(files, *sets, task->problem_type, &tokenizer), sets->notes};
  const auto examples_of = [&](const char* name, const data::Dataset& set) {
    if (set.size() == 0) return std::unique_ptr<TextClassificationExamples>();
    const bool trains = &set == &sets->train;
    auto examples =
        make_examples(set, tokenizer, *task, true, trains ? WindowRows::texts : WindowRows::windows);
    if (!files.checks_data) return examples;
    data::CheckResult& found = data.facts.check;
    data::add_lengths(found,
                      {.set = name,
                       .tokens = examples->lengths,
                       .max_length = task->max_length,
                       .windowed = examples->has_windows()},
                      data::texts_of(set));
    data::add_special_tokens(found, examples->rows_with_special_tokens);
    if (trains && !files.long_text.long_text && !set.has_pairs)
      add_long_text_note(examples->truncated_at(task->max_length).inputs, set.size(), task->max_length,
                         data.facts.notes);
    return examples;
  };
  // All labels of all sets are looked up here, before the first step.
  auto train = examples_of("train", sets->train), validation = examples_of("validation", sets->validation),
       test = examples_of("test", sets->test);
  // From here on only the rows' locations (file:line) are needed. Releasing the file's pages leaves memory
  // for the model.
  sets->for_each([](const std::string&, const data::Dataset& set) { set.release_pages(); });
  data.settings = settings_to_keep(*sets, *task);
  data.row_name = [sets](std::int64_t row) {
    return sets->train.where(sets->train.rows[static_cast<std::size_t>(row)]);
  };
  data.test_lines = [sets, &task = *task, examples = test.get()](const std::function<void(TestLine)>& use) {
    return test_lines(*sets, task, *examples, use);
  };
  data.item_text = [sets](const std::string& set, std::int64_t item) {
    return text_of_row(sets->named(set), item);
  };
  data.task = std::move(task);
  data.train = std::move(train), data.validation = std::move(validation), data.test = std::move(test);
  return data;
}

std::unique_ptr<TextClassificationTask> trained_task(const TrainedModel& model,
                                                     const PredictionOptions& options) {
  auto task = std::make_unique<TextClassificationTask>();
  task->problem_type = model.config.problem_type.value_or(
      model.config.num_labels() == 1 ? ProblemType::regression : ProblemType::single_label_classification);
  task->labels = data::LabelMap(model.config.id2label);
  task->max_length = model.max_length;
  if (const auto columns = trained_columns(model.settings)) task->reads_pairs = columns->has_pairs();
  if (options.long_text.long_text == LongText::automatic) {
    throw UsageError("long_text",
                     "`long_text=auto` is of a training, which keeps with the model what it found; here say "
                     "truncate, head-tail or windows, or leave it out");
  }
  task->long_text =
      long_text_reading(options.long_text, model.settings, task->problem_type, task->max_length);
  task->threshold = options.threshold.value_or(setting(model.settings, keys::kThreshold, task->threshold));
  if (!(task->threshold >= 0 && task->threshold <= 1))
    throw UsageError("threshold", fmt::format("`threshold` is {}; it must be from 0 to 1", task->threshold));
  return task;
}

TestData read_test(const TestFile& file, const TrainedModel& model) {
  data::ReadOptions options = file.data.read_options(true);
  options.labels_file = file.data.labels_file;
  options.trained = trained_columns(model.settings);
  const auto kept = std::make_shared<data::Dataset>(data::read_dataset(file.path, options));
  data::Dataset& dataset = *kept;
  auto task = trained_task(model, {.threshold = file.threshold, .long_text = file.long_text});
  if (dataset.has_pairs) require_single_texts(task->long_text.how);
  if (task->problem_type == ProblemType::single_label_classification)
    data::leave_out_unknown_labels(dataset, task->labels, file.data.max_bad_rows);
  auto examples = make_examples(dataset, model.tokenizer, *task, true);
  std::vector<std::string> notes = dataset.notes;
  if (const Truncated cut = examples->truncated_at(model.max_length);
      cut.inputs > 0 && !examples->has_windows()) {
    std::int64_t first = 0;
    while (!examples->is_cut(first, model.max_length)) ++first;
    notes.push_back(truncation_note(cut.inputs, dataset.size(),
                                    dataset.where(dataset.rows[static_cast<std::size_t>(first)]),
                                    model.max_length));
  }
  dataset.release_pages();
  return {std::move(task), std::move(examples), std::move(notes),
          [kept](const std::string&, std::int64_t item) { return text_of_row(*kept, item); }};
}

std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options) {
  data::ReadOptions read = options.read_options(true);
  read.labels_file = options.labels_file;
  const data::Dataset rows = data::read_dataset(path, read);
  std::vector<LabelledInput> inputs;
  for (const data::Row& row : rows.rows) {
    LabelledInput& input = inputs.emplace_back();
    input.input.text = row.text;
    if (rows.has_pairs) input.input.text_pair = row.text_pair;
    input.labels = {std::string(row.label)};
    input.where = rows.where(row);
  }
  return inputs;
}

std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options) {
  return std::make_unique<RowSource>(file, model, options);
}

}  // namespace bertune::tasks::text_classification
