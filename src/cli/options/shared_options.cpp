#include "cli/options/shared_options.h"

#include <fmt/format.h>

#include "cli/screen/ranks.h"
#include "core/parallel.h"

namespace bertune::cli {

void use_threads(const ThreadOptions& options) {
  if (const int own = threads_of_rank(); own > 0 && options.threads == 0) {
    set_num_threads(own);
  } else {
    options.apply();
  }
  if (options.pin && pin_threads() < num_threads()) {
    warn(fmt::format("--pin-threads: not all of {} threads can be bound to the {} CPUs of this process",
                     num_threads(), available_threads()));
  }
}

}  // namespace bertune::cli
