// Lines of a log that nobody waits for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace bertune::cli {

// Writes lines to standard error on a thread of its own. Where a reader is too slow lines are left out, and
// counted in a line {"dropped_lines": n}. Any thread may add.
class LineLog {
 public:
  LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;
  ~LineLog();  // when all is written

  void add(std::string line);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> lines_;
  std::uint64_t dropped_ = 0;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace bertune::cli
