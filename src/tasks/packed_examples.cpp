#include "tasks/packed_examples.h"

#include <fmt/format.h>

#include <span>

namespace bertune::tasks {

void PackedExamples::add_tokens(Batch& batch, std::int64_t row) const {
  const auto begin = static_cast<std::size_t>(begins[static_cast<std::size_t>(row)]),
             size = static_cast<std::size_t>(begins[static_cast<std::size_t>(row) + 1]) - begin;
  const std::span<const std::int32_t> types(token_type_ids);  // none of single texts: all are 0
  batch.add(std::span(input_ids).subspan(begin, size), types.empty() ? types : types.subspan(begin, size));
}

Fingerprint PackedExamples::token_fingerprint() const {
  Fingerprint print;
  print.add(input_ids).add(token_type_ids).add(begins);
  return print;
}

std::string Fingerprint::text() const { return fmt::format("{:016x}", hash_); }

}  // namespace bertune::tasks
