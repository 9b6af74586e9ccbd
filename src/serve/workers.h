// Threads for what is neither the network's nor the model's: JSON and tokens.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bertune::serve {

class Workers {
 public:
  using Job = std::function<void()>;  // throws nothing

  explicit Workers(int threads);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() { stop(); }

  void stop();           // when what runs has ended; what waits is given up
  void begin(Job job);   // a request's first work
  void finish(Job job);  // its last, which goes before all first work
  std::size_t waiting() const;

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> first_, last_;
  bool stops_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bertune::serve
