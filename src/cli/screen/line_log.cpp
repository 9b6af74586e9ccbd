#include "cli/screen/line_log.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace bertune::cli {

LineLog::LineLog() : thread_([this] { run(); }) {}

LineLog::~LineLog() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void LineLog::add(std::string line) {
  constexpr std::size_t kMostLines = 10000;
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kMostLines) {
      ++dropped_;
      return;
    }
    lines_.push_back(std::move(line));
  }
  arrived_.notify_one();
}

void LineLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stops_ || !lines_.empty(); });
    if (lines_.empty()) return;
    std::string text;
    for (const std::string& line : lines_) text += line;
    if (const std::uint64_t dropped = std::exchange(dropped_, 0); dropped > 0)
      text += fmt::format("{{\"dropped_lines\":{}}}\n", dropped);
    lines_.clear();
    lock.unlock();
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
    lock.lock();
  }
}

}  // namespace bertune::cli
