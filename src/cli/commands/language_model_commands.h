// bertune fill-mask and next-sentence: what a pre-trained BERT says of a text.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_fill_mask_command(CLI::App& app);
void add_next_sentence_command(CLI::App& app);

}  // namespace bertune::cli
