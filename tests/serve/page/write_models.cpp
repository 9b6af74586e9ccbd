// Writes a tiny model of every head into a folder, for the test of the page: DIRECTORY/classes,
// DIRECTORY/answers, ...
#include <cstdio>
#include <exception>
#include <filesystem>

#include "predict/asked_models.h"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: write_models DIRECTORY\n", stderr);
    return 2;
  }
  for (const bertune::testing::AskedHead& head : bertune::testing::asked_heads())
    bertune::testing::write_model(std::filesystem::path(argv[1]) / head.name, head);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "write_models: %s\n", error.what());
  return 1;
}
