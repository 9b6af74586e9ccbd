// bertune vocabulary: a WordPiece vocabulary from texts.
#pragma once

#include <CLI/App.hpp>

namespace bertune::cli {

void add_vocabulary_command(CLI::App& app);

}  // namespace bertune::cli
