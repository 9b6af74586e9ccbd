// Workspaces for callers that come and go: as many as there ever were at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "model/inference.h"

namespace bertune::predict {

class Workspaces {
 public:
  // A workspace for the lifetime of this, after which others may have it.
  class Lease {
   public:
    explicit Lease(Workspaces& owner) : owner_(owner), workspace_(owner.take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { owner_.give_back(std::move(workspace_)); }

    model::Workspace& operator*() { return workspace_; }

   private:
    Workspaces& owner_;
    model::Workspace workspace_;
  };

  std::size_t size_bytes() const;  // of those that nobody has

 private:
  // Waits for the mutex, but not for ever: a process that was forked while another thread had it would. What
  // is not had is done without: a workspace is made, or let go.
  std::unique_lock<std::mutex> lock_for_a_while() const;
  model::Workspace take();
  void give_back(model::Workspace&& workspace) noexcept;

  mutable std::mutex mutex_;
  mutable std::atomic<bool> is_lost_ = false;  // the mutex: nobody here will unlock it
  std::vector<model::Workspace> free_;
  std::size_t made_ = 0;
};

}  // namespace bertune::predict
