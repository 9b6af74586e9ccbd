#include "data/texts/texts.h"

#include <fmt/format.h>

#include <bit>

#include "core/hash.h"

namespace bertune::data {

Texts texts_of(const Dataset& dataset) {
  const auto row_of = [&dataset](std::int64_t row) -> const Row& {
    return dataset.rows[static_cast<std::size_t>(row)];
  };
  Texts texts;
  texts.path = dataset.path;
  texts.size = dataset.size();
  texts.required = dataset.has_pairs ? 2 : 1;
  texts.texts = [row_of](std::int64_t row) { return TextPair{row_of(row).text, row_of(row).text_pair}; };
  texts.label = [row_of](std::int64_t row) {
    return row_of(row).has_label ? std::optional(row_of(row).label) : std::nullopt;
  };
  texts.line = [row_of](std::int64_t row) { return row_of(row).line; };
  texts.where = [&dataset, row_of](std::int64_t row) { return dataset.where(row_of(row)); };
  return texts;
}

std::string hash_of(std::string_view first, std::string_view second) {
  return fmt::format("{:016x}", quick_hash(first) ^ std::rotl(quick_hash(second), 23) ^ first.size());
}

}  // namespace bertune::data
