#include "tasks/token_classification/prediction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "bertune/error.h"
#include "core/utf8.h"

namespace bertune::tasks {
namespace {

// Code points before a byte of a text; to be asked in ascending order.
class CodePointCounter {
 public:
  explicit CodePointCounter(std::string_view text) : text_(text) {}

  std::uint32_t before(std::size_t byte) {
    for (; position_ < byte; ++count_) position_ += decode_utf8(text_, position_).bytes;
    return count_;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::uint32_t count_ = 0;
};

bool has_text(const data::TaggedSentence& sentence) {
  return sentence.spans.size() == sentence.words.size() && !sentence.text.empty();
}

std::vector<TaggedWord> tagged_words(const data::TaggedSentence& sentence,
                                     std::span<const WordPrediction> predictions,
                                     const TokenClassification& task) {
  CodePointCounter code_points(sentence.text);
  std::vector<TaggedWord> words;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    TaggedWord& word = words.emplace_back();
    word.text = valid_text(sentence.words[i]);
    word.tag = task.labels.id2label()[static_cast<std::size_t>(predictions[i].label)];
    word.score = predictions[i].score;
    if (sentence.spans.empty()) continue;
    const Span bytes = sentence.spans[i];
    const std::uint32_t begin = code_points.before(bytes.begin);
    word.place = {{begin, code_points.before(bytes.end)}, bytes};
  }
  return words;
}

Entity entity_of(const data::TaggedSentence& sentence, const std::vector<TaggedWord>& words,
                 const data::Entity& found) {
  const auto first = static_cast<std::size_t>(found.first_word),
             end = static_cast<std::size_t>(found.end_word);
  Entity entity{std::string(found.type), "", found.first_word, found.end_word};
  for (std::size_t word = first; word < end; ++word) entity.score += words[word].score;
  entity.score /= static_cast<double>(end - first);
  if (sentence.spans.empty()) {
    const auto named = std::span(sentence.words).subspan(first, end - first);
    entity.text = valid_text(fmt::format("{}", fmt::join(named, " ")));
  } else {
    const TextPlace &begin = *words[first].place, &last = *words[end - 1].place;
    entity.place = {{begin.code_points.begin, last.code_points.end}, {begin.bytes.begin, last.bytes.end}};
    entity.text = valid_text(sentence.text.substr(begin.bytes.begin, last.bytes.end - begin.bytes.begin));
  }
  return entity;
}

class TokenClassificationDecoder : public Decoder {
 public:
  TokenClassificationDecoder(const TokenClassificationExamples& examples,
                             std::span<const data::TaggedSentence> sentences, const TokenClassification& task,
                             UsePrediction use)
      : features_(examples.features()),
        sentences_(sentences),
        task_(task),
        words_(features_, task),
        use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    words_.add(first_row, batch, output);
    const std::int64_t next_row = first_row + batch.sequences();
    use_before(next_row < features_.rows() ? features_.sentences[static_cast<std::size_t>(next_row)]
                                           : static_cast<std::int64_t>(sentences_.size()));
  }
  void finish() override { use_before(static_cast<std::int64_t>(sentences_.size())); }

 private:
  void use_before(std::int64_t end) {
    for (; next_ < end; ++next_)
      use_(next_, predict(sentences_[static_cast<std::size_t>(next_)], words_.of_sentence(next_), task_));
  }

  const TokenClassificationFeatures& features_;
  std::span<const data::TaggedSentence> sentences_;
  const TokenClassification& task_;
  WordPredictions words_;
  UsePrediction use_;
  std::int64_t next_ = 0;  // the first sentence whose prediction was not given
};

}  // namespace

Prediction predict(const data::TaggedSentence& sentence, std::span<const WordPrediction> words,
                   const TokenClassification& task) {
  if (words.size() != sentence.words.size())
    throw Error(fmt::format("predictions: {} tags for {} words", words.size(), sentence.words.size()));
  std::vector<TaggedWord> tagged = tagged_words(sentence, words, task);
  if (task.scheme == data::TagScheme::none) return Tags{std::move(tagged)};
  std::vector<std::string_view> tags;
  for (const TaggedWord& word : tagged) tags.push_back(word.tag);
  Entities result;
  for (const data::Entity& found : data::entities(tags, task.scheme))
    result.entities.push_back(entity_of(sentence, tagged, found));
  result.words = std::move(tagged);
  return result;
}

std::unique_ptr<Decoder> decoder_of(const TokenClassificationExamples& examples,
                                    std::span<const data::TaggedSentence> sentences,
                                    const TokenClassification& task, UsePrediction use) {
  return std::make_unique<TokenClassificationDecoder>(examples, sentences, task, std::move(use));
}

Request request_of(std::span<const data::TaggedSentence> sentences, const TokenClassification& task,
                   const BertTokenizer& tokenizer) {
  Request request;
  const auto examples = std::make_shared<const TokenClassificationExamples>(
      make_features(sentences, {}, tokenizer, task, LongSentences::windows));
  request.examples = examples;
  request.items = static_cast<std::int64_t>(sentences.size());
  request.decoder = [examples, sentences, &task](UsePrediction use) {
    return decoder_of(*examples, sentences, task, std::move(use));
  };
  request.input = [sentences](std::int64_t item) {
    const data::TaggedSentence& sentence = sentences[static_cast<std::size_t>(item)];
    if (has_text(sentence)) return Input{.text = std::string(sentence.text)};
    return Input{.text = "", .words = {sentence.words.begin(), sentence.words.end()}};
  };
  return request;
}

void OwnSentences::add_text(std::string text) {
  const std::string_view view = texts_.emplace_back(std::move(text));
  sentences_.push_back(std::move(data::sentences_of({&view, 1}).front()));
}

void OwnSentences::add_words(std::vector<std::string> words) {
  data::TaggedSentence& sentence = sentences_.emplace_back();
  for (std::string& word : words) sentence.words.push_back(texts_.emplace_back(std::move(word)));
}

OrderedJson sentence_json(const data::TaggedSentence& sentence, const Prediction& prediction) {
  OrderedJson source = OrderedJson::object();
  if (has_text(sentence) || sentence.words.empty()) source["text"] = valid_text(sentence.text);
  return prediction_json(prediction, {}, std::move(source));
}

}  // namespace bertune::tasks
