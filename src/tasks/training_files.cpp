#include "tasks/training_files.h"

#include <fmt/format.h>

#include "bertune/error.h"

namespace bertune::tasks {

data::ReadOptions FileOptions::read_options(bool labels_required) const {
  if (max_bad_rows < 0)
    throw UsageError("max_bad_rows",
                     fmt::format("`max_bad_rows` is {}; it cannot be negative", max_bad_rows));
  data::ReadOptions options;
  if (!format.empty()) options.format = data::format_from_string(format);
  options.text_column = text_column;
  options.text_pair_column = text_pair_column;
  options.label_column = label_column;
  options.header = !no_header;
  options.labels_required = labels_required;
  options.encoding = encoding;
  options.max_bad_rows = max_bad_rows;
  if (delimiter == "\\t") {
    options.delimiter = '\t';
  } else if (delimiter.size() > 1) {
    throw UsageError("delimiter", fmt::format("`delimiter` is \"{}\"; it must be one character", delimiter));
  } else if (!delimiter.empty()) {
    options.delimiter = delimiter.front();
  }
  return options;
}

}  // namespace bertune::tasks
