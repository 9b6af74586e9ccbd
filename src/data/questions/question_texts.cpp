#include "data/questions/question_texts.h"

namespace bertune::data {

Texts contexts_of(const QuestionAnsweringDataset& dataset) {
  const auto example_of = [&dataset](std::int64_t row) -> const QuestionAnsweringExample& {
    return dataset.examples[static_cast<std::size_t>(row)];
  };
  Texts texts;
  texts.path = dataset.path;
  texts.size = dataset.size();
  texts.texts = [example_of](std::int64_t row) { return TextPair{example_of(row).context, {}}; };
  texts.line = [example_of](std::int64_t row) { return example_of(row).line; };
  texts.where = [example_of](std::int64_t row) { return std::string(example_of(row).where); };
  return texts;
}

Texts texts_of(const QuestionAnsweringDataset& dataset) {
  const auto example_of = [&dataset](std::int64_t row) -> const QuestionAnsweringExample& {
    return dataset.examples[static_cast<std::size_t>(row)];
  };
  Texts texts = contexts_of(dataset);
  texts.texts = [example_of](std::int64_t row) {
    return TextPair{example_of(row).context, example_of(row).question};
  };
  texts.label = [example_of](std::int64_t row) {
    const std::vector<Answer>& answers = example_of(row).answers;
    return std::optional(answers.empty() ? std::string_view() : answers.front().text);
  };
  return texts;
}

}  // namespace bertune::data
