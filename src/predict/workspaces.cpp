#include "predict/workspaces.h"

#include <utility>

namespace bertune::predict {

model::Workspace Workspaces::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.reserve(++made_);  // so that no workspace is lost for lack of memory when it comes back
    return {};
  }
  model::Workspace workspace = std::move(free_.back());  // the last used: its memory is in the caches
  free_.pop_back();
  return workspace;
}

void Workspaces::give_back(model::Workspace&& workspace) noexcept {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(workspace));
}

std::size_t Workspaces::size_bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const model::Workspace& workspace : free_) bytes += workspace.size_bytes();
  return bytes;
}

}  // namespace bertune::predict
