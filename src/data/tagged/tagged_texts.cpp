#include "data/tagged/tagged_texts.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/storage.h"

namespace bertune::data {
namespace {

std::string_view joined(std::span<const std::string_view> words, Arena& arena) {
  std::string text;
  for (const std::string_view word : words) text.append(word).push_back(' ');
  return arena.copy(text);
}

struct Joined {
  std::vector<std::string_view> words, tags;  // [sentences]
  Arena arena;
};

}  // namespace

Texts texts_of(const TaggedDataset& dataset, std::size_t least_words) {
  const auto all = std::make_shared<Joined>();
  for (const TaggedSentence& sentence : dataset.sentences) {
    const bool tells = sentence.words.size() >= least_words;
    all->words.push_back(tells ? joined(sentence.words, all->arena) : std::string_view());
    all->tags.push_back(joined(sentence.tags, all->arena));
  }
  const auto sentence_of = [&dataset](std::int64_t row) -> const TaggedSentence& {
    return dataset.sentences[static_cast<std::size_t>(row)];
  };
  Texts texts;
  texts.path = dataset.path;
  texts.size = dataset.size();
  texts.texts = [all](std::int64_t row) { return TextPair{all->words[static_cast<std::size_t>(row)], {}}; };
  texts.label = [all](std::int64_t row) { return std::optional(all->tags[static_cast<std::size_t>(row)]); };
  texts.line = [sentence_of](std::int64_t row) { return sentence_of(row).line; };
  texts.where = [&dataset, sentence_of](std::int64_t row) { return dataset.where(sentence_of(row)); };
  return texts;
}

}  // namespace bertune::data
