#include "serve/priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace bertune::serve {

void yield_to_network() {
  constexpr int kLower = 5;
  // Linux takes the "process" for the thread that this is the number of.
  const auto thread = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + kLower);
}

}  // namespace bertune::serve
