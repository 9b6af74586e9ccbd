// bertune next-sentence: whether, to a pre-trained BERT, one text follows another.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_next_sentence_command(CLI::App& app);

}  // namespace bertune::cli
