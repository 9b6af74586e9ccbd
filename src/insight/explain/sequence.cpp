#include "insight/explain/sequence.h"

#include <fmt/format.h>

#include <algorithm>

#include "bertune/error.h"

namespace bertune::insight {
namespace {

constexpr EncodeOptions kWithPlaces = {.return_offsets = true};

std::size_t count_tokens(const BertTokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special_tokens = false}).input_ids.size();
}

// Special tokens stand around the texts; what follows those behind the first text is the second.
Sequence sequence_of(const Encoding& encoding, std::string_view first_text, std::string_view second_text,
                     bool first_is_empty) {
  Sequence sequence{.input_ids = encoding.input_ids, .token_type_ids = encoding.token_type_ids, .words = {}};
  sequence.truncated_tokens = encoding.truncated_tokens;
  std::int64_t part = first_is_empty ? 1 : 0;
  bool in_text = false;
  for (std::size_t i = 0; i < encoding.input_ids.size(); ++i) {
    if (encoding.special_tokens_mask[i] != 0) {
      if (in_text) ++part;
      in_text = false;
      continue;
    }
    const bool continues =
        in_text && encoding.word_ids[i] == encoding.word_ids[i - 1] && !sequence.words.empty();
    in_text = true;
    if (!continues) {
      SequenceWord& word = sequence.words.emplace_back();
      word.first = i;
      word.shown.part = part;
      word.shown.place = TextPlace{encoding.offsets[i], encoding.byte_offsets[i]};
    }
    SequenceWord& word = sequence.words.back();
    word.end = i + 1;
    word.shown.place->code_points.end = std::max(word.shown.place->code_points.end, encoding.offsets[i].end);
    word.shown.place->bytes.end = std::max(word.shown.place->bytes.end, encoding.byte_offsets[i].end);
  }
  for (SequenceWord& word : sequence.words) {
    const Span bytes = word.shown.place->bytes;
    word.shown.text = std::string(
        (word.shown.part == 0 ? first_text : second_text).substr(bytes.begin, bytes.end - bytes.begin));
  }
  return sequence;
}

// Returns how many tokens of context a window has on the side of the answer that has fewer; -1: not all of
// the answer is in it.
std::int64_t tokens_around(const Encoding& window, std::int64_t second_part_begin, Span answer) {
  std::int64_t before = 0, after = 0, inside = 0;
  Span covered{answer.end, answer.begin};
  for (std::size_t i = static_cast<std::size_t>(second_part_begin); i < window.input_ids.size(); ++i) {
    if (window.special_tokens_mask[i] != 0) continue;
    const Span bytes = window.byte_offsets[i];
    if (bytes.end <= answer.begin) {
      ++before;
    } else if (bytes.begin >= answer.end) {
      ++after;
    } else {
      ++inside;
      covered = {std::min(covered.begin, bytes.begin), std::max(covered.end, bytes.end)};
    }
  }
  if (inside == 0 || covered.begin > answer.begin || covered.end < answer.end) return -1;
  return std::min(before, after);
}

}  // namespace

Sequence sequence_of_texts(const BertTokenizer& tokenizer, std::string_view text,
                           const std::optional<std::string>& text_pair, std::int64_t max_length) {
  EncodeOptions options = kWithPlaces;
  options.truncation = Truncation::longest_first;
  options.max_length = max_length;
  if (!text_pair) return sequence_of(tokenizer.encode(text, options), text, {}, false);
  return sequence_of(tokenizer.encode(text, *text_pair, options), text, *text_pair,
                     count_tokens(tokenizer, text) == 0);
}

TaggedSequence sequence_of_words(const BertTokenizer& tokenizer, std::span<const TaggedWord> words,
                                 std::int64_t max_length) {
  TaggedSequence result;
  Sequence& sequence = result.sequence;
  sequence.input_ids.push_back(tokenizer.cls_token_id());
  bool is_full = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Encoding encoding =
        tokenizer.encode(words[i].text, {.add_special_tokens = false, .is_split_into_words = true});
    const std::vector<std::int32_t>& ids = encoding.input_ids;
    is_full = is_full || sequence.input_ids.size() + ids.size() + 1 > static_cast<std::size_t>(max_length);
    if (is_full) sequence.truncated_tokens += static_cast<std::int64_t>(ids.size());
    if (is_full || ids.empty()) continue;
    SequenceWord& word = sequence.words.emplace_back();
    word.shown = {.text = words[i].text, .part = 0, .place = words[i].place};
    word.first = sequence.input_ids.size(), word.end = word.first + ids.size();
    sequence.input_ids.insert(sequence.input_ids.end(), ids.begin(), ids.end());
    result.places.push_back(i);
  }
  sequence.input_ids.push_back(tokenizer.sep_token_id());
  sequence.token_type_ids.assign(sequence.input_ids.size(), 0);
  return result;
}

Sequence sequence_of_question(const BertTokenizer& tokenizer, std::string_view question,
                              std::string_view context, Span answer, std::int64_t max_length) {
  constexpr std::int64_t kStride = 128;
  const auto asked = static_cast<std::int64_t>(count_tokens(tokenizer, question));
  const std::int64_t room = max_length - tokenizer.num_special_tokens_to_add(true) - asked;
  if (room < 2)
    throw UsageError(
        fmt::format("the question has {} tokens, which leaves the context no room among the {} "
                    "that the model reads: shorten it",
                    asked, max_length));
  EncodeOptions options = kWithPlaces;
  options.truncation = Truncation::only_second;
  options.max_length = max_length;
  options.stride = std::min(kStride, room / 2);
  options.return_overflowing_tokens = true;
  const Encoding encoding = tokenizer.encode(question, context, options);
  const std::int64_t second = asked + 1;  // behind [CLS] and the question, where separators are special
  const Encoding* best = &encoding;
  if (answer.begin < answer.end) {
    std::int64_t most = tokens_around(encoding, second, answer);
    for (const Encoding& window : encoding.overflowing) {
      if (const std::int64_t around = tokens_around(window, second, answer); around > most)
        most = around, best = &window;
    }
  }
  Sequence sequence = sequence_of(*best, question, context, asked == 0);
  sequence.truncated_tokens = 0;  // the answer was looked for in all windows
  return sequence;
}

}  // namespace bertune::insight
