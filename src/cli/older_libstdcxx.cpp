// The headers of GCC 12 ask for a version of this function that systems with GCC 11 lack (GLIBCXX_3.4.30),
// and for no other one. It does the same in all versions, so that the program has it itself and runs there
// too.
#include <pthread.h>

#include <condition_variable>

void std::condition_variable::wait(std::unique_lock<std::mutex>& lock) {
  ::pthread_cond_wait(native_handle(), lock.mutex()->native_handle());
}
