// The one place where work is handed to threads. Work is cut into blocks whose borders do not depend on the
// number of threads, so that results do not either.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "bertune/threads.h"
#include "core/thread_pool.h"

namespace bertune {

// Binds each of the threads that set_num_threads() asked for to a CPU of its own, the first of those that the
// process may use, and the calling thread to the first; returns how many can be bound. Processes that do so
// side by side need CPUs of their own (taskset).
int pin_threads();
// Lets the calling thread run on any CPU that the process may use, also where the thread that made it is
// bound to one.
void unpin_this_thread();
bool in_parallel();  // whether the caller is one of several threads, in a body of parallel_for

// Memory of the calling thread for `floats` numbers, kept from call to call; the next call for the same use
// takes it back.
enum class ScratchUse { operation, packed_rows, packed_panels };
float* thread_scratch(std::int64_t floats, ScratchUse use = ScratchUse::operation);

namespace detail {
void run_blocks(std::int64_t blocks, const void* body, ThreadPool::BlockFunction call);
}  // namespace detail

// Calls body(block) once for each block in [0, blocks), and returns when all are done. They are shared out by
// the pool that the calling thread uses (ThreadPool::Use), or else by that of set_num_threads(), which say
// what nested and concurrent calls do. The first exception thrown by a body is rethrown here.
template <typename Body>
void parallel_for(std::int64_t blocks, const Body& body) {
  detail::run_blocks(blocks, &body, [](const void* erased, std::int64_t block) {
    (*static_cast<const Body*>(erased))(block);
  });
}

// Blocks of `block_size` items that cover `items`.
constexpr std::int64_t block_count(std::int64_t items, std::int64_t block_size) {
  return (items + block_size - 1) / block_size;
}

}  // namespace bertune
