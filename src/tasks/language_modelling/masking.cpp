#include "tasks/language_modelling/masking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "bertune/error.h"
#include "bertune/metrics.h"

namespace bertune::tasks {
namespace {

// The spelling of an id; empty where the vocabulary has a hole.
std::string_view spelling(const BertTokenizer& tokenizer, std::int32_t id) {
  try {
    return tokenizer.id_to_token(id);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Masking::Masking(const BertTokenizer& tokenizer, const MaskingOptions& options)
    : options_(options), mask_(tokenizer.mask_token_id()) {
  if (!(options.mlm_probability > 0 && options.mlm_probability <= 1)) {
    throw UsageError("mlm_probability", fmt::format("`mlm_probability={}` is not above 0 and at most 1",
                                                    options.mlm_probability));
  }
  if (options.max_predictions < 0) {
    throw UsageError("max_predictions", "`max_predictions` must be at least 1, or 0 for no limit");
  }
  const auto ids = static_cast<std::int32_t>(tokenizer.vocab_size());
  const std::int32_t special[] = {tokenizer.unk_token_id(), tokenizer.cls_token_id(),
                                  tokenizer.sep_token_id(), tokenizer.pad_token_id(),
                                  tokenizer.mask_token_id()};
  kinds_.reserve(static_cast<std::size_t>(ids));
  for (std::int32_t id = 0; id < ids; ++id) {
    const std::string_view token = spelling(tokenizer, id);
    const bool is_special =
        token.empty() || std::find(std::begin(special), std::end(special), id) != std::end(special);
    if (!is_special && tokenizer.fits(id)) replacements_.push_back(id);
    kinds_.push_back(is_special                     ? Kind::special
                     : tokenizer.continues_word(id) ? Kind::continues_word
                                                    : Kind::begins_word);
  }
  if (mask_ < 0 || !tokenizer.fits(mask_))
    throw Error("the tokenizer has no mask token, and masked language modelling cannot do without");
  if (replacements_.empty()) throw Error("the vocabulary holds nothing but special tokens");
}

void Masking::apply(std::vector<std::int32_t>& input_ids, std::vector<std::int32_t>& labels,
                    Random random) const {
  labels.assign(input_ids.size(), kIgnoredLabel);
  std::vector<std::int32_t> places;
  places.reserve(input_ids.size());
  for (std::size_t i = 0; i < input_ids.size(); ++i) {
    if (!is_special(input_ids[i])) places.push_back(static_cast<std::int32_t>(i));
  }
  if (places.empty()) return;
  const std::size_t chosen =
      options_.whole_word_masking ? choose_words(input_ids, places, random) : choose_tokens(places, random);
  for (std::size_t i = 0; i < chosen; ++i) {
    const auto place = static_cast<std::size_t>(places[i]);
    std::int32_t& id = input_ids[place];
    labels[place] = id;
    const double draw = random.uniform();
    if (draw < 0.8) {
      id = mask_;
    } else if (draw < 0.9) {
      id = replacements_[random.below(replacements_.size())];
    }
  }
}

std::int64_t Masking::choose_count(std::size_t candidates, Random& random) const {
  const double mean = options_.mlm_probability * static_cast<double>(candidates);
  const auto count =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(mean + random.uniform())));
  return std::min({count, static_cast<std::int64_t>(candidates),
                   options_.max_predictions > 0 ? options_.max_predictions : count});
}

std::size_t Masking::choose_tokens(std::vector<std::int32_t>& places, Random& random) const {
  const auto count = static_cast<std::size_t>(choose_count(places.size(), random));
  for (std::size_t i = 0; i < count; ++i) std::swap(places[i], places[i + random.below(places.size() - i)]);
  return count;
}

std::size_t Masking::choose_words(const std::vector<std::int32_t>& ids, std::vector<std::int32_t>& places,
                                  Random& random) const {
  // A word is a run of neighbouring places; one whose beginning was cut off begins where it does.
  std::vector<std::pair<std::int32_t, std::int32_t>> words;  // first place, size
  for (const std::int32_t place : places) {
    const bool goes_on =
        kinds_[static_cast<std::size_t>(ids[static_cast<std::size_t>(place)])] == Kind::continues_word &&
        !words.empty() && words.back().first + words.back().second == place;
    if (!goes_on) words.emplace_back(place, 0);
    ++words.back().second;
  }
  random.shuffle(words);
  const std::int64_t limit = options_.max_predictions > 0 ? options_.max_predictions : INT64_MAX;
  std::int64_t left = choose_count(places.size(), random);
  places.clear();
  for (std::size_t i = 0; i < words.size() && left > 0; ++i) {
    const auto [first, size] = words[i];
    const auto taken = static_cast<std::int64_t>(places.size());
    if (taken + size > limit) continue;
    const bool goes_over = size > left;
    if (goes_over && taken > 0 && random.uniform() * size >= static_cast<double>(left)) break;
    for (std::int32_t place = first; place < first + size; ++place) places.push_back(place);
    left -= size;
  }
  return places.size();
}

}  // namespace bertune::tasks
