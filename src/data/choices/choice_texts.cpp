#include "data/choices/choice_texts.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "data/files/storage.h"

namespace bertune::data {
namespace {

struct Seconds {
  std::vector<std::string_view> texts;  // [questions]
  Arena arena;
};

}  // namespace

Texts contexts_of(const MultipleChoiceDataset& dataset) {
  Texts texts;
  texts.path = dataset.path;
  texts.size = dataset.size();
  texts.texts = [&dataset](std::int64_t row) { return TextPair{dataset.first_text(row), {}}; };
  texts.line = [&dataset](std::int64_t row) { return dataset.questions[static_cast<std::size_t>(row)].line; };
  texts.where = [&dataset](std::int64_t row) { return dataset.where(row); };
  return texts;
}

Texts texts_of(const MultipleChoiceDataset& dataset) {
  const auto seconds = std::make_shared<Seconds>();
  for (std::int64_t row = 0; row < dataset.size(); ++row) {
    const auto given = dataset.choices_of(row);
    std::vector<std::string_view> choices(given.begin(), given.end());
    std::ranges::sort(choices);
    std::string text(dataset.questions[static_cast<std::size_t>(row)].question);
    for (const std::string_view choice : choices) text.append("\n").append(choice);
    seconds->texts.push_back(seconds->arena.copy(text));
  }
  Texts texts = contexts_of(dataset);
  texts.texts = [&dataset, seconds](std::int64_t row) {
    return TextPair{dataset.first_text(row), seconds->texts[static_cast<std::size_t>(row)]};
  };
  texts.label = [&dataset](std::int64_t row) -> std::optional<std::string_view> {
    const std::int32_t label = dataset.questions[static_cast<std::size_t>(row)].label;
    if (label < 0) return std::nullopt;
    return dataset.choices_of(row)[static_cast<std::size_t>(label)];
  };
  return texts;
}

}  // namespace bertune::data
