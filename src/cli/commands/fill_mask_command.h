// bertune fill-mask: the words that a pre-trained BERT puts in a gap.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_fill_mask_command(CLI::App& app);

}  // namespace bertune::cli
