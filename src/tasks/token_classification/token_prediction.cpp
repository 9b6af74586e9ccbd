#include "tasks/token_classification/token_prediction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bertune/error.h"
#include "core/json.h"
#include "core/utf8.h"

namespace bertune::tasks {
namespace {

std::string valid_text(std::string_view text) {
  std::uint64_t replaced = 0;
  return replace_invalid_utf8(text, replaced);
}

// Code points before a byte of a text; to be asked in ascending order.
class CodePointCounter {
 public:
  explicit CodePointCounter(std::string_view text) : text_(text) {}

  std::int64_t before(std::size_t byte) {
    for (; position_ < byte; ++count_) position_ += decode_utf8(text_, position_).bytes;
    return count_;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::int64_t count_ = 0;
};

OrderedJson valid_words(const data::TaggedSentence& sentence) {
  OrderedJson words = OrderedJson::array();
  for (const std::string_view word : sentence.words) words.push_back(valid_text(word));
  return words;
}

OrderedJson tags_of(std::span<const WordPrediction> predictions, const TokenClassification& task) {
  OrderedJson tags = OrderedJson::array();
  for (const WordPrediction& word : predictions) {
    tags.push_back(task.labels.id2label()[static_cast<std::size_t>(word.label)]);
  }
  return tags;
}

void add_entities(OrderedJson& line, const data::TaggedSentence& sentence,
                  std::span<const WordPrediction> predictions, const TokenClassification& task) {
  CodePointCounter code_points(sentence.text);
  OrderedJson list = OrderedJson::array();
  for (const PredictedEntity& found : predicted_entities(predictions, task)) {
    const auto first = static_cast<std::size_t>(found.first_word),
               end = static_cast<std::size_t>(found.end_word);
    OrderedJson entity = {{"label", found.type}};
    if (sentence.spans.empty()) {
      const auto words = std::span(sentence.words).subspan(first, end - first);
      entity["text"] = valid_text(fmt::format("{}", fmt::join(words, " ")));
      entity["first_token"] = first;
      entity["end_token"] = end;
    } else {
      const Span bytes{sentence.spans[first].begin, sentence.spans[end - 1].end};
      entity["text"] = valid_text(sentence.text.substr(bytes.begin, bytes.end - bytes.begin));
      entity["start"] = code_points.before(bytes.begin);
      entity["end"] = code_points.before(bytes.end);
      entity["start_byte"] = bytes.begin;
      entity["end_byte"] = bytes.end;
    }
    entity["score"] = found.score;
    list.push_back(std::move(entity));
  }
  line["entities"] = std::move(list);
}

void add_tags(OrderedJson& line, const data::TaggedSentence& sentence,
              std::span<const WordPrediction> predictions, const TokenClassification& task) {
  line["tokens"] = valid_words(sentence);
  line["tags"] = tags_of(predictions, task);
  line["scores"] = OrderedJson::array();
  for (const WordPrediction& word : predictions) line["scores"].push_back(word.score);
  if (sentence.spans.empty()) return;
  CodePointCounter code_points(sentence.text);
  line["offsets"] = OrderedJson::array();
  for (const Span span : sentence.spans) {
    const std::int64_t start = code_points.before(span.begin);
    line["offsets"].push_back({start, code_points.before(span.end)});
  }
}

}  // namespace

std::vector<PredictedEntity> predicted_entities(std::span<const WordPrediction> predictions,
                                                const TokenClassification& task) {
  std::vector<std::string_view> tags;
  for (const WordPrediction& word : predictions) {
    tags.push_back(task.labels.id2label()[static_cast<std::size_t>(word.label)]);
  }
  std::vector<PredictedEntity> found;
  for (const data::Entity& entity : data::entities(tags, task.scheme)) {
    double sum = 0;
    for (std::int32_t word = entity.first_word; word < entity.end_word; ++word) {
      sum += predictions[static_cast<std::size_t>(word)].score;
    }
    found.push_back({std::string(entity.type), entity.first_word, entity.end_word,
                     sum / static_cast<double>(entity.end_word - entity.first_word)});
  }
  return found;
}

std::string token_prediction_line(const data::TaggedSentence& sentence,
                                  std::span<const WordPrediction> predictions,
                                  const TokenClassification& task) {
  if (predictions.size() != sentence.words.size()) {
    throw Error(fmt::format("predictions: {} tags for {} words", predictions.size(), sentence.words.size()));
  }
  const bool has_text = sentence.spans.size() == sentence.words.size() && !sentence.text.empty();
  OrderedJson line = OrderedJson::object();
  if (has_text || sentence.words.empty()) line["text"] = valid_text(sentence.text);
  if (task.scheme == data::TagScheme::none) {
    add_tags(line, sentence, predictions, task);
  } else {
    if (!has_text && !sentence.words.empty()) {
      line["tokens"] = valid_words(sentence);
      line["tags"] = tags_of(predictions, task);
    }
    add_entities(line, sentence, predictions, task);
  }
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace bertune::tasks
