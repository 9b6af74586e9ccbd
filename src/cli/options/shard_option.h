// --shard: which of the parts of a file this process is to predict.
#pragma once

#include <string>

#include "cli/screen/launch.h"
#include "data/files/shard.h"

namespace bertune::cli {

// "3/16" is the fourth of 16 shards; "auto" is what a Slurm array or a launcher of ranks says. Throws
// UsageError for any other text, and where nothing says it.
data::Shard shard_from_string(const std::string& text, const Environment& environment);

}  // namespace bertune::cli
