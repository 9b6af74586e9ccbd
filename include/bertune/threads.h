// Sets and returns the number of threads that the library works with. Results are bit-identical for any
// number.
#pragma once

#include "bertune/export.h"

namespace bertune {

// Sets the number of threads for all work that starts after this call, in the whole process; 0 stands for
// available_threads(). The threads are made when they are first needed, and sleep between pieces of work.
// Work may be started on several threads of the program at once: one piece at a time is shared out, and a
// piece that starts meanwhile runs on the thread that started it. After fork() a child makes threads of its
// own.
BERTUNE_EXPORT void set_num_threads(int threads);

// Returns the number of threads that work started on the calling thread is shared out to.
BERTUNE_EXPORT int num_threads();

// Returns how many threads the CPU set of the process and its cgroup quota allow, at least 1.
BERTUNE_EXPORT int available_threads();

}  // namespace bertune
