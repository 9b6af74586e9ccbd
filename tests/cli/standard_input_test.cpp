#include "cli/screen/standard_input.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "bertune/error.h"
#include "cli/screen/interrupt.h"

namespace bertune::cli {
namespace {

// A pipe as standard input; returns where it is written to.
int make_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) std::exit(9);
  ::dup2(ends[0], STDIN_FILENO);
  return ends[1];
}

void put(int pipe, std::string_view text) {
  if (::write(pipe, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::exit(9);
}

TEST(StandardInputDeathTest, TheFirstSignalEndsAWait) {
  for (const int signal : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(
        {
          put(make_pipe(), "a line\n");
          const InterruptGuard guard;
          std::string line;
          std::getline(standard_input(), line);
          if (line != "a line") std::exit(1);
          std::thread([signal] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            std::raise(signal);
          }).detach();
          try {
            std::getline(standard_input(), line);
          } catch (const Interrupted&) {
            std::exit(0);
          }
          std::exit(2);
        },
        ::testing::ExitedWithCode(0), "");
  }
}

TEST(StandardInputDeathTest, EndsAndCannotBeAFolder) {
  EXPECT_EXIT(
      {
        const int pipe = make_pipe();
        put(pipe, "one\ntwo");
        ::close(pipe);
        std::string first;
        std::string second;
        std::string third;
        std::getline(standard_input(), first);
        std::getline(standard_input(), second);
        std::exit(first == "one" && second == "two" && !std::getline(standard_input(), third) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        ::close(STDIN_FILENO);
        std::string line;
        try {
          std::getline(standard_input(), line);
        } catch (const Error& error) {
          std::exit(std::string_view(error.what()).starts_with("standard input: cannot read") ? 0 : 1);
        }
        std::exit(2);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace bertune::cli
