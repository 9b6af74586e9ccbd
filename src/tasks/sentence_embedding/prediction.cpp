#include "tasks/sentence_embedding/prediction.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

#include "core/json.h"
#include "tasks/sentence_embedding/metrics.h"

namespace bertune::tasks {
namespace {

std::string in_json(std::string_view text) {
  return Json(valid_text(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_numbers(std::span<const float> numbers, std::string& line) {
  char separator = '[';
  for (const float number : numbers) {
    line += std::exchange(separator, ',');
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(line), "{}", number);
    } else {
      line += "null";  // as JSON has no word for it
    }
  }
  line += ']';
}

std::string quoted_field(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : valid_text(text)) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

class SentenceEmbeddingDecoder : public Decoder {
 public:
  SentenceEmbeddingDecoder(const SentenceEmbeddingExamples& examples, UsePrediction use)
      : texts_(static_cast<std::size_t>(examples.texts)), use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto sequences = static_cast<std::size_t>(batch.sequences());
    const std::size_t width = output.logits.size() / sequences;
    for (std::size_t i = 0; i < sequences; i += texts_) {
      const std::span<const float> vector = output.logits.subspan(i * width, width);
      Prediction prediction;
      if (texts_ == 1) {
        prediction = Embedding{{vector.begin(), vector.end()}};
      } else {
        prediction = Score{cosine(vector, output.logits.subspan((i + 1) * width, width))};
      }
      use_(first_row + static_cast<std::int64_t>(i / texts_), std::move(prediction));
    }
  }

 private:
  std::size_t texts_;  // of an item
  UsePrediction use_;
};

}  // namespace

std::unique_ptr<Decoder> decoder_of(const SentenceEmbeddingExamples& examples, UsePrediction use) {
  return std::make_unique<SentenceEmbeddingDecoder>(examples, std::move(use));
}

Request request_of(std::span<const data::Row> rows, bool pairs, const SentenceEmbedding& task,
                   const BertTokenizer& tokenizer) {
  const std::shared_ptr<const SentenceEmbeddingExamples> examples =
      make_examples(rows, pairs, tokenizer, task);
  Request request;
  request.truncated = examples->truncated_at(task.max_length);
  request.examples = examples;
  request.items = examples->rows();
  request.decoder = [examples](UsePrediction use) { return decoder_of(*examples, std::move(use)); };
  return request;
}

std::string embedding_line(const data::Row& row, std::span<const float> embedding,
                           std::span<const float> pair_embedding) {
  std::string line = fmt::format("{{\"text\":{}", in_json(row.text));
  if (!pair_embedding.empty()) line += fmt::format(",\"text_pair\":{}", in_json(row.text_pair));
  line += ",\"embedding\":";
  append_numbers(embedding, line);
  if (!pair_embedding.empty()) {
    line += ",\"embedding_pair\":";
    append_numbers(pair_embedding, line);
  }
  return line + "}\n";
}

std::string similarity_line(const data::Row& row, double similarity, bool csv) {
  if (csv) return fmt::format("{},{},{}\n", quoted_field(row.text), quoted_field(row.text_pair), similarity);
  return json_line(prediction_json(
      Score{similarity}, {}, {{"text", valid_text(row.text)}, {"text_pair", valid_text(row.text_pair)}}));
}

std::string npy_header(std::int64_t rows, std::int64_t columns) {
  constexpr std::size_t kMagic = 10, kLength = 128;  // a multiple of 64; 40 digits of the shape fit
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  text.resize(kLength - kMagic - 1, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += {'\x01', '\x00', static_cast<char>(text.size()), '\x00'};
  return header + text;
}

}  // namespace bertune::tasks
