// The signals that a server knows: SIGTERM and SIGINT end it, SIGHUP loads its models again.
#pragma once

#include <memory>

namespace bertune::cli {

class ServerSignals {
 public:
  ServerSignals();  // one at a time
  ServerSignals(const ServerSignals&) = delete;
  ServerSignals& operator=(const ServerSignals&) = delete;
  ~ServerSignals();

  enum class Kind { stop, reload };
  Kind wait();               // the next one
  bool stops_again() const;  // there was more than one signal to stop
};

}  // namespace bertune::cli
