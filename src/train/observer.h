// Observer is the interface of whoever watches a run; the loop itself prints nothing.
#pragma once

#include "bertune/events.h"

namespace bertune::train {

class Observer {
 public:
  virtual ~Observer() = default;
  // Receives an event on the thread that trains, which continues when it returns. What it throws ends the
  // run.
  virtual void on(const Event& event) = 0;
};

}  // namespace bertune::train
