// Runs the bertune program as a user's shell would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
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

  // Nothing where the program has ended: 0 would be all of this group of processes.
  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  std::string out() const { return files_.read("out"); }
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

// A program whose standard input is a pipe that the test writes to, and holds open until wait().
class FedProgram {
 public:
  explicit FedProgram(const std::vector<std::string>& arguments)
      : ends_(open_pipe()), program_(arguments, "", [this] {
          ::dup2(ends_[0], 0);
          ::close(ends_[0]), ::close(ends_[1]);
        }) {
    ::close(ends_[0]);
  }
  FedProgram(const FedProgram&) = delete;
  FedProgram& operator=(const FedProgram&) = delete;
  ~FedProgram() { close_input(); }

  void write(const std::string& text) const {
    if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("the program reads no more");
  }
  // Until so many lines were written to standard output; false when the program ended or a minute passed.
  bool wait_for_lines(std::ptrdiff_t lines) {
    return program_.wait_until([&] {
      const std::string out = program_.out();
      return std::count(out.begin(), out.end(), '\n') >= lines;
    });
  }
  ProgramResult wait() {
    close_input();
    return program_.wait();
  }

 private:
  static std::array<int, 2> open_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    return ends;
  }
  void close_input() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

  std::array<int, 2> ends_;
  Program program_;
};

inline ProgramResult run(const std::vector<std::string>& arguments, const std::string& input = "",
                         const std::function<void()>& prepare = {}) {
  return Program(arguments, input, prepare).wait();
}

}  // namespace bertune::testing
