#include "tasks/record.h"

#include "tasks/prediction.h"

namespace bertune::tasks {

ItemText text_of_row(const data::Dataset& rows, std::int64_t item) {
  const data::Row& row = rows.rows[static_cast<std::size_t>(item)];
  return {rows.where(row), valid_text(row.id), valid_text(row.text), valid_text(row.text_pair)};
}

}  // namespace bertune::tasks
