// The steps of the studio are commands of this program, each in a process of its own: what a command cannot
// do, or dies of, costs the studio an error message.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/descriptor.h"

namespace bertune::studio {

struct Command {
  std::filesystem::path program;       // that is run
  std::vector<std::string> arguments;  // without its own name
  std::filesystem::path folder;        // that it works in
  // Files that standard output and standard error go to; without a name they are kept in memory.
  std::filesystem::path out = {}, log = {};
  std::string input = {};  // on standard input
  // The command goes on when the studio ends. It has a session of its own, so that Ctrl-C is not for it.
  bool survives = false;
};

class Child {
 public:
  // Starts the command. Throws Error where the system lets it not.
  explicit Child(const Command& command);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // ends a command that does not survive

  pid_t number() const { return number_; }
  // The exit code, or 128 and the signal that ended it; none while it runs.
  std::optional<int> code();
  void signal(int number);
  // Returns what it wrote to standard output, where it is kept in memory: the first bytes, `most` of them.
  // And to standard error, as log_in().
  std::string out(std::size_t most) const;
  std::string log() const;

 private:
  pid_t number_ = -1;
  bool survives_;
  Descriptor out_, log_;
  std::optional<int> code_;
};

struct Ended {
  int code = 0;
  std::string out, log;
};

// Runs a command, and waits for it; one that takes longer than `limit` is ended, and has the code 124.
Ended run_and_wait(const Command& command, std::chrono::milliseconds limit);

// Returns the end of what a command wrote to standard error, 1 MB at most; empty where there is no such file.
std::string log_in(const std::filesystem::path& path);

// Returns the sentence of the last "error: ..." in what a command wrote to standard error; empty: there is
// none.
std::string error_in(const std::string& log);

}  // namespace bertune::studio
