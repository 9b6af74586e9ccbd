#include "model/heads/labels.h"

#include <fmt/format.h>

#include "bertune/batch.h"
#include "bertune/error.h"

namespace bertune::model {

void check_class_ids(std::span<const std::int32_t> labels, std::int64_t items, std::string_view item,
                     std::int64_t classes) {
  if (static_cast<std::int64_t>(labels.size()) != items) {
    throw Error(fmt::format("a batch of {} {}s has {} labels", items, item, labels.size()));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != kIgnoredLabel && (labels[i] < 0 || labels[i] >= classes))
      throw Error(fmt::format("label {} of {} {} is not in [0, {})", labels[i], item, i, classes));
  }
}

}  // namespace bertune::model
