// Labels that a caller gave are checked before anything is indexed with them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace bertune::model {

// One label per item ("sequence", "token", ...), each in [0, classes) or kIgnoredLabel. Throws Error.
void check_class_ids(std::span<const std::int32_t> labels, std::int64_t items, std::string_view item,
                     std::int64_t classes);

}  // namespace bertune::model
