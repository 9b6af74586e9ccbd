#include "tasks/request.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune::tasks {

InputRows rows_of(std::span<const Input> inputs) {
  InputRows all;
  all.has_pairs = !inputs.empty() && inputs.front().text_pair.has_value();
  for (const Input& input : inputs) {
    if (input.text_pair.has_value() != all.has_pairs) {
      throw UsageError(fmt::format("predict: input {} is {} and the first is {}", all.rows.size(),
                                   all.has_pairs ? "a single text" : "a pair of texts",
                                   all.has_pairs ? "a pair" : "a single text"));
    }
    data::Row& row = all.rows.emplace_back();
    row.text = input.text;
    if (input.text_pair) row.text_pair = *input.text_pair;
  }
  return all;
}

data::RowStream PredictionFile::open_rows(const data::ReadOptions& options) const {
  if (stream != nullptr) return data::RowStream(*stream, "standard input", options);
  return shard ? data::RowStream(path, options, *shard) : data::RowStream(path, options);
}

}  // namespace bertune::tasks
