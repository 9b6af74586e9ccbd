#include "tasks/long_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "bertune/error.h"
#include "core/names.h"
#include "tasks/trained_settings.h"

namespace bertune {
namespace {

constexpr Names kLongTexts(std::to_array<Named<LongText>>({{LongText::truncate, "truncate"},
                                                           {LongText::head_tail, "head-tail"},
                                                           {LongText::head_tail, "head_tail"},
                                                           {LongText::windows, "windows"},
                                                           {LongText::automatic, "auto"}}));
constexpr Names kWindowScores(std::to_array<Named<WindowScore>>({{WindowScore::mean, "mean"},
                                                                 {WindowScore::max, "max"}}));

}  // namespace

std::string_view to_string(LongText long_text) { return kLongTexts.of(long_text); }
std::string_view to_string(WindowScore score) { return kWindowScores.of(score); }

LongText long_text_from_string(std::string_view name) {
  if (const auto found = kLongTexts.find(name)) return *found;
  throw UsageError(
      "long_text",
      fmt::format("`long_text` is \"{}\"; it must be truncate, head-tail, windows or auto", name));
}

WindowScore window_score_from_string(std::string_view name) {
  if (const auto found = kWindowScores.find(name)) return *found;
  throw UsageError("window_score", fmt::format("`window_score` is \"{}\"; it must be mean or max", name));
}

}  // namespace bertune

namespace bertune::tasks {
namespace {

// The share of what the model reads that neighboring windows have in common, where nothing is said.
constexpr std::int64_t kUsualStride = 8;

void require_windows(const LongTextOptions& given, LongText how) {
  if (how == LongText::windows || how == LongText::automatic) return;
  for (const auto& [option, is_given] : {std::pair{"window_stride", given.window_stride.has_value()},
                                         std::pair{"window_score", given.window_score.has_value()}}) {
    if (is_given)
      throw UsageError(option, fmt::format("`{}` is of texts that are read in windows, and `long_text` is {}",
                                           option, to_string(how)));
  }
}

}  // namespace

LongTextReading long_text_reading(const LongTextOptions& given, const Json& settings, ProblemType type,
                                  std::int64_t max_length) {
  constexpr std::int64_t kSpecial = 2;
  LongTextReading reading;
  reading.how = given.long_text.value_or(
      long_text_from_string(setting(settings, keys::kLongText, std::string("truncate"))));
  require_windows(given, reading.how);
  const WindowScore usual =
      type == ProblemType::multi_label_classification ? WindowScore::max : WindowScore::mean;
  reading.score = given.window_score.value_or(
      window_score_from_string(setting(settings, keys::kWindowScore, std::string(to_string(usual)))));
  const std::int64_t most = (max_length - kSpecial) / 2;
  reading.stride = given.window_stride.value_or(
      std::clamp(setting(settings, keys::kWindowStride, max_length / kUsualStride), std::int64_t{0}, most));
  if (reading.stride < 0 || reading.stride > most) {
    throw UsageError("window_stride",
                     fmt::format("`window_stride` is {}; windows of {} tokens share from 0 to {}",
                                 reading.stride, max_length, most));
  }
  return reading;
}

void keep_long_text(const LongTextReading& reading, Json& settings) {
  if (reading.how == LongText::truncate) return;
  settings[keys::kLongText] = to_string(reading.how);
  if (reading.how != LongText::windows) return;
  settings[keys::kWindowStride] = reading.stride;
  settings[keys::kWindowScore] = to_string(reading.score);
}

void require_single_texts(LongText how) {
  if (how == LongText::truncate) return;
  throw UsageError("long_text",
                   fmt::format("`long_text={}` is of single texts; pairs are truncated, token by token from "
                               "the longer text: leave it out, or say `long_text=truncate`",
                               to_string(how)));
}

// Sun et al. 2019 read 128 of 510 pieces from the start.
std::size_t head_of(std::size_t room) { return std::min<std::size_t>(128, room * 128 / 510); }

std::vector<PieceRange> windows_of(std::span<const std::int32_t> pieces, const BertTokenizer& tokenizer,
                                   std::size_t room, std::size_t stride) {
  constexpr std::size_t kLongestWord = 16;  // pieces that a window reaches back for
  const std::size_t size = pieces.size();
  if (size <= room) return {{0, size}};
  const std::size_t advance = room - stride;
  const std::size_t count = (size - stride + advance - 1) / advance;
  const std::size_t length = (size + (count - 1) * stride + count - 1) / count;
  std::vector<PieceRange> windows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t planned = i * (size - length) / (count - 1), end = planned + length;
    std::size_t begin = planned;
    while (begin > 0 && end - begin < room && planned - begin < kLongestWord &&
           tokenizer.continues_word(pieces[begin]))
      --begin;
    windows.push_back({begin, end});
  }
  return windows;
}

}  // namespace bertune::tasks
