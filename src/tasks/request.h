// A request to a trained model: rows for its batches, and how outputs for them become predictions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bertune/config.h"
#include "bertune/prediction.h"
#include "bertune/tokenizer.h"
#include "core/json.h"
#include "tasks/task.h"
#include "tasks/training_files.h"

namespace bertune::tasks {

using UsePrediction = std::function<void(std::int64_t item, Prediction prediction)>;

// Takes the outputs for the rows of some examples, in order, and gives the prediction of each item (a text, a
// sentence, a question) as soon as its rows are complete, in order.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) = 0;
  // Gives, after the last row, the predictions of items that have no row.
  virtual void finish() {}
};

struct Request {
  std::shared_ptr<const void> inputs;  // what examples and decoder point into, if anything
  std::shared_ptr<const Examples> examples;
  std::int64_t items = 0;
  std::function<std::unique_ptr<Decoder>(UsePrediction use)> decoder;  // holds while the request does
  std::function<std::string(std::int64_t item, const Prediction&)>
      line;  // of a file's request: as it is written
  Truncated truncated;
  // Returns, for a file's request, if texts may be cut, whether an item was; `where` returns its place
  // ("new.csv:7").
  std::function<bool(std::int64_t item)> is_cut = {};
  std::function<std::string(std::int64_t item)> where = {};
  // Returns an item as it was read, for a file's request of texts, words or questions.
  std::function<Input(std::int64_t item)> input = {};
};

// A trained model, as far as tasks see it. The members must stay where they are.
struct TrainedModel {
  const BertTokenizer& tokenizer;
  const BertConfig& config;
  std::int64_t max_length;
  const Json& settings;  // of bertune.json
};

// Options of a prediction; unset members take the trained model's values.
struct PredictionOptions {
  std::optional<double> threshold = {};  // of several labels
  LongTextOptions long_text = {};        // of texts with classes, labels or numbers
  QuestionAnsweringOptions question_answering = {};
  std::int64_t top = 1;  // candidates for an answer, or for a mask
};

// PredictionTask turns inputs into requests; it is thread-safe.
class PredictionTask {
 public:
  virtual ~PredictionTask() = default;
  virtual std::span<const std::string> label_names() const { return {}; }  // of Label::scores, Labels::scores
  // The inputs need not stay. Throws UsageError for one without what the task reads.
  virtual Request request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const = 0;
};

// Texts, or pairs of them, as the rows that a file would have; the inputs must stay. Throws UsageError for
// some of both.
struct InputRows {
  std::vector<data::Row> rows;
  bool has_pairs = false;
};
InputRows rows_of(std::span<const Input> inputs);

// A file or a stream of things to predict.
struct PredictionFile {
  std::filesystem::path path;
  std::istream* stream = nullptr;  // in place of a path
  FileOptions data;
  std::string output_format = "jsonl";
  std::optional<data::Shard> shard = {};  // of the file at `path`: its rows alone

  // Returns the rows of the stream, or of the file or its shard.
  data::RowStream open_rows(const data::ReadOptions& options) const;
};

// RequestSource reads the requests of a file, a part at a time.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  virtual std::string header() const { return ""; }   // of the lines; once something was read
  virtual std::int64_t items() const { return 0; }    // in all; 0: not known
  virtual bool next(Request& request) = 0;            // false: there is no more
  virtual std::vector<std::string> take_notes() = 0;  // for a person, since the last call
};

}  // namespace bertune::tasks
