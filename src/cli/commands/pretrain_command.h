// bertune pretrain: BERT's own training, on plain text.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_pretrain_command(CLI::App& app);

}  // namespace bertune::cli
