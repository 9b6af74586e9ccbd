#include "tasks/multiple_choice/prediction.h"

#include <algorithm>
#include <utility>

#include "tasks/softmax.h"

namespace bertune::tasks {
namespace {

class MultipleChoiceDecoder : public Decoder {
 public:
  MultipleChoiceDecoder(const data::MultipleChoiceDataset& dataset, UsePrediction use)
      : dataset_(dataset), use_(std::move(use)) {}

  void add(std::int64_t first_row, const Batch& /*batch*/, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(dataset_.num_choices);
    for (std::size_t i = 0; i * width < output.logits.size(); ++i) {
      const std::int64_t question = first_row + static_cast<std::int64_t>(i);
      use_(question, choose(dataset_.choices_of(question), output.logits.subspan(i * width, width)));
    }
  }

 private:
  const data::MultipleChoiceDataset& dataset_;
  UsePrediction use_;
};

}  // namespace

Choice choose(std::span<const std::string_view> choices, std::span<const float> logits) {
  Choice choice;
  choice.choice = std::ranges::max_element(logits) - logits.begin();
  const Softmax softmax(logits);
  for (const float logit : logits) choice.scores.push_back(softmax.probability(logit));
  choice.score = choice.scores[static_cast<std::size_t>(choice.choice)];
  choice.text = choices[static_cast<std::size_t>(choice.choice)];
  return choice;
}

std::unique_ptr<Decoder> decoder_of(const data::MultipleChoiceDataset& dataset, UsePrediction use) {
  return std::make_unique<MultipleChoiceDecoder>(dataset, std::move(use));
}

Request request_of(std::shared_ptr<const data::MultipleChoiceDataset> dataset, const MultipleChoice& task,
                   const BertTokenizer& tokenizer) {
  Request request;
  std::unique_ptr<MultipleChoiceExamples> examples = make_examples(*dataset, tokenizer, task, false);
  request.truncated = examples->truncated_at(task.max_length);
  request.examples = std::move(examples);
  request.items = dataset->size();
  request.decoder = [dataset](UsePrediction use) { return decoder_of(*dataset, std::move(use)); };
  request.line = [dataset](std::int64_t item, const Prediction& prediction) {
    return json_line(question_json(*dataset, item, prediction));
  };
  return request;
}

OrderedJson question_json(const data::MultipleChoiceDataset& dataset, std::int64_t question,
                          const Prediction& prediction) {
  const data::MultipleChoiceQuestion& asked = dataset.questions[static_cast<std::size_t>(question)];
  OrderedJson source = OrderedJson::object();
  if (!asked.id.empty()) source["id"] = asked.id;
  if (!dataset.context_name.empty())
    source[dataset.context_name == "text" ? "context" : dataset.context_name] = asked.context;
  source[dataset.question_name] = asked.question;
  return prediction_json(prediction, {}, std::move(source));
}

}  // namespace bertune::tasks
