// hub_server NAME=FOLDER...: serves each folder as a repository of that name, as huggingface.co would, until
// standard input ends. Prints its address, and at the end a line a file that it sent: "HEAD config.json",
// "GET config.json".
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "support/hub_server.h"

int main(int argc, char** argv) {
  using bertune::testing::HubServer;
  HubServer server;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::filesystem::path folder = argument.substr(equals + 1);
    HubServer::Repository& repository = server.repository(argument.substr(0, equals));
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string extension = entry.path().extension();
      repository.files[entry.path().filename()] = {{std::istreambuf_iterator<char>(file), {}},
                                                   extension == ".safetensors" || extension == ".bin"};
    }
  }
  fmt::print("{}\n", server.url());
  std::fflush(stdout);
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  for (const auto& request : server.hub().requests())
    fmt::print("{} {}\n", request.method, request.target.substr(request.target.rfind('/') + 1));
}
