#include "tasks/multiple_choice/multiple_choice.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"
#include "tasks/averages.h"
#include "tasks/softmax.h"

namespace bertune::tasks {
namespace {

class ChoiceScorer : public Scorer {
 public:
  explicit ChoiceScorer(const MultipleChoiceExamples& examples) : examples_(examples) {}

  void add(std::int64_t first_row, const Batch& batch, const ModelOutput& output) override {
    const auto width = static_cast<std::size_t>(batch.num_choices);
    for (std::size_t i = 0; i * width < output.logits.size(); ++i) {
      const std::int32_t label = examples_.labels.at(static_cast<std::size_t>(first_row) + i);
      const std::span<const float> logits = output.logits.subspan(i * width, width);
      loss_sum_ += Softmax(logits).loss(logits[static_cast<std::size_t>(label)]);
      correct_ += std::ranges::max_element(logits) - logits.begin() == label ? 1 : 0;
      ++rows_;
    }
  }

  Metrics result() const override {
    Metrics metrics;
    metrics.rows = rows_;
    metrics.unit = "question";
    metrics.values = {{"loss", ratio(loss_sum_, count(rows_))},
                      {"accuracy", ratio(count(correct_), count(rows_))}};
    return metrics;
  }

 private:
  const MultipleChoiceExamples& examples_;
  double loss_sum_ = 0;
  std::int64_t rows_ = 0, correct_ = 0;
};

}  // namespace

std::unique_ptr<Scorer> MultipleChoice::scorer(const Examples& examples) const {
  return std::make_unique<ChoiceScorer>(dynamic_cast<const MultipleChoiceExamples&>(examples));
}

void MultipleChoiceExamples::add_to(Batch& batch, std::int64_t row) const {
  batch.num_choices = num_choices;
  for (std::int64_t choice = 0; choice < num_choices; ++choice)
    add_row(*this, row * num_choices + choice, batch);
  if (!labels.empty()) batch.labels.push_back(labels[static_cast<std::size_t>(row)]);
}

std::string MultipleChoiceExamples::fingerprint() const {
  return fingerprint_of(*this).add(labels).add(std::array{num_choices}).text();
}

std::unique_ptr<MultipleChoiceExamples> make_examples(const data::MultipleChoiceDataset& dataset,
                                                      const BertTokenizer& tokenizer,
                                                      const MultipleChoice& task, bool with_labels) {
  constexpr std::int64_t kChunk = 4096;  // questions whose texts are put together at a time
  auto examples = std::make_unique<MultipleChoiceExamples>();
  examples->num_choices = dataset.num_choices;
  if (with_labels) {
    for (const data::MultipleChoiceQuestion& question : dataset.questions)
      examples->labels.push_back(question.label);
  }
  EncodeOptions options;
  options.truncation = Truncation::longest_first;
  options.max_length = task.max_length;
  std::vector<std::string> seconds;
  std::vector<std::string_view> texts;
  for (std::int64_t first = 0; first < dataset.size(); first += kChunk) {
    seconds.clear(), texts.clear();
    for (std::int64_t i = first; i < std::min(first + kChunk, dataset.size()); ++i) {
      for (std::int64_t choice = 0; choice < dataset.num_choices; ++choice) {
        texts.push_back(dataset.first_text(i));
        seconds.push_back(dataset.second_text(i, choice));
      }
    }
    tokenizer.encode_packed(texts, {seconds.begin(), seconds.end()}, options, *examples);
  }
  return examples;
}

Choice choose(std::span<const float> logits) {
  Choice choice;
  choice.choice = std::ranges::max_element(logits) - logits.begin();
  const Softmax softmax(logits);
  for (const float logit : logits) choice.scores.push_back(softmax.probability(logit));
  return choice;
}

std::string choice_line(const data::MultipleChoiceDataset& dataset, std::int64_t question,
                        const Choice& choice) {
  const data::MultipleChoiceQuestion& asked = dataset.questions[static_cast<std::size_t>(question)];
  const auto chosen = static_cast<std::size_t>(choice.choice);
  OrderedJson line = OrderedJson::object();
  if (!asked.id.empty()) line["id"] = asked.id;
  if (!dataset.context_name.empty())
    line[dataset.context_name == "text" ? "context" : dataset.context_name] = asked.context;
  line[dataset.question_name] = asked.question;
  line["choice"] = choice.choice;
  line["text"] = dataset.choices_of(question)[chosen];
  line["score"] = choice.scores[chosen];
  line["scores"] = choice.scores;
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace bertune::tasks
