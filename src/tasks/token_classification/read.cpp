#include "tasks/token_classification/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <istream>
#include <iterator>
#include <optional>
#include <utility>

#include "bertune/error.h"
#include "core/arriving_lines.h"
#include "core/nearest.h"
#include "data/checks/check.h"
#include "data/files/sniff.h"
#include "data/tagged/tag_labels.h"
#include "data/tagged/tagged_form.h"
#include "data/tagged/tagged_texts.h"
#include "tasks/corrections.h"
#include "tasks/glance.h"
#include "tasks/hold_out.h"
#include "tasks/prediction.h"
#include "tasks/token_classification/prediction.h"
#include "tasks/trained_settings.h"

namespace bertune::tasks::token_classification {
namespace {

using data::TaggedDataset;
using TaggedSets = DataSets<TaggedDataset>;
using MadeExamples = std::unique_ptr<TokenClassificationExamples>;

constexpr std::int64_t kUsualMaxLength = 128, kSentencesAtATime = 1024;

data::TaggedReadOptions read_options(const FileOptions& options, std::int64_t most, bool labels_required) {
  data::TaggedReadOptions read;
  if (!options.format.empty()) read.format = data::tag_format_from_string(options.format);
  read.label_column = options.label_column;
  read.labels_required = labels_required;
  read.max_sentences = most;
  read.max_bad_rows = options.max_bad_rows;
  if (labels_required) read.labels_file = options.labels_file;
  return read;
}

TaggedDataset read(const std::filesystem::path& path, const FileOptions& options, std::int64_t most,
                   bool labels_required) {
  return data::read_tagged(path, read_options(options, most, labels_required));
}

void append(std::vector<std::string>& notes, const std::vector<std::string>& more) {
  notes.insert(notes.end(), more.begin(), more.end());
}

// Tags of words that are corrected, and what the sentences point into.
struct NewTags {
  std::shared_ptr<const void> before;
  std::deque<std::string> tags;
};

void correct(const TrainingFiles& files, TaggedSets& sets) {
  TaggedDataset& train = sets.train;
  const Corrected corrections =
      corrected(files, train.size(), [&](std::int64_t row) { return text_of_sentence(train, row); });
  if (!corrections.any) return;
  const auto storage = std::make_shared<NewTags>(NewTags{train.storage, {}});
  for (const NewLabel& one : corrections.labels) {
    data::TaggedSentence& sentence = train.sentences[static_cast<std::size_t>(one.row)];
    if (one.word < 0 || one.word >= std::ssize(sentence.tags))
      throw Error(
          fmt::format("{}: names word {} of {}, which has {} words (the column \"word\" counts from 0)",
                      one.given_at, one.word, train.where(sentence), sentence.tags.size()));
    if (std::ranges::find(train.tags, one.label) == train.tags.end()) {
      const std::string_view near = nearest(one.label, train.tags);
      throw Error(fmt::format("{}: the tag \"{}\" is of no word of {}{}", one.given_at, one.label, train.path,
                              near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
    }
    sentence.tags[static_cast<std::size_t>(one.word)] = storage->tags.emplace_back(one.label);
  }
  train.storage = storage;
  keep_rows(train, corrections);
  append(sets.notes, corrections.notes);
}

TaggedSets read_sets(const TrainingFiles& files) {
  const auto with_labels = [&](const std::filesystem::path& labels_file) {
    FileOptions options = files.data;
    options.labels_file = labels_file;
    return options;
  };
  TaggedSets sets;
  sets.train = read(files.train, files.data, rows_to_read(files), true);
  correct(files, sets);
  draw_rows(files, sets.train);
  if (!files.validation.empty())
    sets.validation =
        read(files.validation, with_labels(files.validation_labels), files.max_validation_rows, true);
  if (!files.test.empty())
    sets.test = read(files.test, with_labels(files.test_labels), files.max_test_rows, true);
  return sets;
}

std::unique_ptr<TokenClassificationTask> task_of(const TrainingFiles& files, const TaggedSets& sets,
                                                 const BertConfig& config) {
  auto task = std::make_unique<TokenClassificationTask>();
  task->labels = data::build_tag_map(sets.train);  // before any is held out: a tag may be there once
  task->scheme = sets.train.scheme;
  task->max_length = files.length_of(kUsualMaxLength, config);
  task->label_all_tokens = files.label_all_tokens;
  require_max_length(task->max_length, config);
  return task;
}

data::CheckResult check(const TrainingFiles& files, const TaggedSets& sets, const BertTokenizer* tokenizer) {
  std::vector<data::NamedTexts> named;
  sets.for_each([&](std::string name, const TaggedDataset& dataset) {
    data::NamedTexts& set = named.emplace_back();
    set.name = std::move(name);
    set.texts = data::texts_of(dataset, data::kWordsThatTell);
    set.labels = [&dataset](std::int64_t row, const std::function<void(std::string_view)>& tell) {
      for (const std::string_view tag : dataset.sentences[static_cast<std::size_t>(row)].tags) tell(tag);
    };
  });
  // Words outside of entities outnumber all others, and accuracy is no measure of these tasks.
  data::CheckOptions options = check_options(files, tokenizer);
  options.imbalance = 0, options.unit = "sentence", options.label = "tag";
  data::CheckResult found = data::check_texts(named, options);
  for (data::SetCheck& set : found.sets) {
    const TaggedDataset& dataset = sets.named(set.name);
    set.counts = {{dataset.words(), "word"},
                  {static_cast<std::int64_t>(dataset.tags.size()), "tag",
                   fmt::format(" ({})", to_string(dataset.scheme))}};
  }
  return found;
}

std::unique_ptr<Decoder> test_lines(const TaggedSets& sets, const TokenClassificationExamples& examples,
                                    const TokenClassification& task,
                                    const std::function<void(TestLine)>& use) {
  return decoder_of(examples, sets.test.sentences, task,
                    [&sets, use](std::int64_t item, const Prediction& prediction) {
                      const auto place = static_cast<std::size_t>(item);
                      const data::TaggedSentence& sentence = sets.test.sentences[place];
                      Json line = sentence_json(sentence, prediction);
                      line["true"] = sentence.tags;
                      line["where"] = sets.test.where(sentence);
                      use({sets.held_out[place], std::move(line)});
                    });
}

// Files of tagged sentences keep their words; anything else is texts.
bool keeps_words(const PredictionFile& file) {
  const bool is_tagged = file.data.format == "conll" || file.data.format == "conllu";
  if (is_tagged || file.stream != nullptr || !file.data.text_column.empty()) return is_tagged;
  if (!file.data.format.empty() && file.data.format != "jsonl" && file.data.format != "json") return false;
  const std::optional<data::TextFile> content = look_into(file.path);
  if (!content) return false;
  std::string_view text = content->text();
  text.remove_prefix(data::byte_order_mark(text));
  return data::holds_sentences(file.path, text);
}

TaggedDataset read_stream(std::istream& stream, const FileOptions& options) {
  data::TaggedReadOptions read = read_options(options, -1, false);
  return data::parse_tagged(std::string(std::istreambuf_iterator<char>(stream), {}), "standard input", read);
}

class SentenceSource : public RequestSource {
 public:
  SentenceSource(const PredictionFile& file, const TrainedModel& model, const PredictionOptions& options)
      : tokenizer_(model.tokenizer),
        task_(trained_task(model, options)),
        dataset_(file.stream != nullptr ? read_stream(*file.stream, file.data)
                                        : read(file.path, file.data, -1, false)) {}

  std::int64_t items() const override { return dataset_.size(); }

  bool next(Request& request) override {
    const auto rest = std::span(std::as_const(dataset_.sentences)).subspan(done_);
    if (rest.empty()) return false;
    const auto sentences = rest.first(std::min<std::size_t>(kSentencesAtATime, rest.size()));
    done_ += sentences.size();
    request = request_of(sentences, *task_, tokenizer_);
    request.line = [sentences](std::int64_t item, const Prediction& prediction) {
      return json_line(sentence_json(sentences[static_cast<std::size_t>(item)], prediction));
    };
    return true;
  }

  std::vector<std::string> take_notes() override {
    return done_ < dataset_.sentences.size() ? std::vector<std::string>() : std::exchange(dataset_.notes, {});
  }

 private:
  const BertTokenizer& tokenizer_;
  std::unique_ptr<TokenClassificationTask> task_;
  TaggedDataset dataset_;
  std::size_t done_ = 0;
};

// Sentences in parts, which are answered as they arrive: lines of JSON, or what a shard holds.
class ArrivingSentences : public RequestSource {
 public:
  ArrivingSentences(std::unique_ptr<std::istream> stream, const PredictionFile& file,
                    const TrainedModel& model, const PredictionOptions& options)
      : ArrivingSentences(file, model, options) {
    stream_ = std::move(stream);
    lines_.emplace(*stream_);
  }
  explicit ArrivingSentences(const PredictionFile& file, const TrainedModel& model,
                             const PredictionOptions& options)
      : tokenizer_(model.tokenizer),
        task_(trained_task(model, options)),
        read_(read_options(file.data, -1, false)),
        name_(file.shard ? file.path.string() : "standard input") {
    if (!file.shard) return;
    const data::TaggedForm form = data::form_of_tagged(file.path, read_.format);
    shard_.emplace(file.path, *file.shard, form.cut);
    read_.format = form.format;
    read_.beginning = shard_->beginning();
    read_.lines_before = shard_->lines_before();
  }

  bool next(Request& request) override {
    for (std::string text = next_part(); !text.empty(); text = next_part()) {
      const auto lines = std::ranges::count(text, '\n');
      const bool is_blank = data::is_blank(text);
      if (!is_blank) dataset_ = data::parse_tagged(std::move(text), name_, read_);
      read_.lines_before += lines;
      if (is_blank) continue;
      request = request_of(dataset_.sentences, *task_, tokenizer_);
      request.line = [this](std::int64_t item, const Prediction& prediction) {
        return json_line(sentence_json(dataset_.sentences[static_cast<std::size_t>(item)], prediction));
      };
      return true;
    }
    return false;
  }

  std::vector<std::string> take_notes() override { return {}; }

 private:
  std::string next_part() { return shard_ ? shard_->next() : lines_->next(); }

  const BertTokenizer& tokenizer_;
  std::unique_ptr<TokenClassificationTask> task_;
  data::TaggedReadOptions read_;
  std::string name_;
  std::unique_ptr<std::istream> stream_;
  std::optional<ArrivingLines> lines_;
  std::optional<data::ShardText> shard_;
  TaggedDataset dataset_;  // of the lines that arrived last
};

class TextSource : public RequestSource {
 public:
  TextSource(std::unique_ptr<std::istream> replayed, const PredictionFile& file, const TrainedModel& model,
             const PredictionOptions& options)
      : tokenizer_(model.tokenizer),
        task_(trained_task(model, options)),
        replayed_(std::move(replayed)),
        stream_(replayed_ ? data::RowStream(*replayed_, "standard input", file.data.read_options(false))
                          : file.open_rows(file.data.read_options(false))) {}

  bool next(Request& request) override {
    at_end_ = !stream_.next_batch(kSentencesAtATime, rows_);
    if (at_end_) return false;
    std::vector<std::string_view> texts;
    for (const data::Row& row : rows_) texts.push_back(row.text);
    sentences_ = data::sentences_of(texts);
    request = request_of(sentences_, *task_, tokenizer_);
    request.line = [this](std::int64_t item, const Prediction& prediction) {
      return json_line(sentence_json(sentences_[static_cast<std::size_t>(item)], prediction));
    };
    return true;
  }

  std::vector<std::string> take_notes() override {
    return at_end_ ? stream_.notes() : std::vector<std::string>();
  }

 private:
  const BertTokenizer& tokenizer_;
  std::unique_ptr<TokenClassificationTask> task_;
  std::unique_ptr<std::istream> replayed_;  // in place of the stream; null: none of it was read before
  data::RowStream stream_;
  bool at_end_ = false;
  std::vector<data::Row> rows_;
  std::vector<data::TaggedSentence> sentences_;
};

}  // namespace

ItemText text_of_sentence(const TaggedDataset& dataset, std::int64_t item) {
  const data::TaggedSentence& sentence = dataset.sentences[static_cast<std::size_t>(item)];
  return {dataset.where(sentence), "", valid_text(fmt::format("{}", fmt::join(sentence.words, " ")))};
}

LabelledSentences read_labelled(const TrainingFiles& files, const BertConfig& config) {
  TrainingFiles alone = files;
  alone.validation.clear(), alone.test.clear();
  TaggedSets sets = read_sets(alone);
  LabelledSentences labelled;
  labelled.task = *task_of(alone, sets, config);
  labelled.ids = data::tag_ids(sets.train, labelled.task.labels);
  labelled.sentences = std::move(sets.train);
  return labelled;
}

DataFacts read_facts(const TrainingFiles& files) {
  const TaggedSets sets = read_sets(files);
  return {check(files, sets, nullptr), sets.notes};
}

TrainingData read_training(const TrainingFiles& files, const BertTokenizer& tokenizer,
                           const BertConfig& config) {
  const auto sets = std::make_shared<TaggedSets>(read_sets(files));
  std::unique_ptr<TokenClassificationTask> task = task_of(files, *sets, config);
  // One class of sentences. Of folds that are given, short ones say nothing of what is in several.
  data::Texts texts = data::texts_of(sets->train, files.fold.given ? data::kWordsThatTell : 0);
  texts.label = {};
  hold_out(files, *sets, texts, "sentences");
  TrainingData data;
  if (files.checks_data) data.facts = {check(files, *sets, &tokenizer), sets->notes};
  const auto examples_of = [&](const char* name, const TaggedDataset& dataset, LongSentences long_sentences) {
    if (dataset.size() == 0) return MadeExamples();
    auto examples = std::make_unique<TokenClassificationExamples>(dataset, tokenizer, *task, long_sentences);
    if (!files.checks_data) return examples;
    const TokenClassificationFeatures& features = examples->features();
    data::add_lengths(data.facts.check,
                      {.set = name,
                       .tokens = features.sentence_lengths,
                       .max_length = task->max_length,
                       .unit = "sentence",
                       .windowed = long_sentences == LongSentences::windows},
                      data::texts_of(dataset));
    data::add_special_tokens(data.facts.check, features.rows_with_special_tokens, "word");
    append(data.facts.notes, dataset.notes);
    append(data.facts.notes, word_notes(features, dataset, *task));
    return examples;
  };
  MadeExamples train = examples_of("train", sets->train, LongSentences::truncate),
               validation = examples_of("validation", sets->validation, LongSentences::windows),
               test = examples_of("test", sets->test, LongSentences::windows);
  data.row_name = [sets, rows = train.get()](std::int64_t row) {
    const auto sentence = rows->features().sentences[static_cast<std::size_t>(row)];
    return sets->train.where(sets->train.sentences[static_cast<std::size_t>(sentence)]);
  };
  data.settings = {{keys::kMaxLength, task->max_length},
                   {keys::kScheme, to_string(task->scheme)},
                   {keys::kLabelAllTokens, task->label_all_tokens}};
  data.test_lines = [sets, rows = test.get(), &task = *task](const std::function<void(TestLine)>& use) {
    return test_lines(*sets, *rows, task, use);
  };
  data.item_text = [sets](const std::string& set, std::int64_t item) {
    return text_of_sentence(sets->named(set), item);
  };
  data.task = std::move(task);
  data.train = std::move(train), data.validation = std::move(validation), data.test = std::move(test);
  return data;
}

std::unique_ptr<TokenClassificationTask> trained_task(const TrainedModel& model,
                                                      const PredictionOptions& /*options*/) {
  const std::vector<std::string>& names = model.config.id2label;
  auto task = std::make_unique<TokenClassificationTask>();
  task->labels = data::LabelMap(names);
  task->scheme = data::scheme_of_tags(names);
  task->max_length = model.max_length;
  const std::string kept = setting(model.settings, keys::kScheme, std::string());
  if (task->scheme == data::TagScheme::iob2 && kept == to_string(data::TagScheme::iob1))
    task->scheme = data::TagScheme::iob1;  // the same letters
  if (task->scheme == data::TagScheme::none && kept == to_string(data::TagScheme::io))
    task->scheme = data::TagScheme::io;
  return task;
}

TestData read_test(const TestFile& file, const TrainedModel& model) {
  auto task = trained_task(model, {});
  const auto kept = std::make_shared<const TaggedDataset>(read(file.path, file.data, -1, true));
  const TaggedDataset& dataset = *kept;
  auto examples =
      std::make_unique<TokenClassificationExamples>(dataset, model.tokenizer, *task, LongSentences::windows);
  std::vector<std::string> notes = dataset.notes;
  append(notes, feature_notes(examples->features(), dataset, *task));
  return {std::move(task), std::move(examples), std::move(notes),
          [kept](const std::string&, std::int64_t item) { return text_of_sentence(*kept, item); }};
}

std::vector<LabelledInput> read_inputs(const std::filesystem::path& path, const FileOptions& options) {
  const TaggedDataset dataset = read(path, options, -1, true);
  std::vector<LabelledInput> inputs;
  for (const data::TaggedSentence& sentence : dataset.sentences) {
    LabelledInput& input = inputs.emplace_back();
    input.input.words.assign(sentence.words.begin(), sentence.words.end());
    input.labels.assign(sentence.tags.begin(), sentence.tags.end());
    input.where = dataset.where(sentence);
  }
  return inputs;
}

std::unique_ptr<RequestSource> open(const PredictionFile& file, const TrainedModel& model,
                                    const PredictionOptions& options) {
  if (file.output_format != "jsonl")
    throw UsageError("output_format", "`output_format`: the tags of words are written as jsonl only");
  if (keeps_words(file) && file.shard) return std::make_unique<ArrivingSentences>(file, model, options);
  if (keeps_words(file)) return std::make_unique<SentenceSource>(file, model, options);
  if (file.stream == nullptr || file.data.format != "jsonl" || !file.data.text_column.empty())
    return std::make_unique<TextSource>(nullptr, file, model, options);
  // The first line says whether the others hold words.
  std::string first;
  std::getline(*file.stream, first);
  if (!file.stream->eof()) first += '\n';
  const bool words = data::holds_sentences("standard input", first);
  auto stream = std::make_unique<ReplayedStream>(std::move(first), *file.stream);
  if (words) return std::make_unique<ArrivingSentences>(std::move(stream), file, model, options);
  return std::make_unique<TextSource>(std::move(stream), file, model, options);
}

}  // namespace bertune::tasks::token_classification
