#include "data/tagged/tag_labels.h"

#include <fmt/format.h>

#include <map>

#include "bertune/error.h"
#include "core/nearest.h"

namespace bertune::data {

LabelMap build_tag_map(const TaggedDataset& train, const std::vector<std::string>& given) {
  if (!given.empty() && !are_default_names(given)) return LabelMap(given);
  if (train.tags.empty()) throw Error(fmt::format("{}: no word has a tag", train.path));
  if (train.tags.size() == 1) {
    throw Error(
        fmt::format("{}: all {} words have the tag \"{}\"; there is nothing to tell apart (is it the right "
                    "column? `label_column`)",
                    train.path, train.words(), train.tags[0]));
  }
  constexpr std::size_t kMany = 10'000, kFew = 100;
  const bool mostly_distinct =
      train.tags.size() > kFew && train.tags.size() * 4 > static_cast<std::size_t>(train.words());
  if (train.tags.size() > kMany || mostly_distinct) {
    throw Error(
        fmt::format("{}: {} different tags on {} words, such as {}; is it the right column (`label_column`)?",
                    train.path, train.tags.size(), train.words(), quoted_list(train.tags, 3)));
  }
  std::vector<std::string> names = train.tags;
  sort_names(names);
  return LabelMap(std::move(names));
}

std::vector<std::int32_t> tag_ids(const TaggedDataset& dataset, const LabelMap& labels) {
  std::vector<std::int32_t> ids;
  ids.reserve(static_cast<std::size_t>(dataset.words()));
  // Tags are looked up by address: a tag is stored once, and looked up for many words.
  std::map<const char*, std::int32_t> known;
  for (const TaggedSentence& sentence : dataset.sentences) {
    if (sentence.tags.size() != sentence.words.size()) {
      throw Error(fmt::format("{}: the words have no tags", dataset.where(sentence)));
    }
    for (std::size_t word = 0; word < sentence.tags.size(); ++word) {
      const std::string_view tag = sentence.tags[word];
      const auto [found, is_new] = known.try_emplace(tag.data(), -1);
      if (is_new) {
        const std::optional<std::int32_t> id = labels.id_of(tag);
        if (!id) throw Error(unknown_label(dataset.where(sentence, word), tag, labels));
        found->second = *id;
      }
      ids.push_back(found->second);
    }
  }
  return ids;
}

}  // namespace bertune::data
