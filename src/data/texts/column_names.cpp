#include "data/texts/column_names.h"

#include "core/lower_case.h"

#include <algorithm>
#include <cctype>

namespace bertune::data {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr auto kTextNames = std::to_array<std::string_view>(
    {"text",      "sentence",  "review",       "reviewtext",  "content",   "message",    "msg",
     "utterance", "tweet",     "comment",      "body",        "document",  "question",   "query",
     "title",     "input",     "sentence1",    "description", "headline",  "post",       "commenttext",
     "abstract",  "email",     "prompt",       "passage",     "sms",       "reviewbody", "tweettext",
     "verbatim",  "narrative", "questiontext", "phrase",      "statement", "claim",      "utt",
     "texts",     "reviews",   "comments",     "messages",    "tweets"});
constexpr auto kLabelNames = std::to_array<std::string_view>({"label",
                                                              "labels",
                                                              "class",
                                                              "intent",
                                                              "category",
                                                              "sentiment",
                                                              "stance",
                                                              "target",
                                                              "score",
                                                              "topic",
                                                              "goldlabel",
                                                              "quality",
                                                              "classes",
                                                              "tag",
                                                              "tags",
                                                              "emotion",
                                                              "emotions",
                                                              "y",
                                                              "coarselabel",
                                                              "rating",
                                                              "stars",
                                                              "polarity",
                                                              "isduplicate",
                                                              "similarity",
                                                              "similarityscore",
                                                              "relatednessscore",
                                                              "output",
                                                              "classindex",
                                                              "classlabel",
                                                              "judgment",
                                                              "judgement",
                                                              "acceptable",
                                                              "acceptability",
                                                              "isspam",
                                                              "overall",
                                                              "intents",
                                                              "categories",
                                                              "topics",
                                                              "genres"});
constexpr auto kPairNames = std::to_array<Pair>({{"sentence1", "sentence2"},
                                                 {"premise", "hypothesis"},
                                                 {"question1", "question2"},
                                                 {"question", "sentence"},
                                                 {"texta", "textb"},
                                                 {"text1", "text2"},
                                                 {"#1string", "#2string"},
                                                 {"sentencea", "sentenceb"},
                                                 {"question", "answer"},
                                                 {"question", "passage"},
                                                 {"query", "passage"},
                                                 {"query", "document"},
                                                 {"text", "textpair"}});
constexpr auto kTitles = std::to_array<std::string_view>(
    {"title", "headline", "subject", "summary", "heading", "reviewtitle", "name", "questiontitle"});
constexpr auto kIndices =
    std::to_array<std::string_view>({"", "id", "index", "idx", "no", "nr", "number", "row", "rowid", "pairid",
                                     "unnamed:0", "uid", "guid", "itemid"});
constexpr auto kLabelWords =
    std::to_array<std::string_view>({"label", "labels", "class", "intent", "category", "sentiment", "stance",
                                     "target", "topic", "emotion", "rating", "stars", "polarity", "judgment",
                                     "judgement", "acceptability", "toxicity", "verdict", "grade"});

template <typename Names>
bool holds(const Names& names, std::string_view key) {
  return std::ranges::find(names, key) != names.end();
}

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string name_key(std::string_view name) {
  std::string key;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-' || c == '.') continue;
    key += lower_case(c);
  }
  return key;
}

std::span<const std::string_view> text_names() { return kTextNames; }
std::span<const std::string_view> label_names() { return kLabelNames; }
std::span<const Pair> pair_names() { return kPairNames; }

bool is_usual_name(std::string_view name) {
  const std::string key = name_key(name);
  return holds(kTextNames, key) || holds(kLabelNames, key) ||
         std::ranges::any_of(kPairNames,
                             [&](const Pair& pair) { return key == pair.first || key == pair.second; });
}

bool names_a_title(std::string_view name) { return holds(kTitles, name_key(name)); }
bool names_a_date(std::string_view name) {
  constexpr std::array<std::string_view, 5> kDates = {"date", "datetime", "timestamp", "createdat",
                                                      "updatedat"};
  return std::ranges::find(kDates, name_key(name)) != kDates.end();
}

bool names_an_index(std::string_view name) { return holds(kIndices, name_key(name)); }

std::string_view label_word_of(std::string_view name) {
  std::size_t begin = name.find_last_of(" _-.");
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  for (std::size_t i = begin + 1; i < name.size(); ++i)
    if (is_upper(name[i]) && is_lower(name[i - 1])) begin = i;
  const std::string key = name_key(name.substr(begin));
  const auto found = std::ranges::find(kLabelWords, key);
  return found == kLabelWords.end() ? std::string_view() : *found;
}

bool are_twins(std::string_view first, std::string_view second) {
  if (first.size() != second.size()) return false;
  int differing = 0;
  bool fits = true;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] == second[i]) continue;
    ++differing;
    const auto is = [&](char left, char right) { return first[i] == left && second[i] == right; };
    fits = fits && (is('1', '2') || is('0', '1') || is('a', 'b') || is('A', 'B'));
  }
  return differing == 1 && fits;
}

}  // namespace bertune::data
