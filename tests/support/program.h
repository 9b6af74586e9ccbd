// Runs the bertune program as a user's shell would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temporary_directory.h"

namespace bertune::testing {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when a signal ended it, as a shell says
  std::string out, err;
};

class Program {
 public:
  // `prepare` runs in the child before the program (limits, working folder).
  explicit Program(const std::vector<std::string>& arguments, const std::string& input = "",
                   const std::function<void()>& prepare = {}) {
    files_.write("in", input);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ > 0) return;
    redirect("in", 0, O_RDONLY), redirect("out", 1, O_WRONLY | O_CREAT),
        redirect("err", 2, O_WRONLY | O_CREAT);
    if (prepare) prepare();
    std::vector<char*> argv = {const_cast<char*>(BERTUNE_PROGRAM)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void signal(int number) const { ::kill(pid_, number); }
  std::string err() const { return files_.read("err"); }

  // Polls until `condition` holds; false when the program ended or a minute passed first.
  bool wait_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 12000; ++i) {
      if (condition()) return true;
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = status, pid_ = 0;
        return condition();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  ProgramResult wait() {
    if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), &status_, 0);
    ProgramResult result{.out = files_.read("out"), .err = files_.read("err")};
    result.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    return result;
  }

 private:
  void redirect(const char* name, int descriptor, int flags) const {
    const int file = ::open((files_.path() / name).c_str(), flags, 0600);
    ::dup2(file, descriptor);
    ::close(file);
  }

  TemporaryDirectory files_;
  pid_t pid_ = 0;
  int status_ = 0;
};

inline ProgramResult run(const std::vector<std::string>& arguments, const std::string& input = "",
                         const std::function<void()>& prepare = {}) {
  return Program(arguments, input, prepare).wait();
}

}  // namespace bertune::testing
