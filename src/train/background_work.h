// Pieces of work that become possible one after another while a thread computes, and are done beside it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bertune::train {

// Does pieces of work in their order, on one thread of its own; what is left in the end is done by the
// caller, for then all threads are free. The thread that computes calls all functions.
class BackgroundWork {
 public:
  // Piece i is possible once reached(depth) was called with depths[i], or less. `work` is called for a piece
  // at a time.
  BackgroundWork(std::vector<std::int64_t> depths, std::function<void(std::size_t piece)> work);
  BackgroundWork(const BackgroundWork&) = delete;
  BackgroundWork& operator=(const BackgroundWork&) = delete;
  ~BackgroundWork();  // the piece under way is done, and none after it

  // Throws what `work` threw.
  void reached(std::int64_t depth);
  // Does all that is left. Throws what `work` threw.
  void finish();
  // Leaves out all that is left. Throws what `work` threw.
  void abandon();

 private:
  void start();
  void work_while_possible();
  void stop();

  const std::vector<std::int64_t> depths_;
  const std::function<void(std::size_t)> work_;
  std::size_t next_ = 0;  // the piece; of the other thread, as long as it runs
  std::exception_ptr failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t reached_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace bertune::train
