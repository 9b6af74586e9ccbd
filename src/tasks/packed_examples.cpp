#include "tasks/packed_examples.h"

#include <fmt/format.h>

#include <span>

namespace bertune::tasks {

void add_row(const PackedEncodings& encodings, std::int64_t row, Batch& batch) {
  const auto begin = static_cast<std::size_t>(encodings.begins[static_cast<std::size_t>(row)]),
             size = static_cast<std::size_t>(encodings.begins[static_cast<std::size_t>(row) + 1]) - begin;
  const std::span<const std::int32_t> types(encodings.token_type_ids);  // none of single texts: all are 0
  batch.add(std::span(encodings.input_ids).subspan(begin, size),
            types.empty() ? types : types.subspan(begin, size));
}

Fingerprint fingerprint_of(const PackedEncodings& encodings) {
  return Fingerprint().add(encodings.input_ids).add(encodings.token_type_ids).add(encodings.begins);
}

Truncated PackedExamples::truncated_at(std::int64_t max_length) const {
  Truncated truncated;
  for (const std::int32_t length : lengths) {
    if (length <= max_length) continue;
    ++truncated.inputs;
    truncated.tokens += length - max_length;
  }
  return truncated;
}

void PackedExamples::count_tokens(std::int64_t sequence, ItemRecord& record) const {
  const auto place = static_cast<std::size_t>(sequence);
  record.tokens += lengths[place];
  record.cut_tokens += lengths[place] - (begins[place + 1] - begins[place]);
}

std::string Fingerprint::text() const { return fmt::format("{:016x}", hash_); }

}  // namespace bertune::tasks
