// A part of Bertune that is a library of its own, because not every machine has what it links; the program
// loads it when it is first needed.
#pragma once

#include <string>

namespace bertune {

struct Plugin {
  void* handle = nullptr;  // of dlopen; null where there is none that can be loaded
  std::string why;         // then, for messages: "is not beside the program", or what the loader says
};

// Loads `file`, such as "libbertune_mpi.so", from beside the program or from ../lib/bertune; or the library
// that the environment variable `variable` names. `flags`: more of dlopen's. A plugin stays for the rest of
// the process.
Plugin load_plugin(const char* file, const char* variable, int flags = 0);

}  // namespace bertune
