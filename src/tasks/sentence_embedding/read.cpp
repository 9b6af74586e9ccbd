#include "tasks/sentence_embedding/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "bertune/error.h"
#include "data/checks/check.h"
#include "data/texts/labels.h"
#include "tasks/hold_out.h"
#include "tasks/sentence_embedding/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks {

data::Dataset read_pairs(const std::filesystem::path& path, data::ReadOptions options, bool with_scores) {
  options.labels_required = false;
  options.guess_labels = with_scores;
  data::Dataset pairs = data::read_dataset(path, options);
  if (!pairs.has_pairs) {
    throw UsageError(
        fmt::format("{}: its rows are single texts, and sentence embeddings are learned from pairs of texts; "
                    "name the columns with `text_column` and `text_pair_column`",
                    path.string()));
  }
  if (!pairs.has_labels) return pairs;
  const auto missing = std::ranges::find(pairs.rows, false, &data::Row::has_label);
  if (missing != pairs.rows.end()) {
    throw Error(fmt::format("{}: the pair has no score, and others have one (column \"{}\")",
                            pairs.where(*missing), pairs.columns.label.name));
  }
  return pairs;
}

std::vector<float> read_scores(const data::Dataset& pairs) {
  std::vector<float> scores;
  scores.reserve(pairs.rows.size());
  for (const data::Row& row : pairs.rows) {
    const std::optional<double> score = data::parse_number(row.label);
    if (!score || !std::isfinite(static_cast<float>(*score))) {
      throw Error(
          fmt::format("{}: the score \"{}\" is not a number (column \"{}\"); "
                      "`embedding_loss=multiple-negatives-ranking` learns from pairs without scores, each of "
                      "two texts that "
                      "belong together",
                      pairs.where(row), row.label.substr(0, 60), pairs.columns.label.name));
    }
    scores.push_back(static_cast<float>(*score));
  }
  return scores;
}

double score_scale(const std::vector<float>& scores) {
  double largest = 0;
  for (const float score : scores) largest = std::max(largest, std::abs(static_cast<double>(score)));
  return largest <= 1 ? 1 : std::ceil(largest);
}

}  // namespace bertune::tasks

