#include "cli/program.h"

int main(int argc, char** argv) { return bertune::cli::run_program(argc, argv); }
