#pragma once

namespace bertune::cli {

// Parses, runs the subcommand, prints errors. Returns 0 done, 1 failed, 2 wrong usage, 130 interrupted.
int run_program(int argc, char** argv);

}  // namespace bertune::cli
