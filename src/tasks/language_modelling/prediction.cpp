#include "tasks/language_modelling/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "bertune/error.h"
#include "bertune/metrics.h"
#include "tasks/packed_examples.h"

namespace bertune::tasks {
namespace {

struct EncodedTexts : PackedExamples {
  std::int32_t mask = -1;           // logits are wanted of these tokens; -1: of the whole
  std::vector<std::int64_t> masks;  // [texts]: how many there are

  std::span<const std::int32_t> ids_of(std::int64_t row) const {
    const auto begin = static_cast<std::size_t>(begins[static_cast<std::size_t>(row)]),
               end = static_cast<std::size_t>(begins[static_cast<std::size_t>(row) + 1]);
    return std::span(input_ids).subspan(begin, end - begin);
  }
  void add_to(Batch& batch, std::int64_t row) const override {
    add_row(*this, row, batch);
    if (mask < 0) return;
    for (const std::int32_t id : ids_of(row)) batch.labels.push_back(id == mask ? 0 : kIgnoredLabel);
  }
  std::string fingerprint() const override { return ""; }  // nothing is trained on them
};

std::vector<WordGuess> best_guesses(std::span<const float> logits, std::int64_t count,
                                    const BertTokenizer& tokenizer) {
  const std::vector<double> scores = probabilities(ProblemType::single_label_classification, logits);
  std::vector<std::int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto end = ids.begin() + std::min(count, static_cast<std::int64_t>(ids.size()));
  std::partial_sort(ids.begin(), end, ids.end(), [&](std::int32_t a, std::int32_t b) {
    const double left = scores[static_cast<std::size_t>(a)], right = scores[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  std::vector<WordGuess> guesses;
  for (auto id = ids.begin(); id != end; ++id)
    guesses.push_back({tokenizer.decode({*id}, false), scores[static_cast<std::size_t>(*id)], *id});
  return guesses;
}

class MaskedWordsDecoder : public Decoder {
 public:
  MaskedWordsDecoder(const EncodedTexts& texts, std::int64_t top, const BertTokenizer& tokenizer,
                     UsePrediction use)
      : texts_(texts), top_(top), tokenizer_(tokenizer), use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto rows =
        std::span(texts_.masks)
            .subspan(static_cast<std::size_t>(first_row), static_cast<std::size_t>(batch.sequences()));
    const auto masks = static_cast<std::size_t>(std::accumulate(rows.begin(), rows.end(), std::int64_t{0}));
    const std::size_t width = output.logits.size() / masks;
    std::size_t at = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Words words;
      for (std::int64_t mask = 0; mask < rows[i]; ++mask, at += width)
        words.masks.push_back(best_guesses(output.logits.subspan(at, width), top_, tokenizer_));
      use_(first_row + static_cast<std::int64_t>(i), std::move(words));
    }
  }

 private:
  const EncodedTexts& texts_;
  std::int64_t top_;
  const BertTokenizer& tokenizer_;
  UsePrediction use_;
};

class NextSentenceDecoder : public Decoder {
 public:
  explicit NextSentenceDecoder(UsePrediction use) : use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch.sequences()); ++i) {
      const std::span<const float> logits = output.logits.subspan(2 * i, 2);
      use_(first_row + static_cast<std::int64_t>(i),
           NextSentence{probabilities(ProblemType::single_label_classification, logits)[0]});
    }
  }

 private:
  UsePrediction use_;
};

Request request_of(const std::shared_ptr<EncodedTexts>& texts, std::int64_t max_length) {
  Request request;
  request.examples = texts;
  request.items = texts->rows();
  request.truncated = texts->truncated_at(max_length);
  return request;
}

}  // namespace

Request MaskedWordsTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  const auto texts = std::make_shared<EncodedTexts>();
  texts->mask = tokenizer.mask_token_id();
  std::vector<std::string_view> views;
  for (const Input& input : inputs) views.emplace_back(input.text);
  tokenizer.encode_packed(views, {}, {.truncation = Truncation::longest_first, .max_length = max_length},
                          *texts);
  for (std::int64_t row = 0; row < texts->rows(); ++row) {
    const auto place = static_cast<std::size_t>(row);
    texts->masks.push_back(std::ranges::count(texts->ids_of(row), texts->mask));
    if (texts->masks.back() == 0) {
      throw UsageError(fmt::format("\"{}\" holds no {}{}", views[place], tokenizer.id_to_token(texts->mask),
                                   texts->lengths[place] > max_length
                                       ? fmt::format(" in its first {} tokens", max_length)
                                       : "; put one where a word is missing"));
    }
  }
  Request request = request_of(texts, max_length);
  request.decoder = [texts, top = top, &tokenizer](UsePrediction use) {
    return std::make_unique<MaskedWordsDecoder>(*texts, top, tokenizer, std::move(use));
  };
  return request;
}

Request NextSentenceTask::request(std::span<const Input> inputs, const BertTokenizer& tokenizer) const {
  const auto texts = std::make_shared<EncodedTexts>();
  std::vector<std::string_view> firsts, seconds;
  for (const Input& input : inputs) {
    if (!input.text_pair)
      throw UsageError(fmt::format("predict: input {} has no second text", firsts.size()));
    firsts.emplace_back(input.text), seconds.emplace_back(*input.text_pair);
  }
  tokenizer.encode_packed(firsts, seconds,
                          {.truncation = Truncation::longest_first, .max_length = max_length}, *texts);
  Request request = request_of(texts, max_length);
  request.decoder = [](UsePrediction use) { return std::make_unique<NextSentenceDecoder>(std::move(use)); };
  return request;
}

}  // namespace bertune::tasks
