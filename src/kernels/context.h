// A context is what a caller's operations run with: the table, the thread pool, and the profiler.
#pragma once

#include <optional>

#include "core/thread_pool.h"
#include "kernels/ops.h"

namespace bertune::kernels {

class Profiler;

struct Context {
  const OpTable* ops = &machine_ops();
  ThreadPool* pool = nullptr;    // null: the one that the thread uses anyway
  Profiler* profiler = nullptr;  // null: nothing is measured; else `ops` is its table

  class Use;
  // Returns the context that the calling thread uses; where there is none, one of the machine's table.
  static const Context& in_use();
};

// The calling thread uses a context for the lifetime of this object: ops() is its table, and parallel_for
// takes its pool. Objects end in the reverse order of their beginnings.
class Context::Use {
 public:
  explicit Use(const Context& context);
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use();

 private:
  Context context_;
  const Context* before_;
  std::optional<ThreadPool::Use> pool_;
};

}  // namespace bertune::kernels
