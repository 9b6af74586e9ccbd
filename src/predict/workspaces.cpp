#include "predict/workspaces.h"

#include <thread>
#include <utility>

namespace bertune::predict {

std::unique_lock<std::mutex> Workspaces::lock_for_a_while() const {
  constexpr int kTries = 1000;  // whoever has it moves a few pointers
  std::unique_lock lock(mutex_, std::defer_lock);
  for (int i = 0; i < kTries && !is_lost_; ++i) {
    if (lock.try_lock()) return lock;
    std::this_thread::yield();
  }
  is_lost_ = true;
  return lock;
}

model::Workspace Workspaces::take() {
  const auto lock = lock_for_a_while();
  if (!lock) return {};
  if (free_.empty()) {
    free_.reserve(++made_);  // so that no workspace is lost for lack of memory when it comes back
    return {};
  }
  model::Workspace workspace = std::move(free_.back());  // the last used: its memory is in the caches
  free_.pop_back();
  return workspace;
}

void Workspaces::give_back(model::Workspace&& workspace) noexcept {
  const auto lock = lock_for_a_while();
  if (lock && free_.size() < free_.capacity()) free_.push_back(std::move(workspace));
}

std::size_t Workspaces::size_bytes() const {
  const auto lock = lock_for_a_while();
  std::size_t bytes = 0;
  if (!lock) return bytes;
  for (const model::Workspace& workspace : free_) bytes += workspace.size_bytes();
  return bytes;
}

}  // namespace bertune::predict
