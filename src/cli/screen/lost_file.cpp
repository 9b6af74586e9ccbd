#include "cli/screen/lost_file.h"

#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "core/file.h"
#include "core/large_blocks.h"

namespace bertune::cli {
namespace {

void put(const char* text) { static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text))); }

extern "C" void report_lost_file(int number, siginfo_t* info, void*) {
  if (const char* folder = large_file_at(info->si_addr)) {
    put("\nerror: ");
    put(folder);
    put(": cannot be read or written, and data lie there that do not fit into memory. Is the disk full, or "
        "broken? TMPDIR names another folder\n");
    ::_exit(1);
  }
  const char* name = mapped_file_at(info->si_addr);
  if (name == nullptr) {  // not the program's: what would have happened anyway
    ::signal(number, SIG_DFL);
    return;
  }
  put("\nerror: ");
  put(name);
  put(": was cut off by another program while it was read; nothing half-written is left. Start again when "
      "the file is "
      "complete\n");
  ::_exit(1);
}

}  // namespace

void end_where_a_mapped_file_shrinks() {
  struct sigaction action {};
  action.sa_sigaction = report_lost_file;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace bertune::cli
