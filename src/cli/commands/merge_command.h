// bertune merge: one file of the parts that predictions by shards left.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_merge_command(CLI::App& app);

}  // namespace bertune::cli
