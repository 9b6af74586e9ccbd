// Texts that are longer than the model reads at once: what is read of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bertune/config.h"
#include "bertune/long_text.h"
#include "bertune/tokenizer.h"
#include "core/json.h"

namespace bertune::tasks {

// LongTextOptions with all that was left open.
struct LongTextReading {
  LongText how = LongText::truncate;
  std::int64_t stride = 0;  // of windows
  WindowScore score = WindowScore::mean;
};

// Returns the given options, else those of a trained model's settings, else the defaults: the maximum of
// several labels, of which each may be in a part of its own, and else the mean. Throws UsageError
// for a stride that windows of max_length tokens have no room for, and for options that only windows have.
LongTextReading long_text_reading(const LongTextOptions& given, const Json& settings, ProblemType type,
                                  std::int64_t max_length);
// Writes what a trained model keeps of it: nothing where texts are truncated.
void keep_long_text(const LongTextReading& reading, Json& settings);
// Throws UsageError for a way of reading that is not of pairs of texts: they are truncated.
void require_single_texts(LongText how);

// Returns whether a tenth or fewer of the texts are too long: so few are truncated without a word.
constexpr bool few_are_too_long(std::int64_t too_long, std::int64_t texts) { return too_long * 10 <= texts; }

// Pieces [begin, end) of a text, without special tokens.
struct PieceRange {
  std::size_t begin = 0, end = 0;
  bool operator==(const PieceRange&) const = default;
};

// The pieces that are read from the start of a text of which `room` pieces are read in all: 128 of 510.
std::size_t head_of(std::size_t room);
// Windows of at most `room` pieces over all pieces, of which neighbors share at least `stride`: as few as can
// be, and of equal length, so that none says more than another. A window begins a little earlier, where there
// is room, if it would begin within a word. Requires 2 * stride <= room.
std::vector<PieceRange> windows_of(std::span<const std::int32_t> pieces, const BertTokenizer& tokenizer,
                                   std::size_t room, std::size_t stride);

}  // namespace bertune::tasks