namespace bertune::tasks::sentence_embedding {
namespace {

constexpr const char *kCosine = "cosine-similarity", *kRanking = "multiple-negatives-ranking";

using PairSets = DataSets<data::Dataset>;

data::Dataset read(const TrainingFiles& files, const std::filesystem::path& path, std::int64_t max_rows) {
  if (path.empty()) return {};
  data::ReadOptions options = files.data.read_options(false);
  options.max_rows = max_rows;
  options.fold_column = files.fold_column;
  return read_pairs(path, options, files.sentence_embedding.loss != kRanking);
}

PairSets read_sets(const TrainingFiles& files) {
  PairSets sets;
  sets.train = read(files, files.train, rows_to_read(files));
  draw_rows(files, sets.train);
  sets.validation = read(files, files.validation, files.max_validation_rows);
  sets.test = read(files, files.test, files.max_test_rows);
  return sets;
}

void require_options(const TrainingFiles& files) {
  if (!files.data.labels_file.empty())
    throw UsageError("labels_file",
                     "`labels_file` is of text classification, and not of sentence embeddings");
  if (!files.problem_type.empty())
    throw UsageError("problem_type",
                     "`problem_type` is of text classification, and not of sentence embeddings");
  const std::string& loss = files.sentence_embedding.loss;
  if (!loss.empty() && loss != kCosine && loss != kRanking) {
    throw UsageError("embedding_loss",
                     fmt::format("`embedding_loss` is \"{}\"; it must be {} or {}", loss, kCosine, kRanking));
  }
}

void check_loss(const SentenceEmbeddingOptions& options, const data::Dataset& train) {
  if (options.loss == kCosine && !train.has_labels) {
    throw UsageError("embedding_loss",
                     fmt::format("`embedding_loss={}` needs a score for each pair, and {} has none; name the "
                                 "column with `label_column`",
                                 kCosine, train.path));
  }
  if (!train.has_labels && options.train_batch_size < 2)
    throw UsageError(
        "batch_size",
        "`batch_size` is 1; pairs without scores are learned by comparison within a batch, which needs at "
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
                  repeated, train.size()));
}

// The first set with scores says how they are scaled.
void scale_scores(PairSets& sets, SentenceEmbedding& task) {
  bool scaled = false;
  sets.for_each([&](const std::string& name, const data::Dataset& pairs) {
    if (scaled || !pairs.has_labels) return;
    scaled = true;
    task.score_scale = score_scale(read_scores(pairs));
    if (task.score_scale == 1) return;
    sets.notes.push_back(
        fmt::format("scores of {} are divided by {}, so that they can be cosines", name, task.score_scale));
  });
}

std::unique_ptr<SentenceEmbeddingTask> task_of(const TrainingFiles& files, PairSets& sets,
                                               const BertConfig& config) {
  const SentenceEmbeddingOptions& options = files.sentence_embedding;
  auto task = std::make_unique<SentenceEmbeddingTask>();
  task->embedding = options.of_model.value_or(SentenceEmbeddingConfig());
  if (!options.pooling.empty()) task->embedding.pooling = pooling_from_string(options.pooling);
  task->max_length = task->embedding.max_seq_length && !files.max_length
                         ? std::min(*task->embedding.max_seq_length, config.max_length())
                         : files.length_of(128, config);
  require_max_length(task->max_length, config);
  sets.notes.push_back(
      fmt::format("task: sentence embeddings from pairs {} ({} loss; change with `embedding_loss`); "
                  "pooling: {}{} ({}; change with `pooling`)",
                  sets.train.has_labels ? "with scores" : "that belong together",
                  sets.train.has_labels ? kCosine : kRanking, to_string(task->embedding.pooling),
                  task->embedding.normalize ? ", normalized" : "",
                  options.of_model ? "as the model's modules.json says" : "the model has no modules.json"));
  scale_scores(sets, *task);
  if (!sets.train.has_labels) note_repeated_texts(sets.train, sets.notes);
  return task;
}

data::CheckResult check(const TrainingFiles& files, const PairSets& sets, const BertTokenizer* tokenizer) {
  std::vector<data::NamedTexts> named;
  sets.for_each([&](std::string name, const data::Dataset& pairs) {
    named.push_back(data::named_texts(std::move(name), pairs));
  });
  data::CheckOptions options = tasks::check_options(files, tokenizer);
  options.conflicts = false, options.numbers = true;
  return data::check_texts(named, options);
}

Json settings_to_keep(const PairSets& sets, const SentenceEmbedding& task) {
  const auto column = [](const data::ChosenColumn& chosen) { return chosen ? Json(chosen.name) : Json(); };
  return {{keys::kMaxLength, task.max_length},
          {keys::kScoreScale, task.score_scale},
          {keys::kTextColumn, column(sets.train.columns.text)},
          {keys::kTextPairColumn, column(sets.train.columns.text_pair)},
          {keys::kLabelColumn, column(sets.train.columns.label)}};
}

std::unique_ptr<Decoder> test_lines(const PairSets& sets, const SentenceEmbeddingExamples& examples,
                                    const std::function<void(TestLine)>& use) {
  return decoder_of(examples, [&sets, use](std::int64_t item, const Prediction& prediction) {
    const auto place = static_cast<std::size_t>(item);
    const data::Row& row = sets.test.rows[place];
    Json line = prediction_json(prediction, {},
                                {{"text", valid_text(row.text)}, {"text_pair", valid_text(row.text_pair)}});
    if (row.has_label) line["true"] = row.label;
    line["where"] = sets.test.where(row);
    use({sets.held_out[place], std::move(line)});
  });
}

class PairSource : public RequestSource {
 public:
  PairSource(const PredictionFile& file, const TrainedModel& model, const PredictionOptions& options)
      : tokenizer_(model.tokenizer), task_(trained_task(model, options)), csv_(file.output_format == "csv") {
    if (!csv_ && file.output_format != "jsonl") {
      throw UsageError("format",
                       fmt::format("`format` is \"{}\"; it must be jsonl or csv", file.output_format));
    }
    const data::ReadOptions read = file.data.read_options(false);
    stream_.emplace(file.open_rows(read));
    if (!stream_->columns().text_pair) {
      throw UsageError(
          "text_pair_column",
          fmt::format(
              "{}: holds single texts; a model of sentence embeddings compares the two texts of a pair "
              "(`text_pair_column`); `embed(output)` writes embeddings of single texts",
              file.stream != nullptr ? "standard input" : file.path.string()));
    }
  }

  std::string header() const override { return csv_ ? std::string(kSimilarityHeader) : ""; }

  bool next(Request& request) override {
    constexpr std::int64_t kRowsAtATime = 1024;
    at_end_ = !stream_->next_batch(kRowsAtATime, rows_);
    if (at_end_) return false;
    request = request_of(rows_, true, *task_, tokenizer_);
    request.line = [this](std::int64_t item, const Prediction& prediction) {
      return similarity_line(rows_[static_cast<std::size_t>(item)], std::get<Score>(prediction).score, csv_);
    };
    return true;
  }

