// The headers of GCC 12 ask for a version of this function that systems with GCC 11 lack (GLIBCXX_3.4.30),
// and for no other one. It does the same in all versions, so that the program has it itself and runs there
// too. It is weak, for a program that contains the whole library has that one.
#include <pthread.h>

#include <condition_variable>

__attribute__((weak)) void std::condition_variable::wait(std::unique_lock<std::mutex>& lock) {
  ::pthread_cond_wait(native_handle(), lock.mutex()->native_handle());
}
