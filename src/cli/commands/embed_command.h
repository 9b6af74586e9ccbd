// bertune embed: sentence embeddings, as lines or as a NumPy array.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_embed_command(CLI::App& app);

}  // namespace bertune::cli
