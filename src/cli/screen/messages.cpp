#include "cli/screen/messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "bertune/error.h"
#include "cli/screen/flag_words.h"
#include "core/quoted.h"
#include "report/terminal.h"

namespace bertune::cli {
namespace {

bool silent = false;

}  // namespace

void silence() { silent = true; }

void print_notes(const std::vector<std::string>& notes) {
  if (silent) return;
  for (const std::string& note : notes)
    fmt::print(stderr, "note: {}\n", without_control_characters(with_flags(note)));
}

void warn(std::string_view message) {
  if (silent) return;
  static const report::Style kStyle(report::terminal_of(STDERR_FILENO).colors);
  fmt::print(stderr, "{} {}\n", kStyle.yellow("warning:"), without_control_characters(with_flags(message)));
}

void write_to_standard_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  throw Error(fmt::format("standard output: {}", std::strerror(errno)));
}

}  // namespace bertune::cli