  std::vector<std::string> take_notes() override {
    return at_end_ ? stream_->notes() : std::vector<std::string>();
  }

 private:
  const BertTokenizer& tokenizer_;
  std::unique_ptr<SentenceEmbeddingTask> task_;
  bool csv_, at_end_ = false;
  std::optional<data::RowStream> stream_;
  std::vector<data::Row> rows_;
};

}  // namespace

DataFacts read_facts(const TrainingFiles& files) {
  require_options(files);
  const PairSets sets = read_sets(files);
  return {check(files, sets, nullptr), sets.notes};
}

TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config) {
  require_options(files);
  const auto sets = std::make_shared<PairSets>(read_sets(files));
  check_loss(files.sentence_embedding, sets->train);
  std::unique_ptr<SentenceEmbeddingTask> task = task_of(files, *sets, config);
  hold_out(files, *sets, data::texts_of(sets->train), "rows");
  const data::Dataset& picking = sets->validation.size() > 0 ? sets->validation : sets->train;
  task->metric = picking.has_labels ? "spearmanr" : "accuracy";
  TrainingData data;
  if (files.checks_data) data.facts = {check(files, *sets, &tokenizer), sets->notes};
  const auto examples_of = [&](const char* name, const data::Dataset& pairs) {
    if (pairs.size() == 0) return std::unique_ptr<SentenceEmbeddingExamples>();
    std::vector<float> scores = pairs.has_labels ? read_scores(pairs) : std::vector<float>();
    auto examples = make_labelled_examples(pairs, std::move(scores), tokenizer, *task);
    if (!files.checks_data) return examples;
    data::CheckResult& found = data.facts.check;
    data::add_lengths(
        found, {.set = name, .tokens = examples->lengths, .per_row = 2, .max_length = task->max_length},
        data::texts_of(pairs));
    data::add_special_tokens(found, examples->rows_with_special_tokens);
    return examples;
  };
  auto train = examples_of("train", sets->train), validation = examples_of("validation", sets->validation),
       test = examples_of("test", sets->test);
  sets->for_each([](const std::string&, const data::Dataset& pairs) { pairs.release_pages(); });
  data.settings = settings_to_keep(*sets, *task);
  data.row_name = [sets](std::int64_t row) {
    return sets->train.where(sets->train.rows[static_cast<std::size_t>(row)]);
  };
  data.test_lines = [sets, rows = test.get()](const std::function<void(TestLine)>& use) {
    return test_lines(*sets, *rows, use);
  };
  data.item_text = [sets](const std::string& set, std::int64_t item) {
    return text_of_row(sets->named(set), item);
  };
  data.task = std::move(task);
  data.train = std::move(train), data.validation = std::move(validation), data.test = std::move(test);
  return data;
}

std::unique_ptr<SentenceEmbeddingTask> trained_task(const TrainedModel& model,
                                                    const PredictionOptions& /*options*/) {
  auto task = std::make_unique<SentenceEmbeddingTask>();
  task->embedding = model.config.sentence_embedding;
  task->max_length = model.max_length;
  task->score_scale = setting(model.settings, keys::kScoreScale, 0.0);
  return task;
}

TestData read_test(const TestFile& file, const TrainedModel& model) {
  const auto kept =
      std::make_shared<const data::Dataset>(read_pairs(file.path, file.data.read_options(false), true));
  const data::Dataset& pairs = *kept;
  auto task = trained_task(model, {});
  std::vector<float> scores = pairs.has_labels ? read_scores(pairs) : std::vector<float>();
  if (!(task->score_scale > 0)) task->score_scale = score_scale(scores);
  auto examples = make_labelled_examples(pairs, std::move(scores), model.tokenizer, *task);
  return {std::move(task), std::move(examples), pairs.notes,
          [kept](const std::string&, std::int64_t item) { return text_of_row(*kept, item); }};
}

std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options) {
  const data::Dataset pairs = read_pairs(path, options.read_options(false), true);
  std::vector<LabelledInput> inputs;
  for (const data::Row& row : pairs.rows) {
    LabelledInput& input = inputs.emplace_back();
    input.input.text = row.text, input.input.text_pair = row.text_pair;
    if (row.has_label) input.labels = {std::string(row.label)};
    input.where = pairs.where(row);
  }
  return inputs;
}

std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options) {
  return std::make_unique<PairSource>(file, model, options);
}

}  // namespace bertune::tasks::sentence_embedding
