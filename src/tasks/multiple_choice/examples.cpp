#include "tasks/multiple_choice/examples.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bertune::tasks {

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

}  // namespace bertune::tasks
